"""The promises of a metric as tests."""

from math import isfinite

from nas.metric import NetworkMetric, Source, metrics, network_metrics
from nas.ops import Network
from nas.ops.notation import read_network
from nas.quantities import MISSING

NETWORKS = ("1x8x8: conv_8_k3 gap linear_3", "3x32x32: conv_16_k3_s2 conv_32_k3_s2 gap linear_10")


def check_metric(name: str) -> None:
    """AssertionError for the first promise that the metric of this name breaks."""
    made = metrics()[name]
    assert made.label, f"{name}: a metric needs a label"
    assert made.describe()["summary"], f"{name}: the docstring of its module says what it is"
    assert (made.source is Source.NETWORK) == isinstance(made, NetworkMetric), f"{name}: a NetworkMetric and none else"
    assert made.known_before_training == (made.source in {Source.NETWORK, Source.DEVICE})
    assert made.show(None) == MISSING
    assert any(character.isdigit() for character in made.show(0.5))
    if isinstance(made, NetworkMetric):
        for notation in NETWORKS:
            _check_value(name, read_network(notation))


def _check_value(name: str, network: Network) -> None:
    value = network_metrics(network)[name]
    assert isfinite(value), f"{name}: {value} is not a finite number"
    assert network_metrics(network)[name] == value, f"{name}: two readings of a network differ"
    assert not metrics()[name].whole or value == int(value), f"{name}: {value} is not a whole number"
