"""Reference networks of a spec: single ones, curves of several widths, and stems for small images."""

from itertools import permutations

import pytest

from nas.errors import SpecError
from nas.network import network
from nas.ops.cost import network_cost
from nas.spec import parse_spec
from nas.spec.fields import explained
from nas.spec.references import references_of, single, stem_notes

WIDTHS = [0.35, 0.5, 1.4]


def found(*entries, side=32):
    return references_of(
        parse_spec({"dataset": "cifar10", "references": entries}).references, side=side, channels=3, classes=10
    )


def macs(name, **parameters):
    return network_cost(network.make({"name": name, **parameters}).expand()).macs


def test_widths_are_networks_on_one_curve():
    rows = found({"name": "mobilenetv2", "widths": WIDTHS}, "squeezenet_1_1", {"name": "mobilenetv1", "width": 0.5})

    assert [row.label for row in rows[:3]] == [f"mobilenetv2 width {width}" for width in WIDTHS]
    assert [(row.curve, row.width) for row in rows[:3]] == [("mobilenetv2", width) for width in WIDTHS]
    assert [row.curve for row in rows[3:]] == [None, None]
    made = [network.make({"name": "mobilenetv2", "width": w, "resolution": 32, "classes": 10}) for w in WIDTHS]
    assert [row.network for row in rows[:3]] == [each.expand() for each in made]


def test_networks_that_differ_in_width_alone_are_a_curve_however_they_are_listed():
    one, other = {"name": "shufflenet", "groups": 3}, {"name": "shufflenet", "groups": 8, "width": 0.5}

    rows = found(one, other, {**one, "width": 0.5}, {**one, "width": 2.0, "stem_stride": "auto"})

    assert [row.curve for row in rows] == ["shufflenet groups 3", None, "shufflenet groups 3", None]
    assert [row.width for row in rows] == [1.0, 0.5, 0.5, 2.0]


@pytest.mark.parametrize(
    ("entry", "label"),
    [
        ({"name": "mobilenetv2", "width": 1, "stem_stride": "auto"}, "mobilenetv2 stem stride 1 width 1.0"),
        ({"name": "mobilenetv2", "widths": [1], "stem_stride": "auto"}, "mobilenetv2 stem stride 1 width 1.0"),
        (
            {"name": "shufflenet", "width": 0.5, "resolution": 64, "groups": 4},
            "shufflenet groups 4 width 0.5 resolution 64",
        ),
        ({"name": "shufflenet", "stem_stride": "paper", "width": 2}, "shufflenet width 2.0"),
    ],
)
def test_an_entry_has_one_label_in_whatever_order_its_keys_are(entry, label):
    for keys in permutations(entry):
        (row,) = found({key: entry[key] for key in keys})
        assert row.label == label


def test_labels_say_what_auto_comes_to():
    entry = {"name": "mobilenetv2", "widths": WIDTHS, "stem_stride": "auto"}

    for side, stride in ((32, 1), (64, 1), (96, 2)):
        assert {row.curve for row in found(entry, side=side)} == {f"mobilenetv2 stem stride {stride}"}
    (note,) = stem_notes([entry, {"name": "mobilenetv1"}], 64)
    assert note == "references.0.stem_stride: 1 for images of 64 px, not 2"


@pytest.mark.parametrize("name", ["mobilenetv1", "mobilenetv2", "mnasnet_a1", "mnasnet_small"])
def test_without_its_stride_a_network_costs_what_it_does_on_images_twice_as_large(name):
    """Its blocks get the same maps, and its stem puts out the same ones: to the last multiply-add."""
    assert macs(name, resolution=64, stem_stride="auto") == macs(name, resolution=128)
    assert macs(name, resolution=32, stem_stride="auto") == macs(name, resolution=64)
    assert macs(name, resolution=128, stem_stride="auto") == macs(name, resolution=128, stem_stride="paper")


@pytest.mark.parametrize("name", ["shufflenet", "squeezenet_1_0", "squeezenet_1_1", "alexnet"])
def test_a_stem_of_stride_four_is_halved_once_and_twice(name):
    strides = [
        network.make({"name": name, "resolution": side, "stem_stride": "auto"}).stride for side in (127, 64, 33, 32, 16)
    ]

    assert strides == [4, 2, 2, 1, 1]
    costs = [macs(name, resolution=64, stem_stride=stride) for stride in ("paper", "auto", 1)]
    assert costs == sorted(set(costs))


def test_alexnet_fits_images_of_cifar_without_its_stride():
    with pytest.raises(SpecError, match="alexnet cannot be built for images of 32 px"):
        found("alexnet")
    (row,) = found({"name": "alexnet", "stem_stride": "auto"})
    assert row.label == "alexnet stem stride 1"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"name": "mobilenetv2", "widths": []}, "references.1.widths: "),
        ({"name": "mobilenetv2", "widths": [0.5, 0]}, "references.1.widths.1: give more than 0"),
        ({"name": "mobilenetv2", "widths": 0.5}, "references.1.widths: give a list"),
        ({"name": "mobilenetv2", "widths": [0.5], "width": 1}, "they stand in place of width"),
        ({"name": "squeezenet_1_1", "widths": [0.5]}, "references.1.widths: squeezenet_1_1 has no width"),
        ({"name": "mobilenetv2", "widths": [0.5], "stem_stride": 2}, "references.1.stem_stride: "),
        ({"name": "lenet_5", "stem_stride": 1}, "references.1.stem_stride: there is no such field"),
    ],
)
def test_wrong_widths_and_stems_are_refused_at_submit(entry, said):
    with pytest.raises(SpecError) as refused:
        parse_spec({"dataset": "cifar10", "references": ["mobilenetv1", entry]})
    assert said in str(refused.value)


def test_widths_are_explained_where_a_network_has_a_width():
    assert {field.plugin for field in explained("references.widths")} == {
        field.plugin for field in explained("references.width")
    }
    assert "squeezenet_1_1" not in {field.plugin for field in explained("references.widths")}


def test_a_spec_stays_as_it_was_written():
    spec = parse_spec({"dataset": "cifar10", "references": [{"name": "mobilenetv2", "widths": WIDTHS}]})

    assert spec.model_dump(mode="json")["references"] == [{"name": "mobilenetv2", "widths": WIDTHS}]
    assert single(spec.references) == [{"name": "mobilenetv2", "width": width} for width in WIDTHS]
