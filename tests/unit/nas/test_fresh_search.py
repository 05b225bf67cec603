"""The spec of a fresh search over shared weights: what it takes from a search, and what it asks for itself."""

import pytest

from nas.errors import SpecError
from nas.retargeting.fresh import check_shared, fresh_spec
from nas.spec import parse_spec

LAPTOP, PHONE, WATCH = "a laptop", "a phone", "a watch"
SPEC = {
    "dataset": {"name": "fashion_mnist_mini"},
    "space": "small",
    "devices": [LAPTOP, PHONE],
    "objective": {
        "name": "constrained",
        "target_latency_ms": {LAPTOP: 1.0, PHONE: 5.0},
        "max_params": 90_000,
        "limits": {"latency_ms": 2.0, f"latency_ms@{PHONE}": 9.0, "peak_memory_bytes": 5e6},
    },
    "searcher": {"name": "evolution"},
    "evaluator": {"name": "supernet", "epochs": 3},
    "max_trials": 8,
    "seed": 5,
    "finalists": {"count": 2, "epochs": 7},
    "baseline": "random",
}
FACTS = {
    "devices": [
        {"name": LAPTOP, "metric": "latency_ms", "target_latency_ms": 1.0},
        {"name": PHONE, "metric": f"latency_ms@{PHONE}", "target_latency_ms": 5.0},
    ]
}


def asked(spec=SPEC, facts=FACTS, **question):
    return parse_spec(fresh_spec(spec, facts, parent="before", **question))


def test_what_shared_weights_are_known_by_stays_and_nothing_is_trained():
    before, found = parse_spec(SPEC), asked(candidates=40)

    for field in ("dataset", "space", "evaluator", "seed", "searcher"):
        assert getattr(found, field) == getattr(before, field)
    assert (found.max_trials, found.warm_start) == (40, ("before",))
    assert (found.finalists.count, found.finalists.epochs, found.references, found.baseline) == (0, 7, (), None)


@pytest.mark.parametrize(
    ("question", "device", "target_ms", "limits"),
    [
        ({}, LAPTOP, 1.0, {"latency_ms": 2.0, "peak_memory_bytes": 5e6}),
        ({"device": PHONE}, PHONE, 5.0, {"peak_memory_bytes": 5e6}),
        ({"device": WATCH}, WATCH, 1.0, {"peak_memory_bytes": 5e6}),
        ({"device": WATCH, "target_ms": 0.5}, WATCH, 0.5, {"peak_memory_bytes": 5e6}),
    ],
)
def test_the_device_has_the_target_and_keeps_the_limits_that_are_not_of_others(question, device, target_ms, limits):
    found = asked(**question)

    assert found.device_names == (device,)
    assert found.objective["target_latency_ms"] == target_ms
    assert (found.objective["max_params"], found.objective["limits"]) == (90_000, limits)


def test_an_objective_without_use_for_a_target_gives_way_to_one_that_has():
    front = {**SPEC, "objective": {"name": "pareto", "max_macs": 10**6}}

    found = asked(front, target_ms=3.0).objective

    assert (found["name"], found["target_latency_ms"], found["max_macs"]) == ("constrained", 3.0, 10**6)


def test_a_search_without_a_target_or_without_shared_weights_is_refused():
    untold = {"devices": [{**row, "target_latency_ms": None} for row in FACTS["devices"]]}
    with pytest.raises(SpecError, match="give one"):
        asked(facts=untold)
    with pytest.raises(SpecError, match="train has none"):
        check_shared(None, "train")
    check_shared({"file": "prepared.bin"}, "supernet")


@pytest.mark.parametrize(
    ("check", "searched"),
    [
        ({"otherwise": "train", "beats_size": False}, False),
        ({"otherwise": "train", "beats_size": True}, True),
        ({"otherwise": "go_on", "beats_size": False}, True),
    ],
)
def test_a_search_whose_check_made_it_train_its_trials_is_refused(check, searched):
    facts = {**FACTS, "evaluator": {"name": "supernet", "note": "", "start": "", "check": check}}

    if searched:
        assert asked(facts=facts).evaluator["name"] == "supernet"
    else:
        with pytest.raises(SpecError, match="submit its spec with the other target"):
            asked(facts=facts)
