"""Proxy checks over HTTP: made, read, cancelled, refused."""

import pytest
from live_service import ledger_of
from problem import assert_problem

from nas.jobs.inquiries.record import InquiryKind, InquiryState
from nas.service.settings import Settings

BODY = {"dataset": "fashion_mnist_mini", "candidates": 12, "finalists": {"epochs": 6}}


@pytest.fixture
def ledger(service_home):
    with ledger_of(Settings(home=service_home)) as opened:
        yield opened


def test_a_check_is_made_once_and_shows_its_progress_and_result(open_client, ledger):
    made = open_client.post("/v1/proxy-checks", json=BODY)
    again = open_client.post("/v1/proxy-checks", json=BODY)

    assert (made.status_code, again.status_code) == (202, 202)
    assert again.json()["id"] == made.json()["id"]
    url = made.headers["location"]
    assert made.json()["options"] == {"candidates": 12, "repeats": 3, "longer_epochs": None}
    assert made.json()["spec"]["max_trials"] == 64
    claim = ledger.inquiries.claim("the test")
    ledger.inquiries.renew(claim.lease, progress={"phase": "TRAINING", "what": "trainings", "done": 1, "total": 12})
    assert open_client.get(url).json()["progress"]["done"] == 1
    ledger.inquiries.end(claim.lease, InquiryState.SUCCEEDED, result={"verdict": "good"})
    found = open_client.get(url).json()
    assert (found["state"], found["result"], found["progress"]) == ("SUCCEEDED", {"verdict": "good"}, None)
    listed = open_client.get("/v1/proxy-checks").json()["items"]
    assert [(each["id"], each["state"]) for each in listed] == [(found["id"], "SUCCEEDED")]
    assert_problem(open_client.post(f"{url}:cancel"), 409, "STATE_TRANSITION")


def test_a_check_that_waits_is_cancelled(open_client):
    url = open_client.post("/v1/proxy-checks", json={**BODY, "seed": 1}).headers["location"]

    assert open_client.post(f"{url}:cancel").json()["state"] == "CANCELLED"
    assert open_client.post(f"{url}:cancel").status_code == 200
    assert_problem(open_client.get("/v1/proxy-checks/chk_00000000000000000000000000"), 404, "NOT_FOUND")


def test_what_it_takes_is_said_without_making_one(open_client, ledger):
    before = len(ledger.inquiries.newest(InquiryKind.PROXY_CHECK))

    found = open_client.post("/v1/proxy-checks?validate_only=true", json={**BODY, "seed": 2}).json()

    assert (found["valid"], found["trainings"]) == (True, 2 * 12 + 2)
    assert len(ledger.inquiries.newest(InquiryKind.PROXY_CHECK)) == before


@pytest.mark.parametrize(
    ("changes", "status", "reason", "said"),
    [
        ({"candidates": 3}, 400, "REQUEST_INVALID", "greater than or equal to 4"),
        ({"dataset": "mnits"}, 400, "NAME_UNKNOWN", "mnits"),
        ({"longer_epochs": 1}, 422, "SPEC_INVALID", "set longer_epochs to 3 or more"),
        ({"finalists": {"epochs": 2}}, 422, "SPEC_INVALID", "finalists.epochs"),
        ({"labels": {}}, 400, "REQUEST_INVALID", "labels"),
    ],
)
def test_a_wrong_check_is_refused_with_its_field(open_client, changes, status, reason, said):
    answer = open_client.post("/v1/proxy-checks", json={**BODY, **changes})

    assert said in answer.text
    assert answer.json()["reason"] == reason
    assert answer.status_code in {status, 400, 422}


def test_writing_needs_a_key(locked_client):
    assert_problem(locked_client.post("/v1/proxy-checks", json=BODY), 401, "KEY_MISSING")
