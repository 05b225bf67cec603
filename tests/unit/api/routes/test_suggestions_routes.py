"""Suggestions over HTTP: made, read, cancelled, refused."""

import pytest
from live_service import ledger_of
from problem import assert_problem

from nas.jobs.inquiries.record import InquiryState
from nas.service.settings import Settings

BODY = {"dataset": "fashion_mnist_mini", "target_latency_ms": 0.5, "hours": 2}


@pytest.fixture
def ledger(service_home):
    with ledger_of(Settings(home=service_home)) as opened:
        yield opened


def test_a_suggestion_is_made_once_and_shows_its_progress_and_result(open_client, ledger):
    made = open_client.post("/v1/suggestions", json=BODY)
    again = open_client.post("/v1/suggestions", json={**BODY, "dataset": {"name": "fashion_mnist_mini"}})

    assert (made.status_code, again.status_code) == (202, 202)
    assert again.json()["id"] == made.json()["id"]
    url = made.headers["location"]
    assert made.json()["request"] == {
        "dataset": {"name": "fashion_mnist_mini"},
        "device": "local-cpu-1t",
        "target_latency_ms": 0.5,
        "hours": 2.0,
        "seed": 0,
    }
    claim = ledger.inquiries.claim("the test")
    ledger.inquiries.renew(claim.lease, progress={"phase": "TIMING", "what": "trainings timed", "done": 2, "total": 6})
    assert open_client.get(url).json()["progress"]["total"] == 6
    ledger.inquiries.end(claim.lease, InquiryState.SUCCEEDED, result={"spec": {"max_trials": 20}})
    found = open_client.get(url).json()
    assert (found["state"], found["result"], found["progress"]) == ("SUCCEEDED", {"spec": {"max_trials": 20}}, None)
    listed = open_client.get("/v1/suggestions").json()["items"]
    assert [(each["id"], each["state"]) for each in listed] == [(found["id"], "SUCCEEDED")]
    assert found["id"] not in {each["id"] for each in open_client.get("/v1/proxy-checks").json()["items"]}
    assert_problem(open_client.post(f"{url}:cancel"), 409, "STATE_TRANSITION")


def test_a_suggestion_needs_no_target(open_client):
    made = open_client.post("/v1/suggestions", json={"dataset": "fashion_mnist_mini", "seed": 2})

    assert made.status_code == 202
    assert made.json()["request"]["target_latency_ms"] is None
    open_client.post(f"{made.headers['location']}:cancel")


def test_a_suggestion_that_waits_is_cancelled(open_client):
    url = open_client.post("/v1/suggestions", json={**BODY, "seed": 1}).headers["location"]

    assert open_client.post(f"{url}:cancel").json()["state"] == "CANCELLED"
    assert_problem(open_client.get("/v1/suggestions/sug_00000000000000000000000000"), 404, "NOT_FOUND")
    assert_problem(open_client.get("/v1/suggestions/chk_00000000000000000000000000"), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("changes", "reason", "said"),
    [
        ({"hours": 0}, "REQUEST_INVALID", "greater than 0"),
        ({"target_latency_ms": -1}, "REQUEST_INVALID", "greater than 0"),
        ({"dataset": "mnits"}, "NAME_UNKNOWN", "mnits"),
        ({"device": "toaster"}, "NAME_UNKNOWN", "local-cpu-1t"),
        ({"dataset": {"name": "folder", "path": "uploads/none"}}, "SPEC_INVALID", "upload one first"),
        ({"dataset": {"name": "folder", "path": "/etc"}}, "SPEC_INVALID", "below the data root"),
        ({"space": "small"}, "REQUEST_INVALID", "space"),
    ],
)
def test_a_wrong_suggestion_is_refused_with_its_field(open_client, changes, reason, said):
    answer = open_client.post("/v1/suggestions", json={**BODY, **changes})

    assert answer.json()["reason"] == reason
    assert said in answer.text


def test_writing_needs_a_key(locked_client):
    assert_problem(locked_client.post("/v1/suggestions", json=BODY), 401, "KEY_MISSING")
