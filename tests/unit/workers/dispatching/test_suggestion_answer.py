"""Suggestions of the service: carried out by a dispatcher, with paths as they were asked for."""

from random import Random

import pytest
from made_up import pocket, table
from processes import PATIENCE_S

from latency_db.storing.store import Store
from nas.dataset import dataset
from nas.jobs.inquiries.record import InquiryKind, InquiryState
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


def measured(latency_file):
    """The device knows the kernels of the networks that will be drawn."""
    images = outline_of(dataset.make({"name": "halves"}), SEED)
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
