"""When the record of a run is written, and what it says while the run goes on."""

import json
from dataclasses import replace
from random import Random
from types import SimpleNamespace

import pytest

from latency_db.devices.local import local_device
from nas.asking.problem import Problem
from nas.objective import objective
from nas.searcher import searcher
from nas.spaces import load_space
from nas.spec import parse_spec
from nas.testing import halves
from nas.trial import State, Trial
from workers.folder_run.folder import RunFolder
from workers.searching.recording.run_description import describe_run
from workers.searching.run_record import RunRecord

SPEC = parse_spec({"dataset": "fashion_mnist_mini"})
SPACE = load_space("small")
AIM = {"name": "constrained", "target_latency_ms": 1.0}
IMAGES = replace(halves(), test=halves(1).validation)  # its own is not to be read
DEVICES = {"local-cpu-1t": local_device("local-cpu-1t")}
FACTS = describe_run(IMAGES, DEVICES, searcher.make("auto", Problem(SPACE, objective.make(AIM)), 0), AIM)
METRICS = {"accuracy": 0.5, "latency_ms": 1.0, "params": 10, "macs": 10, "size_bytes": 40}


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def folder(tmp_path):
    with RunFolder(tmp_path, SPEC) as held:
        yield held


def trial(number, state=State.SUCCEEDED):
    done = {"metrics": METRICS, "reward": 0.5} if state is State.SUCCEEDED else {}
    return Trial(number, SPACE.sample(Random(number)), state, **done)


def record(folder, clock, update_s, *trials):
    search = SimpleNamespace(trials={trial.number: trial for trial in trials}, refused=0)
    return search, RunRecord(SimpleNamespace(store=folder, spec=SPEC), search, FACTS, update_s, clock=clock)


def written(folder):
    """The numbers of the trials on record, which is then removed; None if there is no record."""
    path = folder.path / "trials.jsonl"
    if not path.exists():
        return None
    numbers = [json.loads(line)["number"] for line in path.read_text().splitlines()]
    path.unlink()
    return numbers


def test_it_is_written_at_most_every_update_s(folder, clock):
    _, made = record(folder, clock, 5.0, trial(0))

    made.update()
    assert written(folder) == [0]
    clock.now += 4.9
    made.update()
    assert written(folder) is None
    clock.now += 0.2
    made.update()
    assert written(folder) == [0]
    made.flush()
    assert written(folder) == [0], "a flush does not wait"


def test_without_update_s_it_is_written_at_the_end_alone(folder, clock):
    _, made = record(folder, clock, None, trial(0))

    made.update()
    made.flush()
    assert written(folder) is None

    made.finish([], [])
    assert written(folder) == [0]


def test_running_trials_are_on_record_when_they_have_ended(folder, clock):
    search, made = record(folder, clock, 0.0, trial(0), trial(1, State.RUNNING))
    made.update()
    assert written(folder) == [0]

    search.trials[1] = trial(1)
    made.update()

    assert written(folder) == [0, 1]


def test_its_seconds_count_earlier_calls_and_its_time_is_that_of_the_first(folder, clock):
    _, first = record(folder, clock, 5.0, trial(0))
    clock.now += 7
    first.flush()
    clock.now = 0.0

    _, second = record(folder, clock, 5.0, trial(0))
    clock.now += 3
    found = second.finish([], [])

    assert found["seconds"] == 10
    assert found["created"] == folder.known("begun")["at"]


def test_files_are_handed_out_only_when_they_are_final(folder, clock, monkeypatch):
    published = []
    monkeypatch.setattr(folder, "publish", lambda kind, name, *_: published.append((kind, name)))
    _, made = record(folder, clock, 0.0, trial(0))

    made.update()
    assert published == []
    made.finish([], [])

    assert published == [("trials", "trials.jsonl"), ("pareto", "pareto.json"), ("report", "report.html")]
