"""Several devices of one search: what a spec may say of them, their metrics' names, and objectives over all."""

import numpy as np
import pytest

from nas.errors import SpecError
from nas.metric import declared, metrics, of_devices
from nas.objective import objective
from nas.pareto import Better
from nas.search.devices import KnownOnDevices, with_changes
from nas.spec import parse_spec

TARGETS = {"a": 10.0, "b": 4.0}


def spec(**fields):
    return parse_spec({"dataset": "fashion_mnist_mini", **fields})


def aim(name, **parameters):
    return {"name": name, **parameters}


@pytest.mark.parametrize("fields", [{}, {"device": "a"}, {"devices": ["a"]}, {"devices": ["a", "b"]}])
def test_a_spec_is_equal_to_what_it_is_written_as(fields):
    written = spec(**fields).model_dump(mode="json")

    assert spec(**written) == spec(**fields)
    assert written.get("devices") == (fields.get("devices") if len(fields.get("devices", ())) > 1 else None)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"device": "a", "devices": ["a", "b"]}, "devices: give device or devices, not both"),
        ({"devices": ["a", "b", "a"]}, "devices: a device is named twice"),
        ({"devices": [f"d{i}" for i in range(9)]}, "devices: Tuple should have at most 8 items"),
        ({"devices": ["a", ""]}, r"devices\.1: "),
        (
            {"devices": ["a", "b"], "objective": aim("constrained", target_latency_ms=3)},
            r"objective\.target_latency_ms: give a target for each device: \{a: 3, b: 3\}",
        ),
        (
            {"devices": ["a", "b"], "objective": aim("tunas", target_latency_ms={"c": 3})},
            r"objective\.target_latency_ms: 'c' is no such device: the search has a, b",
        ),
        (
            {"devices": ["a", "b"], "objective": aim("mnasnet", target_latency_ms={"b": -3})},
            r"objective\.target_latency_ms: give at least",
        ),
        ({"objective": aim("constrained", limits={"latency_ms@b": 3})}, r"objective\.limits: 'b' is no such device"),
        (
            {"devices": ["a", "b"], "objective": aim("pareto", metrics=["accuracy", "latency_ms@a"])},
            r"objective\.metrics: 'a' is no such device: those whose metrics have @ are b",
        ),
        ({"objective": aim("pareto", metrics=["latency_ms", "size_bytes"])}, r"objective\.metrics: .*known without it"),
        (
            {"objective": aim("pareto", metrics=["accuracy", "beauty"])},
            r"no metric named 'beauty'; there are: acc",
        ),
        ({"objective": aim("pareto", metrics=["accuracy", "macs", "macs"])}, r"named twice"),
    ],
)
def test_a_wrong_spec_is_refused_with_its_field_and_the_remedy(fields, fault):
    with pytest.raises(SpecError, match=fault):
        spec(**fields)


def test_targets_may_be_given_for_some_devices():
    given = aim("constrained", target_latency_ms={"b": 3})

    assert spec(devices=["a", "b"], objective=given).objective == given


def test_new_devices_take_the_place_of_the_old():
    parent = spec(devices=["a", "b"]).model_dump(mode="json")

    assert spec(**with_changes(parent, {"device": "c"})).device_names == ("c",)
    assert spec(**with_changes(parent, {"seed": 1})).device_names == ("a", "b")
    assert spec(**with_changes(spec().model_dump(mode="json"), {"devices": ["b", "c"]})).device_names == ("b", "c")


def test_a_metric_on_another_device_is_declared_as_that_on_the_first():
    assert of_devices("latency_ms", ["a", "b"]) == {"a": "latency_ms", "b": "latency_ms@b"}
    on_b = declared("latency_ms@b")

    assert on_b.name == "latency_ms@b"
    assert on_b.label == "latency on b"
    assert on_b.describe()["summary"] == metrics()["latency_ms"].describe()["summary"]
    assert on_b.show(2.5) == metrics()["latency_ms"].show(2.5)
    assert on_b.better is Better.LOWER
    assert declared("latency_ms@pocket@1a2b").label == "latency on pocket@1a2b"
    assert declared("params@b") is None, "no device decides it"
    assert declared("latency_ms@") is None


def test_rewards_over_several_devices():
    """MnasNet's terms are multiplied, TuNAS' distances added; each device counts by its own target."""
    point = {"accuracy": 0.8, "latency_ms": 20.0, "latency_ms@b": 2.0}

    hard = objective.make(aim("mnasnet", target_latency_ms=TARGETS, alpha=-0.5, beta=-1.0))
    absolute = objective.make(aim("tunas", target_latency_ms=TARGETS, beta=-0.1))

    assert hard.reward(point) == pytest.approx(0.8 * (20 / 10) ** -1 * (2 / 4) ** -0.5)
    assert absolute.reward(point) == pytest.approx(0.8 - 0.1 * (1.0 + 0.5))
    assert hard.needs == absolute.needs == ("accuracy", "latency_ms", "latency_ms@b")


def test_a_target_on_each_device_is_a_limit():
    plain = objective.make(aim("constrained", target_latency_ms=TARGETS))
    sure = objective.make(aim("constrained", target_latency_ms=TARGETS, confident=True))

    assert plain.limits == {"latency_ms": 10, "latency_ms@b": 4}
    assert sure.limits == {"latency_high_ms": 10, "latency_high_ms@b": 4}
    assert plain.violation({"latency_ms": 9.0, "latency_ms@b": 6.0}) == 0.5
    assert plain.violation({"latency_ms": 15.0, "latency_ms@b": 6.0}) == 1.0


def test_pareto_is_over_the_latency_on_each_device_or_over_the_named_metrics():
    each = objective.make(aim("pareto", target_latency_ms=TARGETS))
    named = objective.make(aim("pareto", target_latency_ms=TARGETS, metrics=["loss", "size_bytes", "latency_ms@b"]))

    assert [goal.metric for goal in each.goals] == ["accuracy", "latency_ms", "latency_ms@b"]
    assert [goal.metric for goal in named.goals] == ["loss", "size_bytes", "latency_ms@b"]
    assert named.goals[0].better is Better.LOWER
    assert named.reward({"loss": 0.5, "size_bytes": 3, "latency_ms@b": 1.0}) == -0.5
    assert "loss, size_bytes and latency_ms@b" in named.note


class Table:
    """An oracle of two columns; the second network has no latency where it is missing."""

    def __init__(self, digest, latency, params):
        self.digest, self._columns = digest, {"latency_ms": latency, "latency_low_ms": latency, "params": params}

    def __call__(self, codes):
        return {name: np.array(values)[codes[:, 0]] for name, values in self._columns.items()}


def test_what_is_known_on_several_devices_has_the_columns_of_each():
    """A network that one of them does not run is known of on none."""
    codes, nan = np.arange(3).reshape(3, 1), np.nan
    first, second = Table("abc", [1.0, 2.0, nan], [9.0, 8.0, 7.0]), Table("def", [3.0, nan, 5.0], [9.0, nan, 7.0])

    columns = KnownOnDevices({"a": first, "b": second})(codes)

    assert columns["latency_ms"] == pytest.approx([1.0, nan, nan], nan_ok=True)
    assert columns["latency_ms@b"] == pytest.approx([3.0, nan, 5.0], nan_ok=True)
    assert columns["latency_low_ms@b"] == pytest.approx([3.0, nan, 5.0], nan_ok=True)
    assert columns["params"] == pytest.approx([9.0, nan, 7.0], nan_ok=True)
    assert KnownOnDevices({"a": first}).digest == "abc"
    assert (
        len({KnownOnDevices({"a": one, "b": other}).digest for one in (first, second) for other in (first, second)})
        == 4
    )
