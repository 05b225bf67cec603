"""What a search's oracle reads: frozen when the search began, whatever is measured later, and wherever it goes on."""

import json
import shutil

import numpy as np
import pytest
from live_service import ledger_of
from made_up import pocket

from latency_db.storing.store import Store
from nas.asking.codes import random_codes
from nas.asking.problem import Problem
from nas.service.settings import Settings
from nas.spec import parse_spec
from workers.dispatching.assignment import Assignment
from workers.executing.executors.inline import InlineExecutor
from workers.executing.scheduler import Scheduler
from workers.folder_run.run import run
from workers.searching import pipeline


@pytest.fixture
def problems(monkeypatch):
    """The problems that searches make."""
    made = []

    def problem(*arguments, **named):
        made.append(Problem(*arguments, **named))
        return made[-1]

    monkeypatch.setattr(pipeline, "Problem", problem)
    return made


def known(problem):
    """The latencies of random candidates; they are all in the table."""
    found = problem.known(random_codes(problem.space, 20, np.random.default_rng(0)))["latency_ms"]
    assert np.isfinite(found).all()
    return found


def measure_again(file):
    """All kernels have become slower."""
    store, elsewhere = Store(file), pocket()
    slower = [
        elsewhere.record(r.signature.key, 3 * r.latency_ms, kind=r.signature.kind)
        for r in store.records(elsewhere.device)
    ]
    store.add(slower)


def test_a_resumed_search_reads_the_latencies_that_it_began_with(tmp_path, spec, listener, problems, latency_file):
    with pytest.raises(KeyboardInterrupt):
        run(parse_spec(spec), tmp_path / "out", listener(stop_at=("trial 1", 1)), executor_name="inline")
    measure_again(latency_file)

    run(parse_spec(spec), tmp_path / "out", listener(), executor_name="inline")
    run(parse_spec(spec), tmp_path / "new", listener(), executor_name="inline")

    before, after, new = problems
    kept = json.loads((tmp_path / "out" / "results" / "frozen-latencies.json").read_text())
    assert before.known.digest == after.known.digest == kept["digest"] != new.known.digest
    assert np.array_equal(known(before), known(after))
    assert (known(new) > 2.5 * known(before)).all()


@pytest.mark.parametrize("left", [None, 100])
def test_latencies_that_are_lost_are_frozen_again_and_that_is_said(tmp_path, spec, listener, problems, left):
    run(parse_spec(spec), tmp_path, listener(), executor_name="inline")
    (file,) = tmp_path.glob("latencies-*.json.gz")
    content, heard = file.read_bytes(), listener()
    file.unlink()
    if left:
        file.write_bytes(content[:left])

    run(parse_spec(spec), tmp_path, heard, executor_name="inline")

    assert f"{file.name} is lost or damaged: the searcher goes on with latencies as they are now" in heard.lines
    assert file.read_bytes() == content
    assert problems[0].known.digest == problems[1].known.digest


def test_the_next_owner_of_a_search_reads_what_the_first_one_froze(tmp_path, spec, problems, latency_file):
    """On another machine: all that both have are the ledger and the artifacts."""
    settings = Settings(home=tmp_path, executor="inline", threads=1)
    with ledger_of(settings) as ledger:
        ledger.searches.submit(parse_spec(spec).model_dump(mode="json"), name="frozen")
        first = assignment(ledger, settings)
        first._listener.started = lambda _: first.stop()
        carried_out(first)
        shutil.rmtree(settings.scratch)
        measure_again(latency_file)
        carried_out(assignment(ledger, settings))

    before, after = problems
    assert np.array_equal(known(before), known(after))


def assignment(ledger, settings):
    return Assignment(ledger, settings, Scheduler(InlineExecutor(1)), ledger.claims.claim("the test"))


def carried_out(made):
    made.start()
    made.join(60)
    assert made.over
