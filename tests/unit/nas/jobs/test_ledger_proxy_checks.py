"""Proxy checks in the ledger: requested once, worked on by one dispatcher, ended as a client asked."""

from datetime import timedelta

import pytest

from nas.jobs.errors import FencedError, NotFoundError, StateError
from nas.jobs.proxy_checks.checks import MAX_DEATHS
from nas.jobs.proxy_checks.record import CheckState
from nas.jobs.rows import PACE

SPEC = {"dataset": {"name": "folder", "path": f"uploads/{'ab' * 32}"}, "seed": 0}
OPTIONS = {"candidates": 10, "repeats": 3, "longer_epochs": None}
RESULT = {"verdict": "good"}
EXPIRED = -1.0


@pytest.fixture
def check(ledger):
    return ledger.proxy_checks.request(SPEC, OPTIONS)[0]


def test_a_check_from_request_to_result(ledger, check):
    assert (check.state, check.spec, check.options) == (CheckState.QUEUED, SPEC, OPTIONS)
    claim = ledger.proxy_checks.claim("one")
    assert (claim.check.id, claim.check.state) == (check.id, CheckState.RUNNING)
    assert ledger.proxy_checks.claim("two") is None
    assert ledger.proxy_checks.renew(claim.lease, progress={"phase": "TRAINING"}).progress == {"phase": "TRAINING"}
    ledger.proxy_checks.keep(claim.lease, {PACE: {"work_s": 1e-9}})
    ended = ledger.proxy_checks.end(claim.lease, CheckState.SUCCEEDED, result=RESULT)

    assert ended == ledger.proxy_checks.get(check.id)
    assert (ended.state, ended.result, ended.progress) == (CheckState.SUCCEEDED, RESULT, None)
    assert check.created_at <= ended.started_at <= ended.ended_at
    assert ledger.paces() == [{"work_s": 1e-9}]
    assert [each.id for each in ledger.proxy_checks.newest()] == [check.id]


def test_the_same_request_is_the_check_under_way_and_a_new_one_once_that_has_ended(ledger, check):
    assert ledger.proxy_checks.request(dict(reversed(SPEC.items())), OPTIONS) == (check, False)
    other, created = ledger.proxy_checks.request(SPEC, {**OPTIONS, "candidates": 12})
    assert created
    assert ledger.proxy_checks.cancel(other.id).state is CheckState.CANCELLED
    ledger.proxy_checks.end(ledger.proxy_checks.claim("one").lease, CheckState.FAILED, reason="no\0 images")

    again, created = ledger.proxy_checks.request(SPEC, OPTIONS)

    assert created
    assert again.id != check.id
    assert ledger.proxy_checks.get(check.id).reason == "no\ufffd images"


def test_a_request_that_is_not_confirmed_leaves_nothing(ledger):
    def refuse():
        raise ValueError("no images")

    with pytest.raises(ValueError, match="no images"):
        ledger.proxy_checks.request(SPEC, OPTIONS, confirm=refuse)

    assert ledger.proxy_checks.newest() == []


def test_the_next_owner_goes_on_with_what_was_kept_and_the_former_one_changes_nothing(ledger, check):
    first = ledger.proxy_checks.claim("one", lease_s=EXPIRED).lease
    ledger.proxy_checks.keep(first, {"proxy-a": {"accuracy": 0.5}})
    second = ledger.proxy_checks.claim("two").lease

    assert ledger.proxy_checks.kept(second) == {"proxy-a": {"accuracy": 0.5}}
    assert second.epoch == first.epoch + 1
    with pytest.raises(FencedError):
        ledger.proxy_checks.renew(first)
    with pytest.raises(FencedError):
        ledger.proxy_checks.keep(first, {})
    with pytest.raises(FencedError):
        ledger.proxy_checks.end(first, CheckState.FAILED)
    assert ledger.proxy_checks.get(check.id).state is CheckState.RUNNING


def test_the_check_of_a_dispatcher_that_died_is_free_at_once(ledger, check):
    ledger.proxy_checks.claim("host:1:token1")

    ledger.claims.end_leases(["token1"])

    assert ledger.proxy_checks.claim("two").check.id == check.id


def test_a_check_that_is_given_up_is_no_death(ledger, check):
    for _ in range(MAX_DEATHS + 1):
        ledger.proxy_checks.release(ledger.proxy_checks.claim("one").lease)

    assert ledger.proxy_checks.get(check.id).state is CheckState.RUNNING


def test_deaths_in_a_row_without_a_further_training_end_a_check(ledger, check):
    for _ in range(MAX_DEATHS):
        lease = ledger.proxy_checks.claim("one", lease_s=EXPIRED).lease
    ledger.proxy_checks.keep(lease, {"proxy-a": {}})
    for _ in range(MAX_DEATHS - 1):
        assert ledger.proxy_checks.claim("one", lease_s=EXPIRED) is not None

    assert ledger.proxy_checks.claim("one") is None
    ended = ledger.proxy_checks.get(check.id)
    assert (ended.state, ended.reason[:13]) == (CheckState.FAILED, "3 dispatchers")


def test_a_cancelled_check_ends_at_once_or_when_its_dispatcher_has_stopped(ledger, check):
    claim = ledger.proxy_checks.claim("one")
    assert ledger.proxy_checks.cancel(check.id).state is CheckState.CANCELLING
    assert ledger.proxy_checks.cancel(check.id).state is CheckState.CANCELLING
    assert ledger.proxy_checks.renew(claim.lease).state is CheckState.CANCELLING
    ended = ledger.proxy_checks.end(claim.lease, CheckState.SUCCEEDED, result=RESULT)
    assert (ended.state, ended.result) == (CheckState.CANCELLED, None)
    assert ledger.proxy_checks.cancel(check.id) == ended


def test_a_check_cancelled_without_a_living_dispatcher_is_cancelled(ledger, check):
    ledger.proxy_checks.claim("one", lease_s=EXPIRED)
    assert ledger.proxy_checks.cancel(check.id).state is CheckState.CANCELLED
    other, _ = ledger.proxy_checks.request(SPEC, OPTIONS)
    lease = ledger.proxy_checks.claim("host:1:token1").lease
    ledger.proxy_checks.cancel(other.id)

    ledger.claims.end_leases(["token1"])

    assert ledger.proxy_checks.claim("two") is None
    assert ledger.proxy_checks.get(other.id).state is CheckState.CANCELLED
    with pytest.raises(FencedError):
        ledger.proxy_checks.renew(lease)


def test_only_a_check_that_has_not_ended_is_cancelled(ledger, check):
    ledger.proxy_checks.end(ledger.proxy_checks.claim("one").lease, CheckState.SUCCEEDED, result=RESULT)

    with pytest.raises(StateError, match="SUCCEEDED: it cannot be cancelled"):
        ledger.proxy_checks.cancel(check.id)
    with pytest.raises(NotFoundError):
        ledger.proxy_checks.cancel("chk_no")


def test_an_open_check_keeps_its_upload_and_an_ended_one_is_forgotten(ledger, check):
    digest = "ab" * 32
    with ledger.uploads.uses(digest) as use:
        assert use.open == (check.id,)
    assert ledger.uploads.named() == {digest}
    assert ledger.proxy_checks.forget(timedelta(0)) == 0
    ledger.proxy_checks.cancel(check.id)

    with ledger.uploads.uses(digest) as use:
        assert (use.named, use.open) == (False, ())
    assert ledger.uploads.named() == frozenset()
    assert not ledger.proxy_checks.is_open(check.id)
    assert ledger.proxy_checks.forget(timedelta(0)) == 1
    assert ledger.proxy_checks.newest() == []
