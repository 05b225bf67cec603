"""What fits the time at hand, from the form of a new search: asked for, followed, and the form filled."""

import json
import os
from pathlib import Path

import pytest
from album import Album
from pages import Dashboard
from playwright.sync_api import expect
from serving import Served

from nas.jobs.inquiries.record import InquiryState

KEPT = os.environ.get("NAS_SCREENSHOTS_SUGGESTION")
SPEED = {"train_s": 0.004, "score_s": 0.001, "reestimated": 2000}
NOTE = "finalists have 18 epochs and should have 20 on 3,000 images: more hours will pay"
WIDTHS = (1280, 390)


def offer(space, side, within, *, chosen):
    return {
        "space": space,
        "resolution": side,
        "within_target": within,
        "latency_ms": [0.004 * side, 0.02 * side],
        "macs": [900 * side**2, 4800 * side**2],
        "typical": SPEED,
        "largest": SPEED,
        "epoch_s": 0.4 * side,
        "final_epochs": 2400 // side,
        "wanted_epochs": 20,
        "chosen": chosen,
    }


def found(request):
    """What a worker would suggest for the request."""
    spec = {
        "dataset": request["dataset"],
        "space": "small",
        "device": request["device"],
        "objective": {"name": "constrained", "target_latency_ms": request["target_latency_ms"]},
        "evaluator": {"name": "train", "epochs": 4},
        "max_trials": 26,
        "parallel": 2,
        "seed": 0,
        "finalists": {"count": 2, "epochs": 37},
        "references": [],
    }
    offers = [offer("small", 28, 1.0, chosen=True), *(offer("photos", side, 0.5, chosen=False) for side in (64, 96))]
    steps = {"MEASURING": 300.0, "TRAINING": 1200.0, "FINALISTS": 2000.0}
    return {"spec": spec, "offers": offers, "notes": [NOTE], "steps": steps, "seconds": 3500.0}


def ask(dashboard: Dashboard, target: str, hours: str = "1") -> None:
    dashboard.open("/new")
    dashboard.there("field-objective.target_latency_ms").fill(target)
    dashboard.there("hours").fill(hours)
    dashboard.there("suggest-spec").click()
    expect(dashboard.there("suggestion-state")).to_have_attribute("data-state", "QUEUED")


def filled(dashboard: Dashboard) -> None:
    expect(dashboard.there("field-max_trials")).to_have_value("26")
    expect(dashboard.there("field-evaluator.epochs")).to_have_value("4")
    expect(dashboard.there("field-finalists.epochs")).to_have_value("37")


def test_a_suggestion_is_followed_and_fills_the_form(dashboard: Dashboard, service: Served, tmp_path: Path) -> None:
    album = Album(Path(KEPT) if KEPT else tmp_path)
    ask(dashboard, "0.7", "1.5")
    claim = service.ledger.inquiries.claim("the test")
    asked = claim.inquiry.spec
    assert (asked["target_latency_ms"], asked["hours"], asked["device"]) == (0.7, 1.5, "local-cpu-1t")
    progress = {"phase": "TIMING", "what": "trainings timed", "done": 2, "total": 6}
    service.ledger.inquiries.renew(claim.lease, progress=progress)
    expect(dashboard.there("suggestion-state")).to_contain_text("trainings timed")
    album.take(dashboard.page, "suggesting")

    dashboard.page.reload()
    expect(dashboard.there("hours")).to_have_value("1.5")
    expect(dashboard.there("field-objective.target_latency_ms")).to_have_value("0.7")
    expect(dashboard.there("suggestion-state")).to_contain_text("trainings timed")
    service.ledger.inquiries.end(claim.lease, InquiryState.SUCCEEDED, result=found(asked))

    filled(dashboard)
    expect(dashboard.there("suggested")).to_contain_text("26 trials of 4 epochs, 2 finalists of 37 epochs")
    expect(dashboard.there("suggestion-state")).not_to_contain_text("was changed since")
    expect(dashboard.there("suggest")).to_contain_text(NOTE)
    expect(dashboard.there("offers").locator("tbody tr")).to_have_count(3)
    expect(dashboard.there("check")).to_have_attribute("data-valid", "true")
    for width in WIDTHS:
        dashboard.page.set_viewport_size({"width": width, "height": 1000})
        dashboard.expect_no_overflow()
        dashboard.there("suggest").scroll_into_view_if_needed()
        album.take(dashboard.page, f"suggested-{width}")

    dashboard.page.reload()
    filled(dashboard)
    expect(dashboard.there("suggested")).to_contain_text("The form is filled with it")


def test_what_was_changed_meanwhile_is_not_overwritten(dashboard: Dashboard, service: Served) -> None:
    ask(dashboard, "0.8")
    claim = service.ledger.inquiries.claim("the test")
    dashboard.there("field-objective.target_latency_ms").fill("0.9")
    service.ledger.inquiries.end(claim.lease, InquiryState.SUCCEEDED, result=found(claim.inquiry.spec))

    expect(dashboard.there("suggestion-state")).to_contain_text("was changed since")
    expect(dashboard.there("field-objective.target_latency_ms")).to_have_value("0.9")
    dashboard.there("fill-form").click()
    filled(dashboard)
    expect(dashboard.there("field-objective.target_latency_ms")).to_have_value("0.8")


def test_a_suggestion_is_cancelled_or_fails_with_its_reason(dashboard: Dashboard, service: Served) -> None:
    ask(dashboard, "0.6")
    dashboard.there("cancel-suggestion").click()
    expect(dashboard.there("suggestion-state")).to_have_attribute("data-state", "CANCELLED")

    dashboard.there("suggest-spec").click()
    expect(dashboard.there("suggestion-state")).to_have_attribute("data-state", "QUEUED")
    lease = service.ledger.inquiries.claim("the test").lease
    service.ledger.inquiries.end(lease, InquiryState.FAILED, reason="no network drawn meets 0.6 ms")
    expect(dashboard.there("suggestion-state")).to_contain_text("no network drawn meets 0.6 ms")


@pytest.mark.usefixtures("refusals")
def test_it_is_for_one_device_and_says_what_is_wrong(dashboard: Dashboard) -> None:
    dashboard.open("/new")
    dashboard.there("spec-json").fill(json.dumps({"dataset": {"name": "folder", "path": "uploads/none"}}))
    dashboard.there("suggest-spec").click()
    expect(dashboard.there("suggest")).to_contain_text("upload one first")
    dashboard.there("add-device").click()
    expect(dashboard.there("suggest-spec")).to_be_disabled()
    expect(dashboard.there("suggest")).to_contain_text("For one device at a time")
