"""Inquiries in the ledger: requested once, worked on by one dispatcher, ended as a client asked."""

from datetime import timedelta

import pytest

from nas.jobs.errors import FencedError, NotFoundError, StateError
from nas.jobs.inquiries.inquiries import MAX_DEATHS
from nas.jobs.inquiries.record import InquiryKind, InquiryState
from nas.jobs.rows import PACE

CHECK = InquiryKind.PROXY_CHECK
SPEC = {"dataset": {"name": "folder", "path": f"uploads/{'ab' * 32}"}, "seed": 0}
OPTIONS = {"candidates": 10, "repeats": 3, "longer_epochs": None}
RESULT = {"verdict": "good"}
EXPIRED = -1.0


@pytest.fixture
def check(ledger):
    return ledger.inquiries.request(CHECK, SPEC, OPTIONS)[0]


def test_a_check_from_request_to_result(ledger, check):
    assert (check.state, check.spec, check.options) == (InquiryState.QUEUED, SPEC, OPTIONS)
    claim = ledger.inquiries.claim("one")
    assert (claim.inquiry.id, claim.inquiry.state) == (check.id, InquiryState.RUNNING)
    assert ledger.inquiries.claim("two") is None
    assert ledger.inquiries.renew(claim.lease, progress={"phase": "TRAINING"}).progress == {"phase": "TRAINING"}
    ledger.inquiries.keep(claim.lease, {PACE: {"work_s": 1e-9}})
    ended = ledger.inquiries.end(claim.lease, InquiryState.SUCCEEDED, result=RESULT)

    assert ended == ledger.inquiries.get(check.id)
    assert (ended.state, ended.result, ended.progress) == (InquiryState.SUCCEEDED, RESULT, None)
    assert check.created_at <= ended.started_at <= ended.ended_at
    assert ledger.paces() == [{"work_s": 1e-9}]
    assert [each.id for each in ledger.inquiries.newest(CHECK)] == [check.id]


def test_the_same_request_is_the_check_under_way_and_a_new_one_once_that_has_ended(ledger, check):
    assert ledger.inquiries.request(CHECK, dict(reversed(SPEC.items())), OPTIONS) == (check, False)
    other, created = ledger.inquiries.request(CHECK, SPEC, {**OPTIONS, "candidates": 12})
    assert created
    assert ledger.inquiries.cancel(other.id).state is InquiryState.CANCELLED
    ledger.inquiries.end(ledger.inquiries.claim("one").lease, InquiryState.FAILED, reason="no\0 images")

    again, created = ledger.inquiries.request(CHECK, SPEC, OPTIONS)

    assert created
    assert again.id != check.id
    assert ledger.inquiries.get(check.id).reason == "no\ufffd images"


def test_kinds_have_ids_and_lists_of_their_own(ledger, check):
    other, created = ledger.inquiries.request(InquiryKind.SUGGESTION, SPEC, OPTIONS)

    assert created
    assert (check.id[:4], other.id[:4]) == ("chk_", "sug_")
    assert [each.id for each in ledger.inquiries.newest(CHECK)] == [check.id]
    assert [each.id for each in ledger.inquiries.newest(InquiryKind.SUGGESTION)] == [other.id]
    assert [ledger.inquiries.claim("one").inquiry.kind for _ in range(2)] == [CHECK, InquiryKind.SUGGESTION]
    with pytest.raises(NotFoundError, match="suggestion sug_no"):
        ledger.inquiries.get("sug_no")


def test_a_request_that_is_not_confirmed_leaves_nothing(ledger):
    def refuse():
        raise ValueError("no images")

    with pytest.raises(ValueError, match="no images"):
        ledger.inquiries.request(CHECK, SPEC, OPTIONS, confirm=refuse)

    assert ledger.inquiries.newest(CHECK) == []


def test_the_next_owner_goes_on_with_what_was_kept_and_the_former_one_changes_nothing(ledger, check):
    first = ledger.inquiries.claim("one", lease_s=EXPIRED).lease
    ledger.inquiries.keep(first, {"proxy-a": {"accuracy": 0.5}})
    second = ledger.inquiries.claim("two").lease

    assert ledger.inquiries.kept(second) == {"proxy-a": {"accuracy": 0.5}}
    assert second.epoch == first.epoch + 1
    with pytest.raises(FencedError):
        ledger.inquiries.renew(first)
    with pytest.raises(FencedError):
        ledger.inquiries.keep(first, {})
    with pytest.raises(FencedError):
        ledger.inquiries.end(first, InquiryState.FAILED)
    assert ledger.inquiries.get(check.id).state is InquiryState.RUNNING


def test_the_check_of_a_dispatcher_that_died_is_free_at_once(ledger, check):
    ledger.inquiries.claim("host:1:token1")

    ledger.claims.end_leases(["token1"])

    assert ledger.inquiries.claim("two").inquiry.id == check.id


def test_a_check_that_is_given_up_is_no_death(ledger, check):
    for _ in range(MAX_DEATHS + 1):
        ledger.inquiries.release(ledger.inquiries.claim("one").lease)

    assert ledger.inquiries.get(check.id).state is InquiryState.RUNNING


def test_deaths_in_a_row_without_a_further_training_end_a_check(ledger, check):
    for _ in range(MAX_DEATHS):
        lease = ledger.inquiries.claim("one", lease_s=EXPIRED).lease
    ledger.inquiries.keep(lease, {"proxy-a": {}})
    for _ in range(MAX_DEATHS - 1):
        assert ledger.inquiries.claim("one", lease_s=EXPIRED) is not None

    assert ledger.inquiries.claim("one") is None
    ended = ledger.inquiries.get(check.id)
    assert (ended.state, ended.reason[:13]) == (InquiryState.FAILED, "3 dispatchers")


def test_a_cancelled_check_ends_at_once_or_when_its_dispatcher_has_stopped(ledger, check):
    claim = ledger.inquiries.claim("one")
    assert ledger.inquiries.cancel(check.id).state is InquiryState.CANCELLING
    assert ledger.inquiries.cancel(check.id).state is InquiryState.CANCELLING
    assert ledger.inquiries.renew(claim.lease).state is InquiryState.CANCELLING
    ended = ledger.inquiries.end(claim.lease, InquiryState.SUCCEEDED, result=RESULT)
    assert (ended.state, ended.result) == (InquiryState.CANCELLED, None)
    assert ledger.inquiries.cancel(check.id) == ended


def test_a_check_cancelled_without_a_living_dispatcher_is_cancelled(ledger, check):
    ledger.inquiries.claim("one", lease_s=EXPIRED)
    assert ledger.inquiries.cancel(check.id).state is InquiryState.CANCELLED
    other, _ = ledger.inquiries.request(CHECK, SPEC, OPTIONS)
    lease = ledger.inquiries.claim("host:1:token1").lease
    ledger.inquiries.cancel(other.id)

    ledger.claims.end_leases(["token1"])

    assert ledger.inquiries.claim("two") is None
    assert ledger.inquiries.get(other.id).state is InquiryState.CANCELLED
    with pytest.raises(FencedError):
        ledger.inquiries.renew(lease)


def test_only_a_check_that_has_not_ended_is_cancelled(ledger, check):
    ledger.inquiries.end(ledger.inquiries.claim("one").lease, InquiryState.SUCCEEDED, result=RESULT)

    with pytest.raises(StateError, match="SUCCEEDED: it cannot be cancelled"):
        ledger.inquiries.cancel(check.id)
    with pytest.raises(NotFoundError):
        ledger.inquiries.cancel("chk_no")


def test_an_open_check_keeps_its_upload_and_an_ended_one_is_forgotten(ledger, check):
    digest = "ab" * 32
    with ledger.uploads.uses(digest) as use:
        assert use.open == (check.id,)
    assert ledger.uploads.named() == {digest}
    assert ledger.inquiries.forget(timedelta(0)) == 0
    ledger.inquiries.cancel(check.id)

    with ledger.uploads.uses(digest) as use:
        assert (use.named, use.open) == (False, ())
    assert ledger.uploads.named() == frozenset()
    assert not ledger.inquiries.is_open(check.id)
    assert ledger.inquiries.forget(timedelta(0)) == 1
    assert ledger.inquiries.newest(CHECK) == []
