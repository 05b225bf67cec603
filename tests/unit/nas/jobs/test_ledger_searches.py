from datetime import UTC, datetime, timedelta

import pytest
from ledger_steps import SPEC, asked, carry_out, claimed, submit, types
from sqlalchemy import update

from nas.jobs import tables
from nas.jobs.errors import IdempotencyError, NotFoundError, StateError, VersionError
from nas.jobs.records import Counts, Idempotency
from nas.jobs.searches import ORDERS, position
from nas.jobs.states import SearchState, TrialState


def test_a_submitted_search_reads_back_as_it_was_given(ledger):
    spec = {"z": 1, "a": {"nested": [1.1, None, True, "é"]}, "max_trials": 7, "seed": 0.1 + 0.2}
    search, created = ledger.searches.submit(spec, name="näme", labels={"b": "1", "a": "2"}, priority=5)
    assert created
    assert ledger.searches.get(search.id) == search
    assert list(search.spec.items()) == list(spec.items())
    assert (search.name, search.labels, search.priority, search.max_trials) == ("näme", {"b": "1", "a": "2"}, 5, 7)
    assert (search.state, search.version, search.last_seq) == (SearchState.QUEUED, 1, 1)
    assert search.counts == Counts()
    assert search.id.startswith("srch_")
    assert abs(datetime.now(UTC) - search.created_at) < timedelta(minutes=1)
    assert types(ledger, search.id) == ["search.created"]


def test_an_idempotency_key_makes_one_search(ledger):
    key = Idempotency("key", "user", "digest")
    first, created = ledger.searches.submit(SPEC, name="first", idempotency=key)
    again, created_again = ledger.searches.submit(SPEC, name="again", idempotency=key)
    assert (created, created_again) == (True, False)
    assert again == first
    with pytest.raises(IdempotencyError):
        ledger.searches.submit(SPEC, name="other", idempotency=Idempotency("key", "user", "another digest"))
    other, created = ledger.searches.submit(SPEC, name="x", idempotency=Idempotency("key", "another user", "digest"))
    assert created
    assert len(ledger.searches.page()) == 2
    assert other.id != first.id


@pytest.mark.parametrize("order", ORDERS)
def test_pages_show_every_search_once_in_order(ledger, order):
    known = [submit(ledger, f"search {n}", priority=n % 3) for n in range(7)]
    with ledger.database.writing() as connection:  # equal times, so that only ids can order them
        at = known[0].created_at
        connection.execute(update(tables.search).values(created_at=at))
    seen, after = [], None
    while page := ledger.searches.page(limit=3, order=order, after=after):
        seen += page
        after = position(page[-1], order)
    everything = ledger.searches.page(limit=100, order=order)
    assert [search.id for search in seen] == [search.id for search in everything]
    assert {search.id for search in seen} == {search.id for search in known}
    positions = [position(search, order) for search in seen]
    assert positions == sorted(positions, reverse=order.startswith("-"))


def test_pages_are_searched_by_state_and_text(ledger):
    submit(ledger, "Fast 100%", labels={"team": "vision"})
    slow = submit(ledger, "slow_one")
    ledger.searches.request(slow.id, "cancel")

    def names(**about):
        return [search.name for search in ledger.searches.page(**about)]

    assert names(states=("CANCELLED", "FAILED")) == ["slow_one"]
    assert names(text="fast") == ["Fast 100%"]
    assert names(text="VISION") == ["Fast 100%"]
    assert names(text="0%") == ["Fast 100%"]
    assert names(text="w_o") == ["slow_one"]
    assert names(text="%a%") == []
    assert names(text=slow.id) == ["slow_one"]


def test_a_change_needs_the_version_that_was_read(ledger):
    search = submit(ledger)
    changed = ledger.searches.change(search.id, search.version, name="new", priority=-3, max_trials=9, labels={})
    assert (changed.name, changed.priority, changed.max_trials) == ("new", -3, 9)
    assert changed.version == search.version + 1
    with pytest.raises(VersionError):
        ledger.searches.change(search.id, search.version, name="stale")
    assert ledger.searches.get(search.id) == changed
    assert ledger.events.after(search.id)[-1].data == {"fields": {"name": "new", "priority": -3, "max_trials": 9}}


def test_a_change_that_changes_nothing_is_no_event(ledger):
    search = submit(ledger, "same")
    assert ledger.searches.change(search.id, None, name="same") == search


def test_progress_does_not_take_a_clients_version_away(ledger):
    search, owner = claimed(ledger)
    carry_out(owner, 0)
    owner.progress("images", 1, 2)
    assert ledger.searches.change(search.id, search.version, name="still possible").name == "still possible"


def test_the_number_of_trials_of_an_ended_search_stands(ledger):
    search = submit(ledger)
    ledger.searches.request(search.id, "cancel")
    with pytest.raises(StateError, match="max_trials"):
        ledger.searches.change(search.id, None, max_trials=9)
    assert ledger.searches.change(search.id, None, name="renamed").name == "renamed"


_QUEUED = {"pause": "PAUSED", "resume": "QUEUED", "cancel": "CANCELLED"}
_RUNNING = {"pause": "PAUSING", "resume": "RUNNING", "cancel": "CANCELLING"}


@pytest.mark.parametrize("verb", _QUEUED)
def test_a_queued_search_obeys_at_once(ledger, verb):
    search = submit(ledger)
    assert ledger.searches.request(search.id, verb).state == _QUEUED[verb]


@pytest.mark.parametrize("verb", _RUNNING)
def test_a_running_search_is_asked(ledger, verb):
    search, owner = claimed(ledger)
    assert ledger.searches.request(search.id, verb).state == _RUNNING[verb]
    assert ledger.claims.renew(owner.lease).state == _RUNNING[verb]


def test_a_verb_said_twice_changes_nothing(ledger):
    search = submit(ledger)
    paused = ledger.searches.request(search.id, "pause")
    assert ledger.searches.request(search.id, "pause") == paused


@pytest.mark.parametrize(("state", "verb"), [("CANCELLED", "pause"), ("CANCELLED", "resume"), ("SUCCEEDED", "cancel")])
def test_a_verb_out_of_place_is_refused(ledger, state, verb):
    search, owner = claimed(ledger)
    if state == "CANCELLED":
        ledger.searches.request(search.id, "cancel")
    owner.end(state)
    with pytest.raises(StateError, match=state):
        ledger.searches.request(search.id, verb)


def test_a_paused_search_that_is_cancelled_cancels_its_trials(ledger):
    search, owner = claimed(ledger)
    owner.add(asked(0))
    ledger.searches.request(search.id, "pause")
    owner.end("PAUSED")
    assert ledger.trials.get(f"{search.id}.0").state is TrialState.QUEUED
    cancelled = ledger.searches.request(search.id, "cancel")
    assert cancelled.counts == Counts(trials=1, cancelled=1)
    assert ledger.trials.get(f"{search.id}.0").state is TrialState.CANCELLED
    assert cancelled.ended_at is not None


def test_a_deleted_search_is_out_of_sight_until_undeleted(ledger):
    search, owner = claimed(ledger)
    with pytest.raises(StateError, match="cancel it first"):
        ledger.searches.delete(search.id)
    carry_out(owner, 0)
    owner.end("SUCCEEDED")
    deleted = ledger.searches.delete(search.id)
    assert ledger.searches.get(search.id, deleted=True) == deleted
    assert ledger.searches.page() == []
    for read in (ledger.searches.get, ledger.searches.delete, ledger.trials.columns):
        with pytest.raises(NotFoundError):
            read(search.id)
    with pytest.raises(NotFoundError):
        ledger.trials.get(f"{search.id}.0")
    assert ledger.searches.undelete(search.id).deleted_at is None
    assert ledger.trials.get(f"{search.id}.0").number == 0


def test_a_deleted_paused_search_is_not_worked_on(ledger):
    search = submit(ledger)
    ledger.searches.request(search.id, "pause")
    ledger.searches.delete(search.id)
    assert ledger.claims.claim("one") is None


def test_a_purge_removes_what_was_deleted_before(ledger):
    key = Idempotency("key", "user", "digest")
    old, _ = ledger.searches.submit(SPEC, name="old", idempotency=key)
    claim = ledger.claims.claim("one")
    assert claim is not None
    search, owner = claimed(ledger, "two")
    carry_out(owner, 0)
    owner.end("SUCCEEDED")
    ledger.searches.request(old.id, "cancel")
    ledger.searches.delete(search.id)
    with ledger.searches.purging(timedelta(hours=1)) as found:
        assert found is None
    with ledger.searches.purging(-timedelta(hours=1)) as found:
        assert found == search.id
    while not ledger.searches.purge_part(search.id):
        with pytest.raises(NotFoundError):
            ledger.searches.undelete(search.id)
    with pytest.raises(NotFoundError):
        ledger.searches.purge_part(search.id)
    with ledger.searches.purging(-timedelta(hours=1)) as found:
        assert found is None
    with pytest.raises(NotFoundError):
        ledger.searches.get(search.id, deleted=True)
    assert ledger.events.after(search.id) == []
    assert ledger.searches.get(old.id) is not None
    ledger.searches.forget_keys()
    assert ledger.searches.submit(SPEC, name="old", idempotency=key)[1] is False  # a key is kept for a day


def test_a_key_older_than_a_day_is_forgotten(ledger):
    key = Idempotency("key", "user", "digest")
    first, _ = ledger.searches.submit(SPEC, name="first", idempotency=key)
    with ledger.database.writing() as connection:
        old = first.created_at - timedelta(hours=25)
        connection.execute(update(tables.idempotency).values(created_at=old))
    ledger.searches.forget_keys()
    assert ledger.searches.submit(SPEC, name="second", idempotency=key)[1] is True


def test_the_tally_counts_states_and_the_longest_wait(ledger):
    assert ledger.searches.tally() == ({}, None)
    first, _, third = (submit(ledger) for _ in range(3))
    ledger.searches.request(third.id, "pause")
    assert ledger.searches.tally() == ({"QUEUED": 2, "PAUSED": 1}, first.transition_at)


@pytest.mark.parametrize("search_id", ["srch_unknown", "", "é", "x" * 5000])
def test_an_unknown_search_is_not_found(ledger, search_id):
    with pytest.raises(NotFoundError):
        ledger.searches.get(search_id)
    with pytest.raises(NotFoundError):
        ledger.searches.request(search_id, "pause")
