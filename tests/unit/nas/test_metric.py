"""Every metric keeps the promises of its declaration; a new file is tested by existing."""

import pytest

from nas.metric import FRONT, Shown, Style, listed, metrics, network_metrics
from nas.network import network
from nas.ops.cost import network_cost
from nas.testing import check_metric

LENET = network.make("lenet_5").expand()


@pytest.mark.parametrize("name", list(metrics()))
def test_a_metric_keeps_its_promises(name):
    check_metric(name)


def test_the_metrics_of_a_network_are_its_cost():
    cost = network_cost(LENET)

    assert list(network_metrics(LENET).items()) == [
        ("params", cost.params),
        ("macs", cost.macs),
        ("size_bytes", cost.size_bytes),
        ("peak_memory_bytes", cost.peak_memory_bytes),
    ]


def test_columns_are_in_the_order_that_clients_know():
    assert listed() == ("accuracy", "latency_ms", "params", "macs", "size_bytes")
    assert set(FRONT) <= set(listed())
    assert [name for name, made in metrics().items() if made.shown is Shown.TABLES] == [
        "accuracy",
        "latency_ms",
        "params",
        "macs",
    ]


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("accuracy", 0.92314, "92.31\u00a0%"),
        ("latency_ms", 0.12345, "0.123\u00a0ms"),
        ("params", 61706, "61.7\u00a0k"),
        ("macs", 416_520_000, "417\u00a0M"),
        ("size_bytes", 246_824, "247\u00a0kB"),
        ("size_bytes", 940, "940\u00a0B"),
        ("train_seconds", 83, "1\u00a0min 23\u00a0s"),
        ("epochs", 12_000, "12\u202f000"),
        ("loss", 1.23456, "1.23"),
    ],
)
def test_values_are_written_for_people(name, value, shown):
    assert metrics()[name].show(value) == shown


@pytest.mark.parametrize(
    ("name", "value", "heading", "text"),
    [
        ("accuracy", 0.92314, "accuracy", "92.31%"),
        ("latency_ms", 0.12345, "ms", "0.1235"),
        ("params", 61706, "params", "61,706"),
        ("macs", 416_520_000, "M MACs", "416.52"),
        ("peak_memory_bytes", 940, "peak memory, B", "940.000"),
    ],
)
def test_columns_of_text_have_one_scale(name, value, heading, text):
    column = metrics()[name].text_column

    assert (column.heading, column.text(value)) == (heading, text)


def test_styles_are_all_in_use():
    assert {made.style for made in metrics().values()} == set(Style)
