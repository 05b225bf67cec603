"""Precision, density and activation bits as decisions of a stage: in spaces, architectures, notation and readings."""

from random import Random

import pytest

from latency_db.profiling.kernel_frequencies import kernel_frequencies
from nas.architecture import Architecture
from nas.errors import InvalidArchitectureError, SpecError
from nas.metric import network_metrics
from nas.ops.canonical import graph_id, network_id
from nas.ops.cost import network_cost
from nas.ops.kernels import kernels
from nas.ops.layers import weighted_layers
from nas.ops.notation import read_network, write_network
from nas.spaces import load_space, read_architecture
from nas.spec import parse_spec

STAGE = {"blocks": [{"mbconv": {"expansion": 3, "kernel": 3, "se": 0.25}}], "layers": 1, "width": 16}
SPACE = {"name": "mine", "resolution": 28, "channels": 1, "stem": {"width": 8}, "stages": [STAGE]}
DECIDED = {"precision": ["float32", "int8", "int4", "ternary", "binary"], "density": [1, 0.25]}
CODED = {**SPACE, "stages": [{**STAGE, **DECIDED, "activation_bits": [32, 8]}]}


def architecture(**fields):
    """Of a stage of SPACE."""
    stage = {"block": "conv", "kernel": 3, "se": 0.0, "skip": "none", "layers": 1, "width": 16, "stride": 1, **fields}
    frame = {"resolution": 28, "channels": 1, "stem": {"width": 8, "kernel": 3, "stride": 2}, "head": 0, "classes": 10}
    return read_architecture({**frame, "stages": [stage]})


def test_density_is_asked_of_weights_that_have_a_code_for_0():
    space = load_space(CODED)

    assert space.size() == (1 + 2 + 2 + 2 + 1) * 2
    asked = [decision.name for decision in space.decisions()]
    assert sorted(asked) == [
        "stage0.activation_bits",
        "stage0.int4.density",
        "stage0.int8.density",
        "stage0.precision",
        "stage0.ternary.density",
    ]
    stages = {space.sample(Random(seed)).architecture.stages[0] for seed in range(80)}
    assert {(stage.precision, stage.density) for stage in stages} == {
        *((precision, 1.0) for precision in DECIDED["precision"]),
        *((precision, 0.25) for precision in ("int8", "int4", "ternary")),
    }


def test_a_space_and_an_architecture_without_them_are_what_they_were():
    """Their descriptions have no new field, so that digests and content ids that were kept stay valid."""
    assert set(load_space(SPACE).stages[0].describe()) == {"size", "blocks", "layers", "width", "stride"}
    assert architecture().id == architecture(precision="float32", activation_bits=32, density=1.0).id
    assert set(architecture().to_dict()["stages"][0]) == {"block", "kernel", "se", "skip", "layers", "width", "stride"}
    assert architecture().id == "cc915211b2eef426"


def test_an_architecture_is_told_apart_by_them_and_comes_back_from_its_dict():
    found = [
        architecture(),
        architecture(precision="int8"),
        architecture(precision="int4"),
        architecture(precision="int4", density=0.25),
        architecture(precision="int4", activation_bits=8),
    ]

    assert len({each.id for each in found}) == len({each.network_id for each in found}) == len(found)
    for each in found:
        assert Architecture.from_dict(each.to_dict()) == read_architecture(each.to_dict()) == each


def test_notation_carries_them_to_all_layers_of_the_stage_but_densities_of_depthwise_ones():
    [member, *_] = (c for c in map(load_space(CODED).sample, map(Random, range(99))) if "ternary_d" in str(notation(c)))

    assert (
        notation(member)
        .partition("[")[2]
        .startswith("conv_24_ternary_d0.25 conv_24_k3_g24_ternary se_2_ternary_d0.25 conv_16_linear_ternary_d0.25] ")
    )
    network = read_network(notation(member))
    assert network == member.architecture.expand()
    stored = [(layer.path, layer.precision, layer.density) for layer in weighted_layers(network)]
    assert stored[0] == ("0.conv", "float32", 1.0)
    assert stored[3:5] == [("1.2.reduce", "ternary", 0.25), ("1.2.expand", "ternary", 0.25)]


def notation(candidate):
    return write_network(candidate.architecture.expand())


def test_a_device_runs_floats_whatever_weights_are_stored_as():
    plain, coded = architecture().expand(), architecture(precision="ternary", density=0.25).expand()

    assert list(kernels(coded)) == list(kernels(plain))
    assert graph_id(coded) == graph_id(plain)
    assert network_id(coded) != network_id(plain)
    assert network_cost(coded).macs == network_cost(plain).macs
    assert set(kernel_frequencies(load_space(SPACE))) <= set(kernel_frequencies(load_space(CODED)))


def test_a_device_runs_activations_of_few_bits():
    rounded = architecture(activation_bits=8).expand()

    assert [kernel.key for kernel in kernels(rounded)][1] == "8x14x14 conv_16_k3_uint8"


def test_fewer_bits_and_fewer_weights_take_fewer_bytes():
    def size_bytes(**fields):
        return network_metrics(architecture(width=64, **fields).expand())["size_bytes"]

    sizes = [size_bytes(precision=name) for name in ("float32", "int8", "int4", "ternary", "binary")]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == 4 * network_cost(architecture(width=64).expand()).params
    assert size_bytes(precision="int8", density=0.25) < size_bytes(precision="int8", density=0.5) < sizes[1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"precision": "int3"}, r"space\.stages\.0\.precision\.0: "),
        ({"precision": []}, r"space\.stages\.0\.precision: an empty list"),
        ({"activation_bits": 16}, r"space\.stages\.0\.activation_bits\.0: "),
        ({"precision": "int8", "density": 0}, r"space\.stages\.0\.density\.0: "),
        ({"density": 0.5}, r"density: weights are pruned where their precision is one of int8, int4, ternary"),
        ({"precision": "binary", "density": [1, 0.5]}, r"density: weights are pruned where"),
    ],
)
def test_a_space_says_which_of_them_is_wrong(changes, message):
    with pytest.raises(SpecError, match=message):
        load_space({**SPACE, "stages": [{**STAGE, **changes}]})


@pytest.mark.parametrize("fields", [{"precision": "binary", "density": 0.5}, {"density": 0.5}])
def test_weights_without_a_code_for_0_cannot_be_pruned(fields):
    with pytest.raises(InvalidArchitectureError, match=r"no code for 0: give them int8, int4, ternary, or density 1"):
        architecture(**fields).expand()


@pytest.mark.parametrize(
    "wanted", [{"evaluator": {"name": "train", "whitened": True}}, {"finalists": {"recipe": {"whitened": True}}}]
)
def test_whitened_filters_are_refused_where_filters_may_have_few_bits(wanted):
    with pytest.raises(SpecError, match="leave whitened out"):
        parse_spec({"dataset": "fashion_mnist_mini", "device": "local-cpu-1t", "space": CODED, **wanted})
