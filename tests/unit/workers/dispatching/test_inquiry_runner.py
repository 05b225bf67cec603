"""Inquiries of the service: carried out, cancelled, and gone on with by the next dispatcher."""

import pytest
from processes import PATIENCE_S

from nas.dataset import dataset
from nas.errors import DataError
from nas.evaluator import evaluator
from nas.jobs.inquiries.record import InquiryKind, InquiryState
from nas.spec import parse_spec
from workers.dispatching import inquiries
from workers.dispatching.inquiries import InquiryRunner
from workers.executing.executors.inline import InlineExecutor
from workers.executing.scheduler import Scheduler

OPTIONS = {"candidates": 4, "repeats": 2, "longer_epochs": 2}


@pytest.fixture
def checker(ledger, settings, monkeypatch):
    """A dispatcher's part for inquiries, of this name."""
    monkeypatch.setattr(inquiries, "POLL_S", 0.0)
    monkeypatch.setattr(inquiries, "RENEW_S", 0.0)
    return lambda name: InquiryRunner(ledger, settings, Scheduler(InlineExecutor(1)), name)


@pytest.fixture
def check(ledger, spec):
    spec = {**spec, "evaluator": {"name": "train", "epochs": 1}}
    return ledger.inquiries.request(InquiryKind.PROXY_CHECK, parse_spec(spec).model_dump(mode="json"), OPTIONS)[0]


def at_call(monkeypatch, number, act):
    """Call act when the evaluation of this number begins; returns the networks that are evaluated."""
    evaluate, networks = evaluator["train"].evaluate, []

    def counted(self, network, report):
        networks.append(network)
        if len(networks) == number:
            act()
        return evaluate(self, network, report)

    monkeypatch.setattr(evaluator["train"], "evaluate", counted)
    return networks


def test_a_check_goes_on_with_the_next_dispatcher_and_the_former_one_changes_nothing(
    ledger, checker, check, settings, monkeypatch
):
    first, second = checker("host:1:token1"), checker("host:2:token2")

    def lose():
        ledger.claims.end_leases(["token1"])
        second.tick()

    networks = at_call(monkeypatch, 3, lose)
    first.tick()
    first.join(PATIENCE_S)
    second.join(PATIENCE_S)

    found = ledger.inquiries.get(check.id)
    assert (found.state, found.reason) == (InquiryState.SUCCEEDED, None)
    assert found.result["verdict"] in {"good", "usable", "poor"}
    assert len(networks) <= 5 + 1, "only the training under way may be done again"
    assert not (settings.scratch / check.id).exists()
    assert len(ledger.paces()) == 1


def test_a_cancelled_check_ends_at_its_next_step(ledger, checker, check, monkeypatch):
    under_way = checker("the test")

    def cancel():
        assert ledger.inquiries.cancel(check.id).state is InquiryState.CANCELLING
        under_way.tick()

    networks = at_call(monkeypatch, 2, cancel)
    under_way.tick()
    under_way.join(PATIENCE_S)

    assert ledger.inquiries.get(check.id).state is InquiryState.CANCELLED
    assert len(networks) == 2
    assert not ledger.inquiries.is_open(check.id)


def test_a_check_that_is_stopped_waits_and_one_whose_images_are_gone_fails_with_the_reason(
    ledger, checker, check, monkeypatch
):
    stopped, other = checker("one"), checker("two")
    at_call(monkeypatch, 1, stopped.stop)
    stopped.tick()
    stopped.join(PATIENCE_S)
    assert ledger.inquiries.get(check.id).state is InquiryState.RUNNING

    def gone(*_):
        raise DataError("halves: gone")

    monkeypatch.setattr(dataset["halves"], "load", gone)
    other.tick()
    other.join(PATIENCE_S)

    found = ledger.inquiries.get(check.id)
    assert (found.state, found.result) == (InquiryState.FAILED, None)
    assert found.reason.startswith("halves: gone")
