"""A search of two devices: latencies of both in every trial, a target, a front and a frozen table of each."""

import json
from random import Random

import pytest
from made_up import pocket, table, tablet

from latency_db.storing.store import Store
from nas.errors import SpecError
from nas.objective import objective
from nas.spaces import load_space
from nas.spec import parse_spec
from nas.trial import State, Trial
from nas.winner.choice import by_reward
from workers.folder_run.run import run
from workers.searching.finalists.training import in_turn

POCKET, TABLET = (f"{each.device.name}@{each.device.machine_id}" for each in (pocket(), tablet()))


@pytest.fixture
def both(spec, latency_file):
    """The spec of one device, with a second one that is slow in another way."""
    space, rng = load_space(spec["space"]), Random(0)
    Store(latency_file).add(table(tablet(), [space.sample(rng).architecture.expand() for _ in range(40)], mac_ms=1e-5))
    del spec["device"]
    return {**spec, "devices": [POCKET, TABLET], "objective": {"name": "pareto"}}


def searched(spec, out, listener):
    return run(parse_spec(spec), out, listener, executor_name="inline")


def test_every_trial_has_the_latency_on_each_device(tmp_path, both, spec, listener):
    record = searched(both, tmp_path / "both", listener())
    alone = [
        searched({**spec, "device": device, "objective": {"name": "pareto"}}, tmp_path / device, listener())["trials"]
        for device in (POCKET, TABLET)
    ]

    for trial, *on_each in zip(record["trials"], *alone, strict=True):
        assert trial["id"] == on_each[0]["id"] == on_each[1]["id"], "all searches draw the same networks"
        assert trial["metrics"]["latency_ms"] == on_each[0]["metrics"]["latency_ms"]
        for fact in ("latency_ms", "latency_low_ms", "latency_high_ms", "latency_measured"):
            assert trial["metrics"][f"{fact}@{TABLET}"] == on_each[1]["metrics"][fact]


def test_each_device_has_a_target_a_front_and_a_table_that_is_kept(tmp_path, both, listener):
    heard = listener()

    record = searched(both, tmp_path, heard)

    first, second = record["devices"]
    assert [first["name"], second["name"]] == [POCKET, TABLET]
    assert [first["metric"], second["metric"]] == ["latency_ms", f"latency_ms@{TABLET}"]
    assert record["objective"]["target_latency_ms"] == first["target_latency_ms"] < second["target_latency_ms"]
    said = f"target latency on {TABLET}: {second['target_latency_ms']} ms, the median of 200 random members"
    assert [line for line in heard.lines if line.startswith(said)]
    assert record["fronts"].keys() == {POCKET, TABLET}
    assert record["front"] == record["fronts"][POCKET]
    pareto = json.loads((tmp_path / "pareto.json").read_text())
    assert {point["number"] for point in pareto["points"]} == {n for front in record["fronts"].values() for n in front}
    assert len(list(tmp_path.glob("latencies-*.json.gz"))) == 2


def test_one_device_in_a_list_is_the_search_of_that_device(tmp_path, spec, listener):
    one = searched(spec, tmp_path / "one", listener())
    listed = {**{name: value for name, value in spec.items() if name != "device"}, "devices": [spec["device"]]}

    record = searched(listed, tmp_path / "listed", listener())

    assert record["spec"] == one["spec"]
    assert record.keys() == one.keys()
    assert record["trials"] == one["trials"]


def test_a_network_over_the_target_of_any_device_is_refused(tmp_path, both, listener):
    free = searched(both, tmp_path / "free", listener())
    target = sorted(trial["metrics"][f"latency_ms@{TABLET}"] for trial in free["trials"])[1]
    aim = {"name": "constrained", "target_latency_ms": {TABLET: target, POCKET: 1e3}}

    record = searched({**both, "objective": aim}, tmp_path / "bound", listener())

    assert all(trial["metrics"][f"latency_ms@{TABLET}"] <= target for trial in record["trials"])
    assert record["refused"]


def test_a_killed_search_goes_on_as_if_it_had_not_been(tmp_path, both, listener):
    calm = searched({**both, "searcher": "predictor"}, tmp_path / "calm", listener())
    with pytest.raises(KeyboardInterrupt):
        searched({**both, "searcher": "predictor"}, tmp_path / "out", listener(stop_at=("trial 1", 1)))

    assert searched({**both, "searcher": "predictor"}, tmp_path / "out", listener())["trials"] == calm["trials"]


@pytest.mark.parametrize(("name", "chosen"), [("pareto", [1, 2]), ("tunas", [0, 1])])
def test_finalists_are_the_best_for_each_device_in_turn_where_each_has_its_front(name, chosen):
    """The most accurate trial is too slow for both; trial 1 is the best for one device, trial 2 for the other."""
    space = load_space("small")
    latencies, accuracies = [(9.0, 9.0), (1.0, 9.0), (9.0, 1.0), (1.0, 1.0)], [0.9, 0.8, 0.7, 0.6]
    trials = {
        number: Trial(
            number,
            space.sample(Random(number)),
            State.SUCCEEDED,
            {"accuracy": accuracy, "latency_ms": first, f"latency_ms@{TABLET}": second},
            accuracy,
        )
        for number, (accuracy, (first, second)) in enumerate(zip(accuracies, latencies, strict=True))
    }
    aim = objective.make({"name": name, "target_latency_ms": {POCKET: 2.0, TABLET: 2.0}})

    best = in_turn(by_reward(trials.values()), aim)[:4]

    assert [trial.number for trial in best[:2]] == chosen
    assert {trial.number for trial in best} == {0, 1, 2, 3}


def test_devices_that_compute_in_different_numbers_are_refused(tmp_path, spec, listener):
    del spec["device"]
    wrong = {**spec, "devices": ["local-cpu-1t", "local-onnxruntime_cpu-int8-1t"]}

    with pytest.raises(SpecError, match=r"devices: local-cpu-1t computes in fp32 and .* in int8"):
        searched(wrong | {"objective": {"name": "constrained"}}, tmp_path, listener())
