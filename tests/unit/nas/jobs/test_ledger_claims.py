import time

import pytest
from ledger_steps import asked, carry_out, claimed, submit, told, types
from processes import PATIENCE_S

from nas.jobs.errors import FencedError
from nas.jobs.owner import SearchOwner
from nas.jobs.records import Counts
from nas.jobs.states import AttemptState, SearchState, TrialState


def wait_for_claim(ledger, owner):
    """The next claim, once a lease of a moment is over by the database's clock."""
    latest = time.monotonic() + PATIENCE_S
    while (claim := ledger.claims.claim(owner)) is None:
        assert time.monotonic() < latest, "the lease never ended"
        time.sleep(0.02)
    return claim


def test_searches_are_claimed_by_priority_then_age(ledger):
    low, first, second = submit(ledger, priority=-1), submit(ledger, priority=2), submit(ledger, priority=2)
    claimed_ids = [ledger.claims.claim("one").search.id for _ in range(3)]
    assert claimed_ids == [first.id, second.id, low.id]
    assert ledger.claims.claim("one") is None


def test_a_claim_starts_the_search(ledger):
    search = submit(ledger)
    claim = ledger.claims.claim("one")
    assert claim.search.state is SearchState.RUNNING
    assert claim.search.started_at is not None
    assert claim.search == ledger.searches.get(search.id)
    assert types(ledger, search.id) == ["search.created", "search.state"]
    assert [owned.id for owned in ledger.claims.owned("one")] == [search.id]
    assert ledger.claims.owned("two") == []


def test_a_search_is_claimed_again_only_when_its_lease_is_over(ledger):
    search, _ = claimed(ledger, "one", lease_s=0.2)
    again = wait_for_claim(ledger, "two")
    assert again.search.id == search.id
    assert again.lease.epoch > 1
    assert ledger.claims.claim("three") is None


def test_a_renewed_lease_holds(ledger):
    _, owner = claimed(ledger, "one", lease_s=0.2)
    ledger.claims.renew(owner.lease, lease_s=30)
    time.sleep(0.3)
    assert ledger.claims.claim("two") is None


def test_a_lease_that_is_over_is_still_its_owners_until_another_claims(ledger):
    _, owner = claimed(ledger, "one", lease_s=0.05)
    time.sleep(0.1)
    owner.add(asked(0))
    assert ledger.claims.renew(owner.lease).counts.trials == 1


def test_a_zombie_writes_nothing(ledger):
    search, zombie = claimed(ledger, "one", lease_s=0.05)
    zombie.add(asked(0))
    zombie.started(0, "worker")
    successor = wait_for_claim(ledger, "two")
    before = ledger.events.after(search.id)
    writes = [
        lambda: zombie.told(told(0)),
        lambda: zombie.add(asked(1)),
        lambda: zombie.started(0, "worker"),
        lambda: zombie.epochs([(0, 1, {"accuracy": 0.5})]),
        lambda: zombie.log([(0, "text")]),
        lambda: zombie.keep("name", 1),
        lambda: zombie.keep("finalists", []),
        lambda: zombie.note("text"),
        lambda: zombie.phase("TRAINING"),
        lambda: zombie.progress("images", 1, 2),
        lambda: zombie.facts({}, 1.0),
        lambda: zombie.attach("report", "report.html", "text/html", "0" * 64, 1),
        lambda: zombie.end("SUCCEEDED"),
        lambda: ledger.claims.renew(zombie.lease),
        lambda: ledger.claims.release(zombie.lease),
    ]
    for write in writes:
        with pytest.raises(FencedError, match="stop working"):
            write()
    assert ledger.events.after(search.id) == before
    assert ledger.searches.get(search.id) == successor.search
    assert ledger.trials.search_log(search.id) == []
    assert ledger.trials.results(search.id) == {}
    assert ledger.artifacts.links(search.id) == []


def test_an_attempt_of_a_dead_owner_is_lost_and_its_trial_tried_again(ledger):
    search, owner = claimed(ledger, "one", lease_s=0.05)
    carry_out(owner, 0)
    for number in (1, 2):
        owner.add(asked(number))
    assert owner.started(1, "worker a") == 1
    claim = wait_for_claim(ledger, "two")
    assert claim.search.counts == Counts(trials=3, queued=2, succeeded=1)
    successor = SearchOwner(ledger, claim.lease)
    assert successor.started(1, "worker b") == 2
    successor.told(told(1))
    lost, kept = ledger.trials.attempts(f"{search.id}.1")
    assert (lost.state, lost.worker, lost.epoch) == (AttemptState.LOST, "worker a", owner.lease.epoch)
    assert (kept.state, kept.worker, kept.epoch) == (AttemptState.SUCCEEDED, "worker b", claim.lease.epoch)
    assert lost.ended_at is not None
    assert ledger.trials.get(f"{search.id}.1").attempts == 2
    assert types(ledger, search.id).count("trial.lost") == 1


def test_a_released_search_is_claimed_at_once_and_its_old_lease_is_void(ledger):
    search, owner = claimed(ledger, "one")
    owner.add(asked(0))
    owner.started(0, "worker")
    ledger.claims.release(owner.lease)
    assert ledger.claims.owned("one") == []
    with pytest.raises(FencedError):
        owner.note("still here")
    claim = ledger.claims.claim("two")
    assert claim.search.id == search.id
    assert claim.search.counts == Counts(trials=1, queued=1)


@pytest.mark.parametrize(
    ("verb", "moving", "settled"), [("pause", "PAUSING", "PAUSED"), ("cancel", "CANCELLING", "CANCELLED")]
)
def test_what_a_dead_owner_was_asked_its_successor_settles(ledger, verb, moving, settled):
    search, dead = claimed(ledger, "one")
    ledger.searches.request(search.id, verb)
    ledger.claims.renew(dead.lease, lease_s=0)
    claim = wait_for_claim(ledger, "two")
    assert claim.search.state == moving
    assert SearchOwner(ledger, claim.lease).end(settled).state == settled
    assert ledger.claims.claim("three") is None


def test_an_ended_search_is_nobodys(ledger):
    search, owner = claimed(ledger)
    owner.end("SUCCEEDED")
    with pytest.raises(FencedError):
        owner.note("an afterthought")
    assert ledger.claims.claim("two") is None
    assert ledger.claims.owned("one") == []
    assert ledger.searches.get(search.id).ended_at is not None


def test_a_resumed_search_goes_on_with_its_trials(ledger):
    search, owner = claimed(ledger)
    carry_out(owner, 0)
    owner.add(asked(1))
    owner.started(1, "worker")
    ledger.searches.request(search.id, "pause")
    paused = owner.end("PAUSED")
    assert paused.counts == Counts(trials=2, queued=1, succeeded=1)
    assert paused.ended_at is None
    assert ledger.trials.attempts(f"{search.id}.1")[0].state is AttemptState.CANCELLED
    assert ledger.claims.claim("two") is None
    assert ledger.searches.request(search.id, "resume").state is SearchState.QUEUED
    claim = ledger.claims.claim("two")
    assert claim.search.started_at == search.started_at
    assert [line["event"] for line in SearchOwner(ledger, claim.lease).events()] == ["asked", "told", "asked"]
    assert ledger.trials.get(f"{search.id}.1").state is TrialState.QUEUED


def test_a_search_that_is_resumed_while_it_pauses_runs_on(ledger):
    search, owner = claimed(ledger)
    ledger.searches.request(search.id, "pause")
    assert ledger.searches.request(search.id, "resume").state is SearchState.RUNNING
    owner.note("the lease still holds")
    assert owner.end("PAUSED").state is SearchState.QUEUED  # its owner had stopped it already: another starts it
    assert ledger.claims.claim("two").search.id == search.id


def test_a_search_that_is_cancelled_while_it_pauses_is_cancelled(ledger):
    search, owner = claimed(ledger)
    ledger.searches.request(search.id, "pause")
    ledger.searches.request(search.id, "cancel")
    assert owner.end("PAUSED").state is SearchState.CANCELLED


def test_a_lease_further_away_than_its_length_is_over(ledger):
    """It was given before the database's clock was set back by two hours."""
    search, owner = claimed(ledger)
    ledger.claims.renew(owner.lease, lease_s=7200)
    assert ledger.claims.claim("one", held=[search.id]) is None
    assert ledger.claims.claim("two").search.id == search.id


def test_an_owner_renews_its_lease_after_the_clock_was_set_back(ledger):
    _, owner = claimed(ledger)
    ledger.claims.renew(owner.lease, lease_s=7200)
    ledger.claims.renew(owner.lease)
    assert ledger.claims.claim("two") is None


@pytest.mark.parametrize(("verb", "settled"), [("pause", "PAUSED"), ("cancel", "CANCELLED")])
@pytest.mark.parametrize("left_s", [0, 7200])
def test_what_nobody_owns_is_paused_and_cancelled_at_once(ledger, verb, settled, left_s):
    search, dead = claimed(ledger)
    dead.add(asked(0))
    dead.started(0, "worker")
    ledger.claims.renew(dead.lease, lease_s=left_s)
    found = ledger.searches.request(search.id, verb)
    assert (found.state, found.phase, found.counts.running) == (settled, None, 0)
    assert ledger.trials.attempts(f"{search.id}.0")[0].state is AttemptState.LOST
    with pytest.raises(FencedError):
        dead.note("back from the dead")


@pytest.mark.parametrize(("verb", "settled"), [("pause", "PAUSED"), ("cancel", "CANCELLED")])
def test_what_was_asked_of_an_owner_that_then_died_is_settled_without_another_owner(ledger, verb, settled):
    search, dead = claimed(ledger)
    other, _ = claimed(ledger, "two")
    for wanted in (search, other):
        ledger.searches.request(wanted.id, verb)
    ledger.claims.settle()
    assert ledger.searches.get(search.id).state in ("PAUSING", "CANCELLING")
    ledger.claims.renew(dead.lease, lease_s=0)
    ledger.claims.settle()
    assert ledger.searches.get(search.id).state == settled
    assert ledger.searches.get(other.id).state in ("PAUSING", "CANCELLING")


def test_a_search_of_which_nothing_runs_says_what_it_waits_for(ledger):
    search, owner = claimed(ledger)
    carry_out(owner, 0)
    owner.phase("TRAINING")
    ledger.claims.renew(owner.lease, lease_s=0)
    waits = {"what": "a free dispatcher", "done": 1, "total": 4}
    for found in (ledger.searches.get(search.id), ledger.searches.page()[0], *ledger.claims.owned("one")):
        assert (found.state, found.phase, found.progress) == ("RUNNING", "WAITING_FOR_WORKERS", waits)
    ledger.claims.renew(owner.lease)
    assert ledger.searches.get(search.id).phase == "TRAINING"
    ledger.claims.release(owner.lease)
    assert types(ledger, search.id)[-2:] == ["search.phase", "search.progress"]
    assert ledger.searches.get(search.id).progress == waits


@pytest.mark.parametrize(
    ("priority", "interrupted", "before"), [(1, False, True), (1, True, True), (0, True, True), (0, False, False)]
)
def test_what_waits_goes_before_what_runs_by_priority_and_then_if_it_was_interrupted(
    ledger, priority, interrupted, before
):
    submit(ledger, "it waits", priority=priority)
    if interrupted:
        ledger.claims.renew(ledger.claims.claim("dead").lease, lease_s=0)
    running = submit(ledger, "it runs", priority=5)
    ledger.claims.claim("one")
    assert ledger.claims.goes_before(ledger.searches.change(running.id, priority=0)) is before


def test_no_search_goes_before_what_is_older_or_of_a_higher_priority(ledger):
    running, _ = claimed(ledger)
    ledger.claims.renew(claimed(ledger)[1].lease, lease_s=0)
    submit(ledger, priority=-1)
    assert not ledger.claims.goes_before(running)


def test_the_leases_of_a_dispatcher_that_is_known_to_be_dead_end_at_once(ledger):
    """Of it alone, and its exports with its searches."""
    dead, lives = (claimed(ledger, f"host:1:{token}0f")[0] for token in ("aaaa", "bbbb"))
    done, owner = claimed(ledger, "host:1:bbbb0f")
    carry_out(owner, 0)
    owner.end("SUCCEEDED")
    ledger.exports.request(f"{done.id}.0", "onnx", None)
    export = ledger.claims.claim_export("host:1:aaaa0f").export
    ledger.claims.end_leases([])
    assert ledger.claims.claim("next") is None

    ledger.claims.end_leases(["aaaa", "cccc"])

    assert ledger.searches.get(dead.id).phase == "WAITING_FOR_WORKERS"
    assert ledger.claims.claim("next").search.id == dead.id
    assert ledger.claims.claim_export("next").export.id == export.id
    assert ledger.claims.claim("next") is None
    assert ledger.searches.get(lives.id).phase != "WAITING_FOR_WORKERS"


def die(ledger, count):
    """The owners of the next search die, one after the other; returns their claims."""
    claims = []
    for number in range(count):
        claims.append(ledger.claims.claim(f"owner {number}"))
        ledger.claims.renew(claims[-1].lease, lease_s=0)
    return claims


def test_a_search_whose_owners_die_is_suspect_and_then_set_aside(ledger):
    poison, other = submit(ledger, priority=1), submit(ledger)
    assert [claim.suspect for claim in die(ledger, 3)] == [False, False, True]
    assert ledger.claims.claim("next").search.id == other.id
    found = ledger.searches.get(poison.id)
    assert (found.state, found.state_reason) == ("FAILED", "DISPATCHER_DIED")
    assert found.state_message.startswith("3 dispatchers in a row died")
    assert ledger.claims.claim("last") is None


@pytest.mark.parametrize("result", ["epoch", "told", "file", "finalist's epoch"])
def test_a_result_shows_that_owners_do_not_die_of_the_search(ledger, result):
    search = submit(ledger)
    die(ledger, 2)
    owner = SearchOwner(ledger, ledger.claims.claim("one").lease)
    owner.phase("MEASURING")
    owner.progress("measuring kernels", 64, 128)
    if result == "epoch":
        owner.epochs([(0, 1, {"accuracy": 0.5})])
    elif result == "told":
        carry_out(owner, 0)
    elif result == "file":
        owner.attach("report", "report.html", "text/html", "0" * 64, 1)
    else:
        owner.phase("FINALISTS")
        owner.progress("finalist a", 1, 10)
    owner.phase("WAITING_FOR_WORKERS")
    ledger.claims.renew(owner.lease, lease_s=0)
    assert [claim.suspect for claim in die(ledger, 2)] == [False, True]
    assert ledger.searches.get(search.id).state == "RUNNING"


def test_measured_kernels_are_no_result(ledger):
    search = submit(ledger)
    for _ in range(3):
        owner = SearchOwner(ledger, ledger.claims.claim("one").lease)
        owner.phase("MEASURING")
        owner.progress("measuring kernels", 64, 128)
        owner.phase("TRAINING")
        owner.add(asked(ledger.searches.get(search.id).counts.trials))
        owner.progress("trials", 0, 4)
        ledger.claims.renew(owner.lease, lease_s=0)
    assert ledger.claims.claim("next") is None
    assert ledger.searches.get(search.id).state == "FAILED"


def test_an_owner_that_gives_a_search_up_has_not_died(ledger):
    submit(ledger)
    for _ in range(4):
        claim = ledger.claims.claim("one")
        assert not claim.suspect
        ledger.claims.release(claim.lease)
