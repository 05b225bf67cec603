"""Suggestions of the service: carried out by a dispatcher, with paths as they were asked for."""

from random import Random

import pytest
from fastapi.testclient import TestClient
from made_up import pocket, table
from processes import PATIENCE_S

from api.app import create_app
from latency_db.storing.store import Store
from nas.dataset import dataset
from nas.jobs.inquiries.record import InquiryKind, InquiryState
from nas.jobs.rows import PACE
from nas.spaces import load_space
from nas.spec import parse_spec
from workers.dispatching.inquiries import InquiryRunner
from workers.executing.executors.inline import InlineExecutor
from workers.executing.scheduler import Scheduler
from workers.suggesting.offers import DRAWN, named_space_at
from workers.suggesting.suggestion import outline_of

SEED = 3


@pytest.fixture
def answered(ledger, settings, spec):
    """What becomes of a request on images of noise, on a device that is not here."""

    def answer(**changes):
        asked = {"dataset": {"name": "halves"}, "device": spec["device"], "target_latency_ms": None, "hours": 1.0}
        ledger.inquiries.request(InquiryKind.SUGGESTION, {**asked, "seed": SEED, **changes}, {})
        runner = InquiryRunner(ledger, settings, Scheduler(InlineExecutor(1)), "the test")
        runner.tick()
        runner.join(PATIENCE_S)
        (found,) = ledger.inquiries.newest(InquiryKind.SUGGESTION)
        return found

    return answer


def measured(latency_file, name="halves"):
    """The device knows the kernels of the networks that will be drawn."""
    images = outline_of(dataset.make({"name": name}), SEED)
    space = load_space(named_space_at(images.side)).for_images(images.channels, images.side, len(images.classes))
    rng = Random(SEED)
    Store(latency_file).add(table(pocket(), [space.sample(rng).architecture.expand() for _ in range(DRAWN)]))


def test_the_spec_that_is_suggested_can_be_submitted(answered, latency_file):
    measured(latency_file)

    found = answered()

    assert (found.state, found.reason) == (InquiryState.SUCCEEDED, None)
    assert found.result.keys() == {"spec", "offers", "notes", "steps", "seconds"}
    suggested = parse_spec(found.result["spec"])
    assert (suggested.dataset, suggested.seed) == ({"name": "halves"}, SEED)
    assert found.result["seconds"] == pytest.approx(sum(found.result["steps"].values()))
    assert found.result["seconds"] <= 3600
    assert [offer["chosen"] for offer in found.result["offers"]] == [True]


def test_the_form_forecasts_what_the_suggestion_says(answered, latency_file, ledger, settings):
    """Whatever searches of other spaces, sizes and evaluators have taken on this machine."""
    images = "fashion_mnist_mini"
    measured(latency_file, images)
    other = {"evaluator": "train", "space": "photos", "device": "pocket", "side": 96, "work_s": 1.0, "longer_s": 2.0}
    ledger.inquiries.request(InquiryKind.PROXY_CHECK, {"seed": 1}, {})
    lease = ledger.inquiries.claim("the test").lease
    ledger.inquiries.keep(lease, {PACE: {**other, "measuring_s": 50.0, "network_s": 4.0}})
    ledger.inquiries.end(lease, InquiryState.SUCCEEDED, result={})

    found = answered(dataset={"name": images}).result

    assert found["steps"]["MEASURING"] == 50
    with TestClient(create_app(settings.model_copy(update={"open": True})), base_url="http://127.0.0.1") as client:
        answer = client.post("/v1/searches", params={"validate_only": True}, json=found["spec"]).json()
    assert answer["estimate"]["seconds"] == pytest.approx(found["seconds"], abs=1)
    assert answer["estimate"]["steps"] == pytest.approx(found["steps"], abs=0.1)


def test_a_device_without_measurements_is_a_failure_that_says_what_to_do(answered):
    found = answered()

    assert (found.state, found.result) == (InquiryState.FAILED, None)
    assert "use `nas device measure pocket" in found.reason


def test_too_little_time_is_a_failure_that_says_so(answered):
    found = answered(hours=0.001)

    assert found.state is InquiryState.FAILED
    assert "give more hours" in found.reason


def test_images_are_looked_for_below_the_data_root_and_named_as_asked(answered, settings):
    found = answered(dataset={"name": "folder", "path": "uploads/none"})

    assert found.state is InquiryState.FAILED
    assert "no such folder" in found.reason
    assert str(settings.data_root) not in found.reason
