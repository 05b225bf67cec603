"""The objectives against their papers' formulas."""

from math import isfinite

import pytest

from nas.errors import NotMeasuredError, SpecError, UnknownNameError
from nas.metric import metrics
from nas.objective import objective
from nas.pareto import Better

POINT = {"accuracy": 0.75, "latency_ms": 150.0}


def made(name, **parameters):
    return objective.make({"name": name, "target_latency_ms": 75.0, **parameters})


def test_soft_reward():
    """At twice the target 5 % more accuracy is the same reward (MnasNet, section 3: 2^-0.07 is about 1 / 1.05)."""
    soft = made("mnasnet")

    assert soft.reward(POINT) == pytest.approx(0.75 * 2**-0.07)
    assert soft.reward({"accuracy": 0.75 * 1.05, "latency_ms": 150.0}) == pytest.approx(
        soft.reward({"accuracy": 0.75, "latency_ms": 75.0}), rel=1e-3
    )


def test_hard_reward():
    """Up to the target accuracy alone counts; beyond it the reward falls with the excess."""
    hard = made("mnasnet", alpha=0.0, beta=-1.0)

    assert hard.reward({"accuracy": 0.75, "latency_ms": 10.0}) == 0.75
    assert hard.reward({"accuracy": 0.75, "latency_ms": 75.0}) == 0.75
    assert hard.reward(POINT) == pytest.approx(0.375)


def test_target_of_the_soft_reward_is_a_constant_factor():
    """With alpha = beta two targets give rewards in one ratio at every point: the winner is the same."""
    low, high = made("mnasnet", target_latency_ms=10.0), made("mnasnet", target_latency_ms=200.0)
    ratios = [
        low.reward({"accuracy": accuracy, "latency_ms": latency_ms})
        / high.reward({"accuracy": accuracy, "latency_ms": latency_ms})
        for accuracy, latency_ms in [(0.2, 5.0), (0.75, 150.0), (0.9, 400.0)]
    ]

    assert ratios == pytest.approx([20**-0.07] * 3)
    assert not low.steers
    assert made("mnasnet", alpha=0.0, beta=-1.0).steers


def test_size_is_a_factor_as_latency_is():
    """ACC (LAT / T)^w (SIZE / S)^v, with an exponent of its own up to S and beyond it."""
    sized = made("mnasnet", alpha=0.0, beta=-1.0, target_size_bytes=1000, size_alpha=-0.1, size_beta=-2.0)
    small, large = {**POINT, "size_bytes": 500}, {**POINT, "size_bytes": 2000}

    assert sized.reward(small) == pytest.approx(0.375 * 0.5**-0.1)
    assert sized.reward(large) == pytest.approx(0.375 / 4)
    assert sized.note is None
    assert "size_alpha = size_beta" in made("mnasnet", alpha=0.0, target_size_bytes=1000).note
    assert made("mnasnet", size_beta=-2.0).reward(large) == made("mnasnet").reward(POINT)


def test_absolute_reward():
    tunas = made("tunas", beta=-0.2)

    assert tunas.reward(POINT) == pytest.approx(0.75 - 0.2)
    assert tunas.reward({"accuracy": 0.75, "latency_ms": 37.5}) == pytest.approx(0.75 - 0.1)


def test_a_confident_constraint_is_one_of_the_upper_end_of_the_interval():
    constrained = made("constrained", confident=True)

    assert constrained.limits == {"latency_high_ms": 75.0}
    assert constrained.violation({"latency_ms": 70.0, "latency_high_ms": 78.0}) == pytest.approx(0.04)
    with pytest.raises(NotMeasuredError, match="no interval"):
        constrained.violation({"latency_ms": 70.0})


def test_constrained_makes_the_target_a_limit():
    constrained = made("constrained", max_params=100)

    assert constrained.limits == {"params": 100, "latency_ms": 75.0}
    assert constrained.reward(POINT) == 0.75
    assert constrained.violation({"params": 150, "latency_ms": 150.0}) == pytest.approx(1.5)
    assert constrained.violation({"params": 100, "latency_ms": 75.0}) == 0


@pytest.mark.parametrize("name", list(objective))
def test_any_metric_known_before_training_can_be_limited(name):
    made_up = made(name, max_params=100, limits={"peak_memory_bytes": 2000.0, "params": 50})

    assert made_up.limits.items() >= {"params": 50, "peak_memory_bytes": 2000.0}.items()
    within = {"params": 50, "peak_memory_bytes": 2000, "latency_ms": 75.0}
    assert made_up.violation(within) == 0
    assert made_up.violation({**within, "peak_memory_bytes": 3000, "params": 100}) == pytest.approx(0.5 + 1)
    assert "params <= 50, peak_memory_bytes <= 2000" in made_up.describe_limits()


def test_the_stricter_of_two_limits_on_one_metric_holds():
    assert made("constrained", limits={"latency_ms": 50.0}).limits == {"latency_ms": 50.0}
    assert made("constrained", limits={"latency_ms": 100.0}).limits == {"latency_ms": 75.0}


def test_a_limit_on_a_metric_of_which_more_is_better_is_the_least(monkeypatch):
    monkeypatch.setattr(type(metrics()["macs"]), "better", Better.HIGHER)
    steady = made("mnasnet", limits={"macs": 100.0})

    assert steady.violation({"macs": 120.0}) == 0
    assert steady.violation({"macs": 75.0}) == pytest.approx(0.25)
    assert steady.describe_limits() == "macs >= 100"


def test_a_limit_on_another_metric_lists_those_that_can_be_limited():
    with pytest.raises(SpecError, match="'accuracy' is known before training; there are: latency_ms, params, macs"):
        made("constrained", limits={"accuracy": 0.5})


@pytest.mark.parametrize(
    ("name", "parameters", "field"),
    [
        ("constrained", {"target_latency_ms": 0.0}, "target_latency_ms"),
        ("constrained", {"target_latency_ms": float("nan")}, "target_latency_ms"),
        ("tunas", {"target_latency_ms": 1e300}, "target_latency_ms"),
        ("mnasnet", {"alpha": -1000.0}, "alpha"),
        ("constrained", {"max_params": 0}, "max_params"),
        ("constrained", {"steers": False}, "steers"),
        ("constrained", {"limits": {"params": 0}}, r"limits\.params"),
        ("constrained", {"limits": {"energy": 1.0}}, "limits"),
        ("tunas", {"limits": {"macs": float("inf")}}, r"limits\.macs"),
        ("mnasnet", {"alpha": 0.1}, "alpha"),
        ("mnasnet", {"beta": float("-inf")}, "beta"),
        ("tunas", {"beta": 0.0}, "beta"),
    ],
)
def test_wrong_parameters_are_named(name, parameters, field):
    with pytest.raises(SpecError, match=rf"objective\.{field}: "):
        made(name, **parameters)


@pytest.mark.parametrize("target_ms", [1e-6, 1e6])
@pytest.mark.parametrize("latency_ms", [1e-4, 1e5])
@pytest.mark.parametrize(
    ("name", "parameters"),
    [("mnasnet", {"alpha": -10.0, "beta": 0.0}), ("mnasnet", {"beta": -10.0}), ("tunas", {"beta": -1000.0})],
)
def test_rewards_are_finite_at_the_bounds(name, parameters, target_ms, latency_ms):
    assert isfinite(
        made(name, target_latency_ms=target_ms, **parameters).reward({"accuracy": 1.0, "latency_ms": latency_ms})
    )


def test_unknown_objective_lists_the_known():
    with pytest.raises(UnknownNameError, match="constrained, mnasnet, pareto, tunas"):
        made("fastest")
