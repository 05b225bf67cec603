import random
import sqlite3

import pytest
from ledger_steps import asked, carry_out, claimed, refused, repeated, told, types
from sqlalchemy import event

from nas.jobs.errors import StateError
from nas.jobs.ledger import Ledger
from nas.jobs.owner import SearchOwner
from nas.jobs.records import Counts, TrainingKey
from nas.jobs.states import AttemptState, TrialState
from nas.metric import FRONT, directions
from nas.pareto import front

KEY = TrainingKey("a" * 16, "data", "recipe", 3, 2)
BETTER = directions(FRONT)


def test_the_journal_gives_back_what_was_added(ledger):
    _, owner = claimed(ledger)
    awkward = {**asked(0), "metrics": {"latency_ms": 0.1 + 0.2, "tiny": 5e-324, "huge": 1.7976931348623157e308, "é": 1}}
    lines = [refused(0), refused(0), awkward, told(0), refused(1), repeated(0), refused(1), asked(1), asked(2)]
    lines += [repeated(1), told(2, reward=None), told(1)]
    for line in lines:
        owner.add(line)
    assert owner.events() == lines
    assert [list(line) for line in owner.events()] == [list(line) for line in lines]
    assert repr(owner.events()) == repr(lines)


def test_lines_on_refused_candidates_wait_for_the_next_line(ledger):
    search, owner = claimed(ledger)
    owner.add(refused(0))
    owner.note("between")
    assert owner.events() == []
    owner.add(asked(0))
    assert types(ledger, search.id)[-3:] == ["search.note", "candidates.refused", "trial.asked"]
    for line in (refused(1), repeated(0)):
        owner.add(line)
    owner.end("SUCCEEDED")
    assert types(ledger, search.id)[-3:] == ["candidates.refused", "candidates.repeated", "search.state"]
    assert ledger.searches.get(search.id).counts.refused == 2


def test_many_refused_candidates_do_not_pile_up(ledger):
    search, owner = claimed(ledger)
    for _ in range(1000):
        owner.add(refused(0))
    assert ledger.searches.get(search.id).counts.refused == 1000
    assert len(owner.events()) == 1000


def test_a_write_that_failed_keeps_the_refused_lines(ledger):
    _, owner = claimed(ledger)
    owner.add(refused(0))
    with pytest.raises(StateError):
        owner.add(asked(7))
    owner.add(asked(0))
    assert [line["event"] for line in owner.events()] == ["refused", "asked"]


def test_a_trial_from_asked_to_told(ledger):
    search, owner = claimed(ledger)
    owner.add(asked(0))
    trial = ledger.trials.get(f"{search.id}.0")
    assert (trial.state, trial.attempts, trial.started_at, trial.ended_at) == (TrialState.QUEUED, 0, None, None)
    assert (trial.notation, trial.choices) == (asked(0)["notation"], {"stage 0": 1, "another": 0})
    assert (trial.architecture, trial.architecture_id) == (asked(0)["architecture"], asked(0)["architecture_id"])
    assert owner.started(0, "worker 7") == 1
    assert ledger.trials.get(trial.id).state is TrialState.RUNNING
    owner.told(told(0, accuracy=0.75, reward=0.5))
    ended = ledger.trials.get(trial.id)
    assert (ended.state, ended.reward, ended.on_front, ended.reused) == (TrialState.SUCCEEDED, 0.5, True, False)
    assert ended.metrics == told(0, accuracy=0.75)["metrics"]
    assert ended.seq == ledger.searches.get(search.id).last_seq
    assert ended.created_at <= ended.started_at <= ended.ended_at
    (attempt,) = ledger.trials.attempts(trial.id)
    assert (attempt.attempt, attempt.worker, attempt.state) == (1, "worker 7", AttemptState.SUCCEEDED)
    assert types(ledger, search.id)[2:] == ["trial.asked", "trial.started", "trial.told"]
    data = ledger.events.after(search.id)[-1].data
    assert (data["number"], data["state"], data["reward"], data["on_front"]) == (0, "SUCCEEDED", 0.5, True)


def test_a_failed_trial_has_a_reason_and_no_place_on_the_front(ledger):
    search, owner = claimed(ledger)
    carry_out(owner, 0, reward=None)
    trial = ledger.trials.get(f"{search.id}.0")
    assert (trial.state, trial.reward, trial.on_front) == (TrialState.FAILED, None, False)
    assert trial.reason == "DivergedError: the loss is nan"
    assert ledger.trials.attempts(trial.id)[0].state is AttemptState.FAILED
    found = ledger.searches.get(search.id)
    assert found.counts == Counts(trials=1, failed=1)
    assert found.best_trial is None


def test_a_result_is_accepted_once(ledger):
    search, owner = claimed(ledger)
    carry_out(owner, 0)
    before = ledger.searches.get(search.id)
    with pytest.raises(StateError, match="is SUCCEEDED"):
        owner.told(told(0, accuracy=0.9, reward=0.9), (KEY, {"accuracy": 0.9}))
    assert ledger.searches.get(search.id) == before
    assert ledger.trainings.get(KEY) is None


@pytest.mark.parametrize("number", [0, 2, -1])
def test_numbers_are_asked_in_order_and_once(ledger, number):
    search, owner = claimed(ledger)
    owner.add(asked(0))
    with pytest.raises(StateError, match="next number"):
        owner.add(asked(number))
    assert ledger.searches.get(search.id).counts.trials == 1


def test_a_trial_that_was_not_asked_has_no_attempt_and_no_result(ledger):
    _, owner = claimed(ledger)
    for write in (lambda: owner.started(0, "w"), lambda: owner.told(told(0))):
        with pytest.raises(StateError, match="unknown"):
            write()


def test_a_trial_has_one_attempt_at_a_time(ledger):
    search, owner = claimed(ledger)
    owner.add(asked(0))
    owner.started(0, "a")
    with pytest.raises(StateError, match="an attempt already"):
        owner.started(0, "b")
    ledger.claims.release(owner.lease)
    assert ledger.searches.get(search.id).counts == Counts(trials=1, queued=1)
    successor = SearchOwner(ledger, ledger.claims.claim("two").lease)
    assert successor.started(0, "b") == 2
    assert [(a.state, a.reason) for a in ledger.trials.attempts(f"{search.id}.0")] == [
        (AttemptState.LOST, "the dispatcher stopped"),
        (AttemptState.RUNNING, None),
    ]


def test_the_best_trial_is_the_first_with_the_highest_reward(ledger):
    search, owner = claimed(ledger)
    for number, reward in enumerate([-2.0, 0.5, None, 0.5, 0.1]):
        carry_out(owner, number, reward=reward)
    found = ledger.searches.get(search.id)
    assert (found.best_trial, found.best_reward) == (1, 0.5)


def test_the_front_is_that_of_all_trials_after_each(ledger):
    search, owner = claimed(ledger)
    random_points = random.Random(5)
    points = []
    for number in range(40):
        points.append((random_points.randint(1, 8) / 2, random_points.randint(0, 8) / 8))
        latency_ms, accuracy = points[-1]
        seen = ledger.searches.get(search.id).last_seq
        carry_out(owner, number, latency_ms=latency_ms, accuracy=accuracy)
        members = ledger.trials.front(search.id)
        assert sorted(trial.number for trial in members) == sorted(front(points, BETTER))
        latencies = [trial.metrics["latency_ms"] for trial in members]
        assert latencies == sorted(latencies)
        # a client that follows the events sees which trials left the front
        news = ledger.trials.columns(search.id, seen).columns
        known = set(front(points[:-1], BETTER)) ^ set(front(points, BETTER))
        assert known <= set(news["number"])


def test_a_reused_training_counts_as_such(ledger):
    search, owner = claimed(ledger)
    owner.add(asked(0))
    owner.told({**told(0), "reused": True})
    owner.add(asked(1))
    owner.told(told(1), reused=True)
    carry_out(owner, 2)
    assert ledger.searches.get(search.id).counts == Counts(trials=3, succeeded=3, reused=2)
    assert [t.reused for t in ledger.trials.page(search.id)] == [True, True, False]


def test_a_training_is_kept_with_the_result_for_every_search(ledger):
    _, owner = claimed(ledger)
    owner.add(asked(0))
    owner.told(told(0), (KEY, {"accuracy": 0.1 + 0.2}))
    assert ledger.trainings.get(KEY) == {"accuracy": 0.1 + 0.2}
    ledger.trainings.put(KEY, {"accuracy": 0.9})
    assert ledger.trainings.get(KEY) == {"accuracy": 0.1 + 0.2}
    assert ledger.trainings.get(TrainingKey("a" * 16, "data", "recipe", 4, 2)) is None


def test_events_have_no_gap_and_count_every_write(ledger):
    search, owner = claimed(ledger)
    carry_out(owner, 0)
    with pytest.raises(StateError):
        owner.told(told(0))
    owner.epochs([(0, 1, {"accuracy": 0.1}), (0, 2, {"accuracy": 0.2})])
    owner.end("SUCCEEDED")
    events = ledger.events.after(search.id)
    assert [e.seq for e in events] == list(range(1, len(events) + 1))
    assert ledger.events.positions([search.id, "srch_other"]) == {search.id: len(events)}
    assert ledger.searches.get(search.id).last_seq == len(events)
    assert [e.seq for e in ledger.events.after(search.id, 2, limit=3)] == [3, 4, 5]
    assert [e.at for e in events] == sorted(e.at for e in events)


@pytest.mark.parametrize("state", ["SUCCEEDED", "FAILED", "CANCELLED"])
def test_the_end_settles_open_trials(ledger, state):
    search, owner = claimed(ledger)
    carry_out(owner, 0)
    owner.add(asked(1))
    owner.add(asked(2))
    owner.started(2, "worker")
    if state == "CANCELLED":
        with pytest.raises(StateError, match="cannot end as CANCELLED"):
            owner.end(state)
        ledger.searches.request(search.id, "cancel")
    ended = owner.end(state, "REASON", "a message\0 with a NUL")
    assert ended == ledger.searches.get(search.id)
    assert (ended.state, ended.state_reason, ended.state_message) == (state, "REASON", "a message\ufffd with a NUL")
    assert ended.counts == Counts(trials=3, succeeded=1, cancelled=2)
    assert [t.state for t in ledger.trials.page(search.id)] == ["SUCCEEDED", "CANCELLED", "CANCELLED"]
    changed = ledger.trials.columns(search.id, ended.last_seq - 1).columns
    assert changed["number"] == [1, 2]


@pytest.mark.parametrize("state", ["QUEUED", "RUNNING", "PAUSING"])
def test_a_search_ends_only_in_a_state_of_rest(ledger, state):
    _, owner = claimed(ledger)
    with pytest.raises(StateError, match=f"cannot end as {state}"):
        owner.end(state)


def test_what_a_search_says_of_itself(ledger):
    search, owner = claimed(ledger)
    owner.phase("MEASURING")
    owner.progress("kernels", 3, 10)
    owner.note("a note")
    owner.facts({"dataset": {"classes": ["a", "b"]}}, 4.5)
    found = ledger.searches.get(search.id)
    assert (found.phase, found.progress) == ("MEASURING", {"what": "kernels", "done": 3, "total": 10})
    assert (found.facts, found.target_latency_ms) == ({"dataset": {"classes": ["a", "b"]}}, 4.5)
    owner.phase("TRAINING")
    owner.phase("TRAINING")
    found = ledger.searches.get(search.id)
    assert (found.phase, found.progress) == ("TRAINING", None)
    assert types(ledger, search.id)[2:] == [
        "search.phase",
        "search.progress",
        "search.note",
        "search.facts",
        "search.phase",
    ]


def test_what_is_kept_outlives_the_owner(ledger):
    search, owner = claimed(ledger)
    assert owner.known("step") is None
    assert owner.keep("step", {"value": [1, 2.5]}) == {"value": [1, 2.5]}
    owner.keep("step", 2)
    owner.keep("references", [{"label": "MobileNet"}])
    assert owner.known("step") == 2
    assert ledger.trials.results(search.id) == {"references": [{"label": "MobileNet"}], "step": 2}
    assert ledger.events.after(search.id)[-1].data == {"rows": [{"label": "MobileNet"}]}


def test_curves_and_output_of_a_trial(ledger):
    search, owner = claimed(ledger)
    owner.add(asked(0))
    owner.epochs([(0, 1, {"accuracy": 0.1}), (0, 2, {"accuracy": 0.2})])
    owner.epochs([(0, 2, {"accuracy": 0.3})])
    owner.log([(None, "of the search"), (0, "first\0\ud800")])
    owner.log([(0, "second")])
    owner.log([])
    owner.epochs([])
    trial_id = f"{search.id}.0"
    assert ledger.trials.curve(trial_id) == [{"epoch": 1, "accuracy": 0.1}, {"epoch": 2, "accuracy": 0.3}]
    assert [(line.n, line.trial, line.text) for line in ledger.trials.search_log(search.id)] == [
        (1, None, "of the search"),
        (2, 0, "first\ufffd?"),
        (3, 0, "second"),
    ]
    assert [line.n for line in ledger.trials.log(trial_id)] == [2, 3]
    assert [line.n for line in ledger.trials.log(trial_id, after=2)] == [3]
    assert [line.n for line in ledger.trials.search_log(search.id, after=1, limit=1)] == [2]


def test_trials_as_rows_and_as_columns(ledger):
    search, owner = claimed(ledger)
    assert set(map(len, ledger.trials.columns(search.id).columns.values())) == {0}
    for number in range(5):
        carry_out(owner, number, latency_ms=1.0 + number, accuracy=0.5, reward=None if number == 3 else 0.25)
    owner.add(asked(5))
    assert [t.number for t in ledger.trials.page(search.id, after=1, limit=2)] == [2, 3]
    assert [t.number for t in ledger.trials.page(search.id, states=("FAILED", "QUEUED"))] == [3, 5]
    everything = ledger.trials.columns(search.id)
    assert everything.seq == ledger.searches.get(search.id).last_seq
    columns = everything.columns
    records = ledger.trials.page(search.id)
    for name in ("number", "state", "architecture_id", "reward", "on_front", "reused"):
        assert columns[name] == [getattr(trial, name) for trial in records]
    for name in ("accuracy", "latency_ms", "params", "macs", "size_bytes"):
        assert columns[name] == [trial.metrics.get(name) for trial in records]
    assert columns["ended_at"] == [t.ended_at and t.ended_at.timestamp() for t in records]
    assert ledger.trials.columns(search.id, everything.seq).columns["number"] == []
    assert all(type(value) is bool for value in columns["on_front"])


def test_a_metric_without_a_column_of_its_own_is_read_from_the_trials_metrics(ledger):
    search, desk = claimed(ledger)
    names = ("number", "loss", "params", "energy_uj")
    assert ledger.trials.columns(search.id, names=names).columns == {name: [] for name in names}
    for number in range(2):
        carry_out(desk, number)
    desk.add(asked(2) | {"metrics": {"latency_ms": 1.0, "energy_uj": 2.5}})
    found = ledger.trials.columns(search.id, names=names).columns
    assert list(found) == list(names)
    assert found["number"] == [0, 1, 2]
    assert found["energy_uj"] == [None, None, 2.5]
    assert found["params"][2] is None


def test_a_trial_costs_as_much_late_as_early(sqlite_url, request):
    """Counted in steps of SQLite's machine, of which only a scan of the trials would need more and more."""
    ledger = Ledger(sqlite_url)
    request.addfinalizer(ledger.close)
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    @event.listens_for(ledger.database._engine, "connect")
    def _(connection: sqlite3.Connection, _: object) -> None:
        connection.set_progress_handler(step, 50)

    _, owner = claimed(ledger)
    costs = []
    for number in range(120):
        before = steps
        carry_out(owner, number, latency_ms=1.0 + number, accuracy=0.5)
        costs.append(steps - before)
    assert sum(costs[-40:]) < 1.1 * sum(costs[20:60])


def test_a_pruned_trial_rests_and_goes_on(ledger):
    search, owner = claimed(ledger)
    owner.add(asked(0))
    owner.started(0, "worker 1")
    owner.add(
        {**told(0, accuracy=0.3, reward=0.3), "state": "pruned", "rung": 1, "reason": "stopped after 1 of 9 epochs"}
    )
    trial = ledger.trials.get(f"{search.id}.0")
    assert (trial.state, trial.reward, trial.on_front) == (TrialState.PRUNED, 0.3, False)
    assert trial.ended_at is not None
    found = ledger.searches.get(search.id)
    assert (found.counts, found.best_trial) == (Counts(trials=1, pruned=1), None)
    owner.add({"event": "promoted", "trial": 0, "rung": 1})
    assert ledger.searches.get(search.id).counts == Counts(trials=1, queued=1)
    with pytest.raises(StateError, match="is QUEUED: only a pruned one goes on"):
        owner.add({"event": "promoted", "trial": 0, "rung": 1})
    assert owner.started(0, "worker 2") == 2
    owner.add({"event": "rung", "trial": 0, "rung": 3, "metrics": {"accuracy": 0.4}, "reward": 0.4})
    assert ledger.searches.get(search.id).counts == Counts(trials=1, queued=1)
    assert owner.started(0, "worker 2") == 3
    owner.add(told(0, accuracy=0.5, reward=0.5))
    trial = ledger.trials.get(trial.id)
    assert (trial.state, trial.reward, trial.on_front) == (TrialState.SUCCEEDED, 0.5, True)
    found = ledger.searches.get(search.id)
    assert (found.counts, found.best_trial) == (Counts(trials=1, succeeded=1), 0)
    states = [attempt.state for attempt in ledger.trials.attempts(trial.id)]
    assert states == [AttemptState.PRUNED, AttemptState.PRUNED, AttemptState.SUCCEEDED]
    assert [line["event"] for line in owner.events()] == ["asked", "told", "promoted", "rung", "told"]


def test_a_trial_that_its_training_brings_over_a_limit_has_failed(ledger):
    search, owner = claimed(ledger)
    owner.add(asked(0))
    owner.started(0, "worker 1")

    owner.told({**told(0, reward=-0.2), "state": "infeasible", "reason": "trained, it is over a limit"})

    trial = ledger.trials.get(f"{search.id}.0")
    assert (trial.state, trial.reward, trial.reason) == (TrialState.FAILED, None, "trained, it is over a limit")
    assert ledger.searches.get(search.id).best_trial is None
    assert owner.events()[-1]["state"] == "infeasible"
