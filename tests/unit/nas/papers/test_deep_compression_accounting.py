"""The papers' tables, counted on drawn layers."""

import numpy as np
import pytest

from nas.compressing.accounting import percent
from nas.compressing.drawn_layers import drawn
from nas.network import network as networks
from nas.ops.cost import volume
from nas.ops.layers import weighted_layers
from nas.papers.deep_compression_accounting import REFERENCES

LENETS = [reference for reference in REFERENCES if reference.name.startswith("lenet")]


@pytest.mark.parametrize("reference", LENETS, ids=lambda reference: reference.title)
def test_sizes_after_quantization_are_within_the_papers_rounding(reference):
    layers = weighted_layers(networks.make(reference.name).expand())
    found = [
        drawn(row, layer.outputs * volume(layer.field), reference.index_bits, np.random.default_rng(number))
        for number, (row, layer) in enumerate(zip(reference.rows, layers, strict=True))
    ]
    for row, each in zip(reference.rows, found, strict=True):
        assert percent(each.quantized_bits, each.weights) == pytest.approx(row.quantized, abs=0.4)
        assert 100 * each.kept / each.weights == pytest.approx(row.kept, abs=0.6)
    whole = percent(sum(each.coded_bits for each in found), sum(each.weights for each in found))
    assert whole == pytest.approx(reference.total[1], abs=0.4)


def test_rows_are_those_of_the_networks():
    for reference in REFERENCES:
        assert len(reference.rows) == len(weighted_layers(networks.make(reference.name).expand()))
