"""Other targets and devices for what a search has trained: by the arithmetic of its objective, without a training."""

from random import Random

import numpy as np
import pytest

from nas.metric import network_metrics
from nas.objective import objective
from nas.retargeting.answer import answer
from nas.retargeting.trained import TrainedRow, TrainedSearch
from nas.spaces import load_space
from nas.winner.beliefs import ENOUGH

FIRST, SECOND, STRANGE = "a laptop", "a phone", "a watch"
FACTS = {"dataset": {"channels": 1, "side": 8, "classes": ["a", "b", "c"]}}
SPACE = {
    "name": "tiny",
    "resolution": 8,
    "stem": {"width": 8, "stride": 1},
    "stages": [{"blocks": [{"conv": {"kernel": [1, 3]}}], "layers": [1, 2, 3], "width": [8, 16, 24], "stride": 2}] * 2,
    "channels": 1,
    "classes": 3,
}


def facts(*names):
    """Of a search for these devices, whose targets are 1 ms each."""
    rows = [
        {"name": name, "metric": "latency_ms" + (f"@{name}" if place else ""), "target_latency_ms": 1.0}
        for place, name in enumerate(names)
    ]
    return (
        FACTS
        | {"device": {"name": names[0]}, "devices": rows if len(rows) > 1 else None}
        | {"objective": {"target_latency_ms": 1.0}}
    )


def rows_of(count=12, seed=0):
    """Networks that take longer the more multiply-adds they have, on the second device in the reverse order."""
    space, rng, found = load_space(SPACE), Random(seed), {}
    while len(found) < count:
        candidate = space.sample(rng)
        found.setdefault(candidate.architecture.network_id, candidate)
    rows = []
    for number, candidate in enumerate(found.values()):
        known = network_metrics(candidate.architecture.expand())
        ms = known["macs"] / 1e5
        metrics = known | {"latency_ms": ms, f"latency_ms@{SECOND}": 1 / ms, "accuracy": 0.5 + rng.random() / 4}
        rows.append(TrainedRow(number, candidate.choices, metrics, metrics["accuracy"]))
    return rows


def search_of(goal, rows, *devices, results=None, **more):
    spec = {"space": SPACE, "objective": {"name": "constrained", **goal}}
    return TrainedSearch.of(spec, facts(*devices) | more, rows, results or {})


ROWS = rows_of()
MEDIAN_MS = float(np.median([row.metrics["latency_ms"] for row in ROWS]))


def best_within(rows, target_ms, name="latency_ms"):
    return max((row for row in rows if row.metrics[name] <= target_ms), key=lambda row: row.metrics["accuracy"]).number


def test_a_target_has_the_most_accurate_network_within_it():
    search = search_of({}, ROWS, FIRST)
    for target_ms in sorted(row.metrics["latency_ms"] for row in ROWS):
        found = answer(search, FIRST, target_ms)

        assert found.winner.trial.number == best_within(ROWS, target_ms)
        assert found.within == sum(row.metrics["latency_ms"] <= target_ms for row in ROWS)
        assert found.winner in found.front


def test_below_the_fastest_there_is_no_winner_and_beyond_the_slowest_is_said_what_is_unknown():
    search = search_of({}, ROWS, FIRST)
    fastest, slowest = (pick(row.metrics["latency_ms"] for row in ROWS) for pick in (min, max))
    below, beyond = answer(search, FIRST, fastest / 2), answer(search, FIRST, slowest * 2)

    assert below.winner is None
    assert "no trained network keeps the limits" in below.notes[0]
    assert beyond.winner.trial.number == best_within(ROWS, slowest)
    assert "only a search with this target" in beyond.notes[0]
    assert (below.fastest_ms, below.slowest_ms) == (fastest, slowest)


@pytest.mark.parametrize("name", ["mnasnet", "tunas"])
def test_an_objective_that_weighs_latency_decides_as_it_would_in_the_search(name):
    goal = {"name": name} | ({"alpha": 0.0, "beta": -0.5} if name == "mnasnet" else {})
    search = search_of(goal, ROWS, FIRST)
    for target_ms in (MEDIAN_MS / 2, MEDIAN_MS, 2 * MEDIAN_MS):
        made = objective.make({**goal, "target_latency_ms": target_ms})
        found = answer(search, FIRST, target_ms)

        assert found.objective == name
        assert found.winner.trial.number == max(ROWS, key=lambda row: made.reward(row.metrics)).number


@pytest.mark.parametrize("goal", [{"name": "pareto"}, {"name": "mnasnet"}])
def test_where_the_target_has_no_part_in_the_objective_the_best_within_it_wins(goal):
    most = int(np.median([row.metrics["params"] for row in ROWS]))
    found = answer(search_of({**goal, "max_params": most}, ROWS, FIRST), FIRST, MEDIAN_MS)

    small = [row for row in ROWS if row.metrics["params"] <= most]
    assert found.objective == "constrained"
    assert found.winner.trial.number == best_within(small, MEDIAN_MS)
    assert f"`{goal['name']}`" in found.notes[0]


def test_another_device_of_the_search_is_judged_by_its_own_latencies():
    name = f"latency_ms@{SECOND}"
    middle = float(np.median([row.metrics[name] for row in ROWS]))
    search = search_of({"limits": {"latency_ms": MEDIAN_MS}}, ROWS, FIRST, SECOND)
    found = answer(search, SECOND, middle)

    assert found.winner.trial.number == best_within(ROWS, middle, name)
    assert not found.estimated
    assert "limits on latencies do not count" in found.notes[0]


def test_a_device_that_the_search_did_not_have_is_judged_by_estimates_where_there_are_any():
    search = search_of({}, ROWS, FIRST)
    numbers = [each.trial.number for each in search.networks.trained]
    ms = np.array([float(1 + number) for number in numbers])
    ms[numbers.index(0)] = np.nan
    found = answer(search, STRANGE, 6.5, {"latency_ms": ms, "params": np.zeros(len(ms))})

    assert found.estimated
    assert found.unknown == 1
    assert found.winner.trial.number == max(ROWS[1:6], key=lambda row: row.metrics["accuracy"]).number
    assert found.winner.trial.metrics["latency_ms"] == found.winner.trial.number + 1
    assert found.winner.trial.metrics["params"] > 0
    assert f"1 of {len(ROWS)} networks have no latency on {STRANGE}" in found.notes


def test_repeats_draw_a_lucky_network_back_and_give_intervals():
    best = max(ROWS, key=lambda row: row.metrics["accuracy"])
    worse = {f"repeat-{best.number}-{n}": {"accuracy": best.metrics["accuracy"] - 0.2 - n / 100} for n in (1, 2)}
    found = answer(search_of({}, ROWS, FIRST, results=worse | {"repeat-3-1": {}, "ranking": {}}), FIRST, 1e3)

    assert found.winner.trial.number != best.number
    assert found.winner.low < found.winner.mean < found.winner.high


def test_beliefs_are_those_of_the_search_and_the_same_for_every_target():
    rows = rows_of(ENOUGH + 5)
    search = search_of({}, rows, FIRST, evaluator={"note": "of shared weights"})
    loose, tight = answer(search, FIRST, 1e3), answer(search, FIRST, MEDIAN_MS)

    assert {each.mean for each in tight.front} <= {each.mean for each in loose.ranking.standings}
    assert "accuracies: of shared weights" in loose.notes
    assert loose.describe()["winner"]["trial"] == loose.winner.trial.number
