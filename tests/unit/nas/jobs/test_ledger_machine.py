"""Any sequence of what clients, owners and former owners do, against a model of what should come of it.

NAS_MACHINE_EXAMPLES sets how many sequences are tried; more of them are for the night.
"""

import os
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from ledger_steps import SPEC, asked, refused, told
from sqlalchemy import delete, update

from nas.jobs import tables
from nas.jobs.claims import MAX_DEATHS
from nas.jobs.errors import FencedError, StateError
from nas.jobs.ledger import Ledger
from nas.jobs.owner import SearchOwner
from nas.jobs.records import Lease
from nas.jobs.states import AT_REST, VERBS, SearchState
from nas.metric import FRONT, directions
from nas.pareto import front

_EXAMPLES = int(os.environ.get("NAS_MACHINE_EXAMPLES", "40"))
_ENDED = ("CANCELLED", "SUCCEEDED", "FAILED")
_ACTIVE = ("RUNNING", "PAUSING", "CANCELLING")
_SCORES = st.tuples(st.integers(1, 6).map(float), st.integers(0, 6).map(lambda n: n / 6))
_PICK = st.integers(0, 1000)


@dataclass
class Model:
    """A search as it should be. trials: states by number. points: of those that succeeded."""

    id: str
    priority: int
    age: int
    state: str = "QUEUED"
    lease: Lease | None = None
    over: bool = False
    deleted: bool = False
    trials: list[str] = field(default_factory=list)
    points: dict[int, tuple[float, float]] = field(default_factory=dict)
    refused: int = 0
    deaths: int = 0

    def claimable(self) -> bool:
        return not self.deleted and (self.state == "QUEUED" or (self.state in _ACTIVE and self.over))

    def become(self, states: dict[str, str]) -> None:
        """Change the states of trials."""
        self.trials = [states.get(state, state) for state in self.trials]


class Machine(RuleBasedStateMachine):
    ledger: Ledger

    def __init__(self) -> None:
        super().__init__()
        with self.ledger.database.writing() as connection:
            connection.execute(delete(tables.search))
        self.models: list[Model] = []
        self.stale: list[Lease] = []

    def held(self) -> list[Model]:
        return [model for model in self.models if model.lease is not None]

    def pick(self, index: int) -> Model:
        """One that has an owner."""
        return self.held()[index % len(self.held())]

    def owner(self, model: Model) -> SearchOwner:
        assert model.lease is not None
        return SearchOwner(self.ledger, model.lease)

    def leave(self, model: Model) -> None:
        """The lease is nobody's any more."""
        if model.lease is not None:
            self.stale.append(model.lease)
        model.lease, model.over = None, False

    @initialize()
    def begin(self):
        self.submit(0)
        self.claim("one")
        self.ask(0, 1)

    # clients

    @precondition(lambda self: len(self.models) < 5)
    @rule(priority=st.integers(-1, 1))
    def submit(self, priority):
        search, _ = self.ledger.searches.submit(SPEC, name="x", priority=priority)
        self.models.append(Model(search.id, priority, len(self.models)))

    @rule(index=_PICK, verb=st.sampled_from(["pause", "resume", "resume", "cancel"]))
    def request(self, index, verb):
        model = self.models[index % len(self.models)]
        goal = None if model.deleted else VERBS[verb].get(SearchState(model.state))
        if goal is None:
            with pytest.raises((StateError, LookupError)):
                self.ledger.searches.request(model.id, verb)
            return
        if model.over:
            goal = AT_REST.get(goal, goal)
        assert self.ledger.searches.request(model.id, verb).state == goal
        if goal in AT_REST.values():
            self.leave(model)
            rest = "CANCELLED" if goal == "CANCELLED" else "QUEUED"
            model.become({"QUEUED": rest, "RUNNING": rest})
        model.state = goal.value

    @rule(index=_PICK)
    def delete_or_undelete(self, index):
        model = self.models[index % len(self.models)]
        if model.deleted:
            self.ledger.searches.undelete(model.id)
        elif model.state not in (*_ENDED, "PAUSED"):
            with pytest.raises(StateError):
                self.ledger.searches.delete(model.id)
            return
        else:
            self.ledger.searches.delete(model.id)
        model.deleted = not model.deleted

    # dispatchers

    @rule(owner=st.sampled_from(["one", "one", "two"]))
    def claim(self, owner):
        waiting = sorted((model for model in self.models if model.claimable()), key=lambda m: (-m.priority, m.age))
        claim = self.ledger.claims.claim(owner)
        while waiting and self.dies_of(waiting[0]):
            waiting.pop(0)
        assert (claim and claim.search.id) == (waiting[0].id if waiting else None)
        if not waiting:
            return
        model = waiting[0]
        assert claim.suspect == (model.deaths == MAX_DEATHS - 1)
        self.leave(model)
        model.lease = claim.lease
        model.become({"RUNNING": "QUEUED"})
        model.state = "RUNNING" if model.state == "QUEUED" else model.state

    def dies_of(self, model: Model) -> bool:
        """Count the death of the search's owner; whether it is set aside then."""
        model.deaths += model.lease is not None
        if model.lease is None or model.deaths < MAX_DEATHS:
            return False
        self.leave(model)
        model.state = "FAILED"
        model.become({"QUEUED": "CANCELLED", "RUNNING": "CANCELLED"})
        return True

    @rule()
    def settle(self):
        self.ledger.claims.settle()
        for model in self.models:
            if model.over and model.state in AT_REST:
                self.leave(model)
                rest = {"PAUSING": "QUEUED", "CANCELLING": "CANCELLED"}[model.state]
                model.become({"QUEUED": rest, "RUNNING": rest})
                model.state = AT_REST[SearchState(model.state)].value

    @precondition(lambda self: self.held())
    @rule(index=_PICK, owner=st.sampled_from(["one", "one", "two"]))
    def expire(self, index, owner):
        model = self.pick(index)
        past = self.ledger.searches.get(model.id).created_at
        with self.ledger.database.writing() as connection:
            mine = update(tables.search).where(tables.search.c.id == model.id)
            connection.execute(mine.values(lease_until=past))
        model.over = True
        self.claim(owner)

    @precondition(lambda self: self.held())
    @rule(index=_PICK)
    def renew(self, index):
        model = self.pick(index)
        assert self.ledger.claims.renew(model.lease).state == model.state
        model.over = False

    @precondition(lambda self: self.held())
    @rule(index=_PICK)
    def release(self, index):
        model = self.pick(index)
        self.ledger.claims.release(model.lease)
        self.leave(model)
        model.over = True
        model.become({"RUNNING": "QUEUED"})

    @precondition(lambda self: self.held())
    @rule(index=_PICK, refusals=st.integers(0, 2))
    def ask(self, index, refusals):
        model = self.pick(index)
        owner = self.owner(model)
        for _ in range(refusals):
            owner.add(refused(len(model.trials)))
        owner.add(asked(len(model.trials)))
        model.trials.append("QUEUED")
        model.refused += refusals

    @precondition(lambda self: self.held())
    @rule(index=_PICK, number=_PICK)
    def start(self, index, number):
        """A trial that is queued; of others an attempt is refused."""
        model = self.pick(index)
        owner, number = self.owner(model), number % (len(model.trials) + 1)
        state = model.trials[number] if number < len(model.trials) else None
        if state == "QUEUED":
            owner.started(number, "worker")
            model.trials[number] = "RUNNING"
            return
        with pytest.raises(StateError):
            owner.started(number, "worker")

    @precondition(lambda self: self.held())
    @rule(index=_PICK, number=_PICK, score=_SCORES, succeeds=st.sampled_from([True, True, True, False]))
    def tell(self, index, number, score, succeeds):
        """A result, and the same again."""
        model = self.pick(index)
        owner = self.owner(model)
        latency_ms, accuracy = score
        waiting = [number for number, state in enumerate(model.trials) if state in ("QUEUED", "RUNNING")]
        number = waiting[number % len(waiting)] if waiting else number
        line = told(number, accuracy=accuracy, latency_ms=latency_ms, reward=accuracy if succeeds else None)
        if waiting:
            owner.told(line)
            model.trials[number] = "SUCCEEDED" if succeeds else "FAILED"
            model.deaths = 0
            if succeeds:
                model.points[number] = score
        with pytest.raises(StateError):
            owner.told(line)

    @precondition(lambda self: self.held())
    @rule(index=_PICK, scores=st.lists(_SCORES, min_size=1, max_size=4))
    def carry_out(self, index, scores):
        """Trials without misfortune."""
        for score in scores:
            self.ask(index, 0)
            number = len(self.pick(index).trials) - 1
            self.start(index, number)
            self.tell(index, number, score, succeeds=True)

    @precondition(lambda self: self.held())
    @rule(index=_PICK, state=st.sampled_from(["PAUSED", *_ENDED]))
    def end(self, index, state):
        model = self.pick(index)
        if state == "CANCELLED" and model.state != "CANCELLING":
            with pytest.raises(StateError):
                self.owner(model).end(state)
            return
        changed_mind = {"RUNNING": "QUEUED", "CANCELLING": "CANCELLED"} if state == "PAUSED" else {}
        settled = changed_mind.get(model.state, state)
        assert self.owner(model).end(state).state == settled
        self.leave(model)
        model.state = settled
        rest = "CANCELLED" if settled in _ENDED else "QUEUED"
        model.become({"QUEUED": rest, "RUNNING": rest})

    @precondition(lambda self: self.stale)
    @rule(index=_PICK)
    def write_as_former_owner(self, index):
        lease = self.stale[index % len(self.stale)]
        owner = SearchOwner(self.ledger, lease)
        writes = (
            lambda: owner.add(asked(0)),
            lambda: owner.told(told(0)),
            lambda: owner.started(0, "worker"),
            lambda: owner.note("text"),
            lambda: owner.end("FAILED"),
            lambda: self.ledger.claims.renew(lease),
            lambda: self.ledger.claims.release(lease),
        )
        for write in writes:
            with pytest.raises(FencedError):
                write()

    @invariant()
    def the_ledger_is_as_the_model(self):
        for model in self.models:
            search = self.ledger.searches.get(model.id, deleted=True)
            assert search.state == model.state
            counts = {state: model.trials.count(state.upper()) for state in ("queued", "running", "cancelled")}
            counts |= {"trials": len(model.trials), "refused": model.refused}
            assert counts.items() <= {name: getattr(search.counts, name) for name in search.counts.__slots__}.items()
            assert [trial.state for trial in self.ledger.trials.page(model.id, limit=1000)] == model.trials
            numbers = list(model.points)
            on_front = {
                numbers[index] for index in front([model.points[number] for number in numbers], directions(FRONT))
            }
            assert {trial.number for trial in self.ledger.trials.front(model.id)} == on_front
            assert search.best_reward == max((accuracy for _, accuracy in model.points.values()), default=None)
            events = self.ledger.events.after(model.id)
            assert [event.seq for event in events] == list(range(1, search.last_seq + 1))
            results = [event.data["number"] for event in events if event.type == "trial.told"]
            assert len(results) == len(set(results))


def test_no_sequence_breaks_the_ledger(ledger):
    class Bound(Machine):
        pass

    Bound.ledger = ledger
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        Bound,
        settings=settings(
            max_examples=_EXAMPLES,
            stateful_step_count=30,
            deadline=None,
            derandomize="NAS_MACHINE_EXAMPLES" not in os.environ,
            database=None,
            suppress_health_check=checks,
            phases=[Phase.generate],  # a sequence is short enough to be read; to shorten it takes minutes
        ),
    )
