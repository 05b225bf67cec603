"""A search that is killed goes on as if it had not been, whatever its searcher, and wherever it is killed."""

import json
from collections.abc import Collection, Iterable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from loop_steps import Killed, accuracy, four, skips_that_do_not_apply, steps, trained, within

from nas.asking.problem import Problem
from nas.errors import ChangedError, DivergedError
from nas.search.journal import FileJournal
from nas.search.lines import Line
from nas.search.loop import Search
from nas.searcher import Searcher, searcher
from nas.trial import Metrics, State, Trial

RECORDED = Path(__file__).parents[3] / "data" / "recorded_journal.jsonl"
"""Written by commit 02fca61, whose searchers were asked again: evolution with a population of 4 and tournaments of 2,
two trials at a time, within 0.036 ms. The run was killed in its 19th training.
"""

TRIALS = 24
KILLS = 20
PASSED = ("refused", "repeated")
CHEAP = {
    "evolution": {"population": 4},
    "gp": {"startup": 33},
    "reinforce": {"batch": 5, "ppo_epochs": 1},
}
"""Parameters by searcher with which it has learned after a few trials, and fits little."""


class KilledJournal:
    """Keeps lines in memory, and has the process killed once it has kept so many."""

    def __init__(self, lines: Iterable[Line] = (), killed_at: int | None = None) -> None:
        self.lines = [*lines]
        self._killed_at = killed_at

    def events(self) -> list[Line]:
        return json.loads(json.dumps(self.lines))

    def add(self, event: Line) -> None:
        self.lines.append(event)
        if len(self.lines) == self._killed_at:
            raise Killed


class Trainings:
    """Trainings that end in an order that depends on the trials alone: those of two numbers, as 4 and 5, together."""

    def __init__(self) -> None:
        self._numbers: dict[Future[Metrics], int] = {}

    def train(self, trial: Trial) -> Future[Metrics]:
        future: Future[Metrics] = Future()
        self._numbers[future] = trial.number
        if trial.number % 7 == 3:
            future.set_exception(DivergedError("the loss is nan at epoch 1"))
        else:
            future.set_result({"accuracy": accuracy(trial)})
        return future

    def completed(self, running: Collection[Future[Metrics]]) -> list[Future[Metrics]]:
        first = min(self._numbers[future] // 2 for future in running)
        return [future for future in running if self._numbers[future] // 2 == first]


def made(name: str) -> Searcher:
    problem = Problem(skips_that_do_not_apply(), within(0.036))
    return searcher.make({"name": name, **CHEAP.get(name, {})}, problem, 7)


def run(journal: KilledJournal, name: str, parallel: int) -> list[Trial]:
    asks, trainings = made(name), Trainings()
    search = Search(asks, asks.problem.objective, journal)
    each = replace(steps(trainings.train), completed=trainings.completed)
    return search.run(each, max_trials=TRIALS, parallel=parallel)


@pytest.mark.parametrize("parallel", [1, 5])
@pytest.mark.parametrize("name", list(searcher))
def test_killed_at_any_line_it_goes_on_as_if_it_had_not_been(name, parallel):
    """Twenty times, at any line, and without the last lines on what was passed over, which the ledger may lose."""
    calm = KilledJournal()
    trials = run(calm, name, parallel)
    rng = Random(f"{name} {parallel}")
    lines: list[Line] = []
    for killed_at in sorted(rng.sample(range(1, len(calm.lines)), KILLS)):
        journal = KilledJournal(lines, killed_at)
        with pytest.raises(Killed):
            run(journal, name, parallel)
        lines = journal.lines
        while rng.random() < 0.5 and lines[-1]["event"] in PASSED:
            lines.pop()
    last = KilledJournal(lines)

    assert run(last, name, parallel) == trials
    assert last.lines == calm.lines
    assert {line["event"] for line in calm.lines} == {"asked", "told", *PASSED}
    assert parallel == 1 or any(line.get("before_asking") for line in calm.lines)


def test_nothing_is_asked_again(monkeypatch):
    """But for the rest of an ask that the journal lacks, in the middle of a search."""
    calm = KilledJournal()
    run(calm, "random", 5)
    asked: list[int] = []
    propose = searcher["random"].propose
    monkeypatch.setattr(searcher["random"], "propose", lambda s, n, rng: asked.append(s.asks) or propose(s, n, rng))

    for length, line in enumerate(calm.lines, 1):
        asks, ask = made("random"), line.get("ask", {"count": 1, "place": 0})
        Search(asks, asks.problem.objective, KilledJournal(calm.lines[:length]))
        assert len(asked) == (ask["place"] + 1 < ask["count"])
        asked.clear()


def test_a_searcher_of_another_version_goes_on():
    """Another one, in the middle of an ask: what it proposes now is not what the journal says."""
    calm = KilledJournal()
    run(calm, "random", 5)
    cut = next(n for n, line in enumerate(calm.lines) if "ask" in line and line["ask"]["number"] > 1) + 1
    assert calm.lines[cut - 1]["ask"]["count"] > 1
    journal = KilledJournal(calm.lines[:cut])

    trials = run(journal, "evolution", 5)

    assert len(trials) == TRIALS
    assert journal.lines[:cut] == calm.lines[:cut]
    assert journal.lines[cut]["ask"] != calm.lines[cut]["ask"], "its own ask"
    assert len({trial.candidate.architecture.network_id for trial in trials}) == TRIALS


@pytest.mark.parametrize("name", list(searcher))
def test_a_journal_of_the_version_before_goes_on(tmp_path, name):
    """Its trials stay as they are, its open one is trained, and no network is tried twice."""
    path = tmp_path / "journal.jsonl"
    path.write_bytes(RECORDED.read_bytes())
    before = [json.loads(line) for line in path.read_text().splitlines()]
    began: list[int] = []
    asks = made(name)

    search = Search(asks, asks.problem.objective, FileJournal(path))
    assert (len(search.trials), search.finished, search.refused) == (19, 18, 1)
    assert asks.asks == sum(1 + line.get("repeats", 0) for line in before if line["event"] != "told")
    trials = search.run(steps(lambda t: began.append(t.number) or trained(t)), max_trials=TRIALS, parallel=2)

    assert [trial.number for trial in trials] == list(range(TRIALS))
    assert path.read_bytes().startswith(RECORDED.read_bytes())
    assert sorted(began) == list(range(18, TRIALS))
    told = {line["trial"]: line["reward"] for line in before if line["event"] == "told"}
    assert {number: trials[number].reward for number in told} == told
    assert trials[3].state is State.FAILED
    tried = [trial.candidate.architecture.network_id for trial in trials if trial.state is State.SUCCEEDED]
    assert len(tried) == len(set(tried))


def test_a_journal_with_choices_that_the_space_does_not_know_is_refused():
    """Another option, another decision, and none."""
    calm = KilledJournal()
    run(calm, "random", 1)
    widths = {"blocks": [{"conv": {"kernel": [3, 5]}}], "layers": 1, "width": [8, 16]}
    for space in (four(widths), four(widths, widths, widths)):
        asks = searcher.make("random", Problem(space, within()), 0)
        with pytest.raises(ChangedError, match=r"does not know the choices of .* trial 0.*Start again") as refused:
            Search(asks, asks.problem.objective, calm)
        assert refused.value.reason == "SEARCHER_CHANGED"
