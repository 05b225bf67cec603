"""The papers' networks against their published sizes."""

import json
from pathlib import Path

import pytest

from nas.errors import InvalidArchitectureError, SpecError
from nas.network import network
from nas.ops import Conv
from nas.ops.cost import network_cost

TABLE = json.loads((Path(__file__).parents[2] / "data" / "networks.json").read_text(encoding="utf-8"))["networks"]


def cost(name, **parameters):
    return network_cost(network.make({"name": name, **parameters}).expand())


def stem(name, **parameters):
    first = network.make({"name": name, **parameters}).expand().op.ops[0]
    assert isinstance(first, Conv)
    return first.out


@pytest.mark.parametrize(
    "row", TABLE, ids=lambda row: "-".join(map(str, (row["network"], *row["parameters"].values())))
)
def test_params_and_macs_are_the_published_ones(row):
    """Every row of the table, to the last integer."""
    found = cost(row["network"], **row["parameters"])

    assert (found.params, found.macs) == (row["params"], row["macs"])


@pytest.mark.parametrize("name", list(network))
def test_every_network_stands_in_the_table(name):
    """A network that is added comes with its published numbers."""
    assert name in {row["network"] for row in TABLE}


def test_mobilenetv1_cuts_channels_but_keeps_eight():
    """Scaled channels are cut to whole numbers; at width 0.1 eight of the stem's 32 are left."""
    assert [stem("mobilenetv1", width=width) for width in (0.1, 0.35, 1.4)] == [8, 11, 44]


def test_mobilenetv2_rounds_channels_to_eights():
    """11.2 channels become 16, as 8 would lose more than a tenth."""
    assert [stem("mobilenetv2", width=width) for width in (0.25, 0.35, 1.3)] == [8, 16, 40]


def test_mobilenetv2_narrow_keeps_its_last_convolution():
    """The last 1x1 convolution has 1280 channels at any width up to 1, and 1792 at 1.4."""
    lasts = [network.make({"name": "mobilenetv2", "width": w}).expand().op.ops[-2] for w in (0.35, 1.0, 1.4)]

    assert [last.out for last in lasts if isinstance(last, Conv)] == [1280, 1280, 1792]


def test_shufflenet_stems_are_the_released_ones():
    """24 channels times whole scales; at 0.5 with 8 groups 16, so that what the first unit adds divides into groups."""
    assert [stem("shufflenet", width=width) for width in (0.5, 1.0, 1.5, 2.0)] == [12, 24, 24, 48]
    assert stem("shufflenet", width=0.5, groups=8) == 16


@pytest.mark.parametrize("groups", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("width", [0.25, 0.33, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5])
def test_shufflenet_is_built_at_any_scale(groups, width):
    """Stages are rounded until bottlenecks divide into groups: no scale is refused, and a wider one costs more."""
    assert cost("shufflenet", groups=groups, width=width).macs < cost("shufflenet", groups=groups, width=2 * width).macs


def test_mobilenetv2_takes_small_grey_images():
    """The baseline on 28 px images: 32 input strides leave a map of one pixel."""
    found = cost("mobilenetv2", resolution=28, channels=1, classes=10)

    assert found.params == 2_236_106


def test_an_image_that_is_too_small_is_refused_with_a_reason():
    """SqueezeNet's unpadded pools run out of pixels."""
    with pytest.raises(InvalidArchitectureError, match="3x3 window does not fit on 2 pixels"):
        cost("squeezenet_1_0", resolution=28)


@pytest.mark.parametrize(
    ("parameters", "field"),
    [({"width": 0}, "width"), ({"width": float("nan")}, "width"), ({"groups": 5}, "groups"), ({"depth": 2}, "depth")],
)
def test_a_wrong_parameter_is_refused_by_name(parameters, field):
    """SpecError names the field."""
    with pytest.raises(SpecError, match=rf"network\.{field}: "):
        network.make({"name": "shufflenet", **parameters})
