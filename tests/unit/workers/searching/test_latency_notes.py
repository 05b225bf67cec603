"""A finalist whose measured latency is far from its estimate says so, with the reasons, wherever both are shown."""

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from api.schemas.front import Finalist
from latency_db.profiling.measurer import Measurer
from latency_db.records.record import Kind, LatencyRecord, RecordState, Signature, Statistic
from nas.ops.notation import read_network
from nas.ops.onnx_graph import RandomWeights, onnx_model
from nas.spec import parse_spec
from workers.folder_run.run import run
from workers.searching.finalists.latency_notes import NO_REASON, Evidence, reasons
from workers.tasks.subnormals import Subnormals, count_subnormals
from workers.tasks.train import Setup

CERTAIN = {"latency_ms": 1.0, "latency_low_ms": 0.95, "latency_high_ms": 1.05, "latency_measured": 1.0}
PLAIN = Evidence(1.5, CERTAIN)
SETUP = Setup.of({}, {}, seed=0, threads=1)


@pytest.mark.parametrize(
    ("evidence", "found"),
    [
        (PLAIN, [NO_REASON]),
        (replace(PLAIN, subnormals=Subnormals(0, 1e-4)), [NO_REASON]),
        (replace(PLAIN, suspect="busy: 40 %"), ["the measurement is suspect (busy: 40 %)"]),
        (replace(PLAIN, prepares=True), ["the file also cuts, resizes and normalises the picture"]),
        (replace(PLAIN, suspect_kernels=2), ["2 measurements of its kernels are suspect"]),
        (replace(PLAIN, subnormals=Subnormals(0.02, 0.3)), ["2.00\xa0% of its weights and 30.00\xa0% of the numbers"]),
        (replace(PLAIN, estimate=CERTAIN | {"latency_measured": 0.4}), ["60\xa0% of the estimate is of kernels that"]),
        (
            replace(PLAIN, estimate=CERTAIN | {"latency_measured": 0.0, "latency_learned": 1.0}),
            ["100\xa0% of the estimate was learned from other devices"],
        ),
        (replace(PLAIN, estimate=CERTAIN | {"latency_high_ms": 1.6}), ["the estimate was as uncertain as this"]),
    ],
)
def test_each_reason_is_found(evidence, found):
    assert [given.startswith(text) for given, text in zip(reasons(evidence), found, strict=True)] == [True]


def test_subnormal_numbers_are_counted_in_weights_and_between_layers():
    """A trained channel that fades away; in the other model it is the product of two small weights."""
    model = onnx_model(read_network("1x8x8: conv_4_k3_linear conv_4_k3 gap linear_2"), RandomWeights(0))
    assert count_subnormals(SETUP, None, model.SerializeToString(), report=print) == Subnormals(0, 0)

    by_name = {constant.name: constant for constant in model.graph.initializer}
    for name, factor in (("0.conv.weight", 1e-20), ("1.conv.weight", 1e-20)):
        array = numpy_helper.to_array(by_name[name]) * np.float32(factor)
        by_name[name].CopyFrom(numpy_helper.from_array(array, name))
    products = count_subnormals(SETUP, None, model.SerializeToString(), report=print)
    array = numpy_helper.to_array(by_name["0.conv.weight"]) * np.float32(1e-20)
    by_name["0.conv.weight"].CopyFrom(numpy_helper.from_array(array, "0.conv.weight"))
    weights = count_subnormals(SETUP, None, model.SerializeToString(), report=print)

    assert products.weights == 0 < products.activations
    assert weights.weights == 36 / sum(
        numpy_helper.to_array(c).size for c in onnx.ModelProto.FromString(model.SerializeToString()).graph.initializer
    )


def test_finalists_far_from_their_estimates_carry_a_note_everywhere(tmp_path, spec, listener, monkeypatch):
    """One takes half again as long in a suspect session, the other as estimated. The shipped files are measured."""
    times = iter([1.5, 1.1])

    def measured(self, networks):
        found = {}
        for name, model in networks.items():
            assert (tmp_path / f"model-{name}-uint8.onnx").read_bytes() == model
            assert onnx.load_from_string(model).graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.UINT8
            about = {p.key: p.value for p in onnx.load_from_string(model).metadata_props}
            ms = self.estimator.estimate(read_network(json.loads(about["notation"]))).ms * next(times)
            record = LatencyRecord(Signature(name, Kind.NETWORK), None, Statistic.MEDIAN, ms, (ms, ms))
            found[name] = replace(record, state=RecordState.SUSPECT, reason="the machine was busy")
        return found

    spec = spec | {"finalists": {"count": 2, "epochs": 1}, "max_trials": 2, "parallel": 2}
    spec = spec | {"export": {"input": "uint8"}}
    monkeypatch.setattr(Measurer, "measure_networks", measured)
    heard = listener()

    finalists = run(parse_spec(spec), tmp_path, heard, executor_name="inline")["finalists"]
    again = run(parse_spec(spec), tmp_path, listener(), executor_name="inline")["finalists"]

    (far,) = [row for row in finalists if row["latency_note"]]
    assert far["metrics"]["latency_ms"] == pytest.approx(1.5 * far["metrics"]["estimated_latency_ms"])
    assert "+50.0\xa0% from its estimate" in far["latency_note"]
    assert "suspect (the machine was busy)" in far["latency_note"]
    assert "the file also cuts, resizes and normalises" in far["latency_note"]
    assert f"finalist {far['id']}: {far['latency_note']}" in heard.lines
    assert again == finalists
    assert [row["file"] for row in finalists] == [f"model-{row['id']}-uint8.onnx" for row in finalists]
    assert far["latency_note"] in (tmp_path / "report.html").read_text()
    rows = json.loads((tmp_path / "pareto.json").read_text())["finalists"]
    assert [Finalist(**row).latency_note for row in rows] == [row["latency_note"] for row in finalists]
