"""The search loop over journals kept in memory and in files."""

from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest
from loop_steps import accuracy, done, failed, four, known, skips_that_do_not_apply, steps, within

from nas.asking.problem import Problem
from nas.errors import DivergedError, InfeasibleError, NasError
from nas.objective import objective
from nas.search.journal import FileJournal
from nas.search.loop import Search
from nas.searcher import Searcher, searcher
from nas.spaces import load_space
from nas.trial import REFUSED_KERNELS, Metrics, State, Trial

SPACE = load_space("small")


class Again(Searcher):
    """Draws any member, also one that was asked."""

    name = "again"

    def propose(self, count, rng):
        return [self.space.sample(rng) for _ in range(count)]

    def asked(self, trial):
        pass

    def tell(self, trial):
        pass


def search(path: Path, target_latency_ms: float = 1.0, name: str = "evolution") -> Search:
    aim = within(target_latency_ms)
    return Search(searcher.make(name, Problem(SPACE, aim), 7), aim, FileJournal(path))


def repeating(path: Path, name: str = "random") -> Search:
    """In a space where half of the choices make no other network."""
    aim = within()
    return Search(searcher.make(name, Problem(skips_that_do_not_apply(), aim), 0), aim, FileJournal(path))


def test_runs_exactly_the_trials_asked_for(tmp_path):
    trials = search(tmp_path / "j").run(steps(), max_trials=30, parallel=1)

    assert [t.number for t in trials] == list(range(30))
    assert all(t.state is State.SUCCEEDED and t.reward == accuracy(t) for t in trials)


def test_finished_trials_are_not_trained_again(tmp_path):
    search(tmp_path / "j").run(steps(), max_trials=10, parallel=1)
    trained = []

    def train(trial):
        trained.append(trial.number)
        return done({"accuracy": accuracy(trial)})

    search(tmp_path / "j").run(steps(train), max_trials=12, parallel=1)

    assert trained == [10, 11]


def test_a_failed_training_is_a_failed_trial_with_its_reason(tmp_path):
    def train(trial):
        if trial.number == 3:
            return failed(DivergedError("the loss is nan at epoch 1"))
        return done({"accuracy": accuracy(trial)})

    trials = search(tmp_path / "j").run(steps(train), max_trials=6, parallel=1)

    assert [t.state for t in trials].count(State.FAILED) == 1
    assert trials[3].reason == "DivergedError: the loss is nan at epoch 1"
    assert search(tmp_path / "j").trials[3].state is State.FAILED


def test_a_score_that_is_no_number_is_a_failed_trial(tmp_path):
    trials = search(tmp_path / "j").run(steps(lambda _: done({"accuracy": float("nan")})), max_trials=2, parallel=1)

    assert [t.state for t in trials] == [State.FAILED, State.FAILED]
    assert trials[0].reason == "accuracy is nan"


def test_a_metric_that_the_objective_needs_and_nobody_measured_fails_the_trial(tmp_path):
    trials = search(tmp_path / "j").run(steps(lambda _: done({"loss": 0.5})), max_trials=2, parallel=1)

    assert [trial.state for trial in trials] == [State.FAILED] * 2
    assert trials[0].reason == "accuracy was not measured"


def test_a_trial_that_is_over_a_limit_once_it_is_trained_is_infeasible(tmp_path):
    """As the file of a network with codes may be larger than was expected. The training is not done again."""
    aim = objective.make({"name": "constrained", "target_latency_ms": 1.0, "max_size_bytes": 1000})
    expected = [900, 900, 1100]  # the last is refused before it is trained
    measured = [950, 1250]

    def made() -> Search:
        return Search(searcher.make("random", Problem(SPACE, aim), 7), aim, FileJournal(tmp_path / "j"))

    def sized(candidate):
        return known(candidate) | {"size_bytes": expected.pop(0) if expected else 900}

    def train(trial):
        return done({"accuracy": 0.5, "size_bytes": measured[trial.number] if trial.number < 2 else 900})

    trials = made().run(replace(steps(train), known=sized), max_trials=3, parallel=1)

    assert [trial.state for trial in trials] == [State.SUCCEEDED, State.INFEASIBLE, State.SUCCEEDED]
    assert (trials[1].reward, trials[1].metrics["size_bytes"]) == (-0.25, 1250)
    assert trials[1].reason == "trained, it is over a limit (size_bytes <= 1000, latency_ms <= 1)"
    assert list(made().trials.values()) == trials


def test_a_bug_is_not_a_failed_trial(tmp_path):
    with pytest.raises(ZeroDivisionError):
        search(tmp_path / "j").run(steps(lambda _: failed(ZeroDivisionError())), max_trials=2, parallel=1)


def test_a_network_asked_for_again_waits_for_its_training(tmp_path):
    """Four networks in the space, two workers: each is trained once, however often it is asked for."""
    space = four({"blocks": [{"conv": {"kernel": [3, 5]}}], "layers": 1, "width": [8, 16]})
    aim = within()
    trained, open_futures = [], []

    def train(trial):
        trained.append(trial.candidate.architecture.id)
        open_futures.append(Future())
        if len(open_futures) == 2:
            for future in open_futures:
                future.set_result({"accuracy": 0.5})
            open_futures.clear()
        return done({"accuracy": 0.5}) if not open_futures else open_futures[-1]

    run = Search(Again(Problem(space, aim), 0), aim, FileJournal(tmp_path / "j"))
    trials = run.run(steps(train), max_trials=20, parallel=2)

    assert len(trained) == len(set(trained)) == 4
    assert [t.number for t in trials] == list(range(20))
    assert sum(t.reused for t in trials) == 16


@pytest.mark.parametrize("name", ["random", "evolution"])
def test_no_trial_is_spent_on_a_network_of_the_search(tmp_path, name):
    """A searcher proposes a network again in other words: it is told what is known, the next trial is another one."""
    count = 40

    trials = repeating(tmp_path / "j", name).run(steps(), max_trials=count, parallel=1)

    assert [t.number for t in trials] == list(range(count))
    assert len({t.candidate.architecture.network_id for t in trials}) == count
    assert not any(t.reused for t in trials)
    assert '"repeated"' in (tmp_path / "j").read_text(), "the space has too many networks"


def test_a_repeat_of_a_running_network_is_told_when_that_ends(tmp_path):
    """Two trials run: a proposal of the first one's network is told with its result, also of one that fails."""
    told: list[tuple[int, State]] = []
    run = repeating(tmp_path / "j")
    learn = run.searcher.tell
    run.searcher.tell = lambda trial: (told.append((trial.number, trial.state)), learn(trial))  # type: ignore[method-assign]
    waiting: list[tuple[Trial, Future[Metrics]]] = []

    def train(trial):
        waiting.append((trial, Future()))
        if len(waiting) == 4:
            for open_trial, future in waiting:
                if open_trial.number % 2:
                    future.set_exception(DivergedError("nan"))
                else:
                    future.set_result({"accuracy": 0.5})
            own = waiting[-1][1]
            waiting.clear()
            return own
        return waiting[-1][1]

    trials = run.run(steps(train), max_trials=40, parallel=4)

    assert len(told) > 40
    assert set(told) == {(trial.number, trial.state) for trial in trials}


def test_a_network_trained_elsewhere_is_not_trained_again(tmp_path):
    run = search(tmp_path / "j", name="random")
    trials = run.run(
        steps(lambda _: failed(ZeroDivisionError()), cached_training=lambda _: {"accuracy": 0.7}),
        max_trials=3,
        parallel=1,
    )

    assert [(t.reused, t.metrics["accuracy"]) for t in trials] == [(True, 0.7)] * 3
    assert all(t.reused for t in search(tmp_path / "j", name="random").trials.values()), "the journal knows it"


def test_the_number_of_trials_may_change_while_it_runs(tmp_path):
    run = search(tmp_path / "j", name="random")

    def train(trial):
        run.max_trials = 9 if trial.number == 2 else run.max_trials
        return done({"accuracy": accuracy(trial)})

    assert len(run.run(steps(train), max_trials=4, parallel=1)) == 9


def test_a_search_ends_when_nothing_is_left_to_propose(tmp_path):
    """Four networks in the space: there are four trials, also for a search that goes on."""
    space = four({"blocks": [{"conv": {"kernel": [3, 5]}}], "layers": 1, "width": [8, 16]})
    aim = within()
    for _ in range(2):
        run = Search(searcher.make("random", Problem(space, aim), 0), aim, FileJournal(tmp_path / "j"))
        trials = run.run(steps(), max_trials=20, parallel=3)

        assert len({trial.candidate.architecture.network_id for trial in trials}) == len(trials) == 4
        assert run.exhausted


def test_candidates_over_a_limit_are_refused_without_training(tmp_path):
    trained = []

    def train(trial):
        trained.append(trial.metrics["latency_ms"])
        return done({"accuracy": accuracy(trial)})

    run = search(tmp_path / "j", target_latency_ms=0.1, name="random")
    run.run(steps(train), max_trials=5, parallel=1)

    assert len(trained) == 5
    assert max(trained) <= 0.1
    assert run.refused > 0


def test_an_unreachable_limit_ends_the_search_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr("nas.search.loop.REFUSALS_IN_A_ROW", 50)

    with pytest.raises(InfeasibleError, match=r"latency_ms <= 1e-06.*nas space profile"):
        search(tmp_path / "j", target_latency_ms=1e-6).run(steps(done), max_trials=5, parallel=1)


def test_a_network_that_the_device_does_not_run_is_infeasible(tmp_path, monkeypatch):
    """Without a latency; the searcher is told how many kernels are to blame."""
    monkeypatch.setattr("nas.search.loop.REFUSALS_IN_A_ROW", 50)
    told = []

    def unrunnable(_):
        return {REFUSED_KERNELS: 2, "params": 10}

    run = search(tmp_path / "j")
    monkeypatch.setattr(run.searcher, "tell", told.append)
    with pytest.raises(InfeasibleError, match="the device does not run it: take the blocks"):
        run.run(replace(steps(done), known=unrunnable), max_trials=5, parallel=1)

    assert {(trial.state, trial.reward) for trial in told} == {(State.INFEASIBLE, -2)}


def test_a_line_cut_short_by_a_crash_is_dropped(tmp_path):
    path = tmp_path / "j"
    FileJournal(path).add({"event": "asked"})
    with path.open("ab") as file:
        file.write(b'{"event": "to')

    journal = FileJournal(path)
    journal.add({"event": "told"})

    assert FileJournal(path).events() == [{"event": "asked"}, {"event": "told"}]


def test_a_damaged_journal_says_so(tmp_path):
    (tmp_path / "j").write_text('{"event": 1}\nrubbish\n{"event": 2}\n')

    with pytest.raises(NasError, match="damaged"):
        FileJournal(tmp_path / "j")
