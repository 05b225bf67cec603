"""State that all evaluations of a search share: prepared once, kept with the search, and given to each worker."""

import json
import os
import shutil
import time
from threading import Thread

import pytest
from live_service import ledger_of
from processes import PATIENCE_S

from nas.jobs.records import TrainingKey
from nas.service.settings import Settings
from nas.spec import parse_spec
from workers.dispatching.assignment import Assignment
from workers.executing.executors.inline import InlineExecutor
from workers.executing.scheduler import Scheduler
from workers.folder_run.run import run
from workers.searching import preparation

PREPARING = "preparing the evaluator pooled"


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log"
    path.touch()
    return path


@pytest.fixture
def spec(spec, log):
    return {**spec, "evaluator": {"name": "pooled", "log": str(log)}}


def loads(lines):
    return [line for line in lines if line.startswith("load")]


def test_the_trials_of_a_search_share_what_is_prepared_once(tmp_path, spec, log, listener):
    heard = listener()

    record = run(parse_spec(spec), tmp_path / "out", heard, executor_name="inline")

    lines = log.read_text().splitlines()
    assert lines[:5] == ["prepare four", "epoch 1", "epoch 2", "epoch 3", "epoch 4"]
    networks = len({trial["id"] for trial in record["trials"]})
    assert len(loads(lines)) == len(lines) - 5 == networks
    assert {trial["state"] for trial in record["trials"]} == {"succeeded"}
    assert heard.epochs[:4] == [(PREPARING, epoch, 4) for epoch in (1, 2, 3, 4)]
    assert heard.phases.index("PREPARING") == heard.phases.index("TRAINING") - 1


def test_a_search_killed_while_it_prepares_goes_on_from_the_last_epoch(tmp_path, spec, log, listener):
    with pytest.raises(KeyboardInterrupt):
        run(parse_spec(spec), tmp_path / "out", listener(stop_at=(PREPARING, 3)), executor_name="inline")
    before = log.read_text().splitlines()

    run(parse_spec(spec), tmp_path / "out", listener(), executor_name="inline")

    after = log.read_text().splitlines()[len(before) :]
    assert before == ["prepare four", "epoch 1", "epoch 2"]
    assert after[:3] == ["prepare four", "epoch 3", "epoch 4"]


def test_a_search_killed_after_it_does_not_prepare_again(tmp_path, spec, log, listener):
    with pytest.raises(KeyboardInterrupt):
        run(parse_spec(spec), tmp_path / "out", listener(stop_at=("trial 1", 1)), executor_name="inline")
    before = log.read_text().splitlines()

    record = run(parse_spec(spec), tmp_path / "out", listener(), executor_name="inline")

    after = log.read_text().splitlines()[len(before) :]
    assert after == loads(after)
    assert record["finished"]


def test_a_process_killed_while_it_prepares_is_replaced_and_all_workers_get_the_result(tmp_path, spec, log, listener):
    spec["evaluator"] |= {"kill_at": 2}

    record = run(parse_spec(spec | {"parallel": 2}), tmp_path / "out", listener(), executor_name="process")

    lines = log.read_text().splitlines()
    assert lines[:7] == [*["prepare four", "epoch 1", "epoch 2", "killed"], *["prepare four", "epoch 3", "epoch 4"]]
    assert loads(lines) == lines[7:]
    assert f"load {os.getpid()}" not in lines, "another process has it"
    assert {trial["state"] for trial in record["trials"]} == {"succeeded"}


def test_the_next_owner_of_a_search_has_what_the_first_one_prepared(tmp_path, spec, log):
    """On another machine: all that both have are the ledger and the artifacts."""
    settings = Settings(home=tmp_path, executor="inline", threads=1)
    with ledger_of(settings) as ledger:
        ledger.searches.submit(parse_spec(spec).model_dump(mode="json"), name="prepared")
        first = assignment(ledger, settings)
        started = first._listener.started
        first._listener.started = lambda number: (first.stop(), started(number))
        carried_out(first)
        before = log.read_text().splitlines()
        left = ledger.claims.owned("the test")
        shutil.rmtree(settings.scratch)

        second = assignment(ledger, settings)
        carried_out(second)

        record = ledger.searches.get(second.id)
        kinds = {link.kind for link in ledger.artifacts.links(second.id)}
    assert left == []
    assert before[-1] == "epoch 4"
    after = log.read_text().splitlines()[len(before) :]
    assert after == loads(after)
    assert record.state == "SUCCEEDED", record.state_message
    assert "prepared" in kinds


def assignment(ledger, settings):
    return Assignment(ledger, settings, Scheduler(InlineExecutor(1)), ledger.claims.claim("the test"))


def carried_out(made):
    made.start()
    made.join(PATIENCE_S)
    assert made.over


def test_a_file_that_is_lost_is_prepared_again(tmp_path, spec, log, listener):
    run(parse_spec(spec), tmp_path / "out", listener(), executor_name="inline")
    known = json.loads((tmp_path / "out" / "results" / "prepared.json").read_text())
    (tmp_path / "out" / known["file"]).unlink()
    before = log.read_text().splitlines()

    run(parse_spec(spec), tmp_path / "out", listener(), executor_name="inline")

    after = log.read_text().splitlines()[len(before) :]
    assert after == ["prepare four"], "its checkpoint has all epochs"
    assert (tmp_path / "out" / known["file"]).exists()


@pytest.fixture
def shared(spec, tmp_path, monkeypatch):
    """A spec whose preparation any search may use."""
    monkeypatch.setenv("NAS_CACHE_DIR", str(tmp_path / "cache"))
    return {**spec, "evaluator": {**spec["evaluator"], "shared": True}}


def test_searches_share_what_one_of_them_has_prepared(tmp_path, shared, log, listener):
    """Whatever their device, objective, searcher and trials; not with another seed."""
    run(parse_spec(shared), tmp_path / "one", listener(), executor_name="inline")
    before = log.read_text().splitlines()
    other = shared | {"searcher": {"name": "evolution"}, "objective": {"name": "pareto"}, "max_trials": 3}

    record = run(parse_spec(other), tmp_path / "other", listener(), executor_name="inline")

    after = log.read_text().splitlines()[len(before) :]
    assert after == loads(after)
    assert record["finished"]
    run(parse_spec(shared | {"seed": 1}), tmp_path / "seed", listener(), executor_name="inline")
    assert log.read_text().count("prepare four") == 2


def test_a_search_goes_on_with_the_preparation_that_a_killed_one_began(tmp_path, shared, log, listener):
    with pytest.raises(KeyboardInterrupt):
        run(parse_spec(shared), tmp_path / "one", listener(stop_at=(PREPARING, 3)), executor_name="inline")

    run(parse_spec(shared), tmp_path / "other", listener(), executor_name="inline")

    assert [line for line in log.read_text().splitlines() if line.startswith("epoch")] == [
        f"epoch {number}" for number in (1, 2, 3, 4)
    ]


def test_a_search_waits_for_another_that_prepares_the_same(tmp_path, shared, log, listener):
    run(parse_spec(shared), tmp_path / "first", listener(), executor_name="inline")
    (file,) = (tmp_path / "cache" / "prepared").glob("*.bin")
    content, before = file.read_bytes(), log.read_text()
    file.unlink()
    heard = listener()
    waiting = Thread(target=run, args=(parse_spec(shared), tmp_path / "out", heard), kwargs={"executor_name": "inline"})

    with preparation._alone(file.with_suffix(".lock"), lambda: None):
        waiting.start()
        until = time.monotonic() + PATIENCE_S
        while not any("waiting for another search" in line for line in heard.lines):
            assert time.monotonic() < until
            time.sleep(0.01)
        file.write_bytes(content)
    waiting.join(PATIENCE_S)

    after = log.read_text().removeprefix(before).splitlines()
    assert after == loads(after) != []


def test_searches_of_the_service_share_a_preparation(tmp_path, shared, log):
    settings = Settings(home=tmp_path, executor="inline", threads=1)
    states = []
    with ledger_of(settings) as ledger:
        for name in ("one", "other"):
            ledger.searches.submit(parse_spec(shared).model_dump(mode="json"), name=name)
            made = assignment(ledger, settings)
            carried_out(made)
            states.append(ledger.searches.get(made.id).state)
    assert states == ["SUCCEEDED", "SUCCEEDED"]
    assert log.read_text().count("prepare four") == 1
    assert not list((tmp_path / "cache").rglob("*.bin")), "the ledger has it"


def test_keys_tell_preparations_and_trials_of_spaces_apart():
    key = TrainingKey("space-a", "images", "recipe", 0, 4)

    assert preparation.shared_path(key, "bin") != preparation.shared_path(
        TrainingKey("space-b", "images", "recipe", 0, 4), "bin"
    )
