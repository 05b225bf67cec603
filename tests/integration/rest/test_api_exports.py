"""Exports of trials over HTTP, on a real ledger; the dispatcher is played."""

from dataclasses import asdict

import pytest
from live_service import ledger_of, play, submit
from problem import assert_problem

from nas.jobs.records import File


def test_an_export_is_asked_for_once(client, settings):
    search_id = submit(client)["id"]
    play(settings)
    url = f"/v1/trials/{search_id}.0:export"

    made = client.post(url, json={"format": "onnx", "epochs": 2})

    assert made.status_code == 202
    assert client.post(url, json={"epochs": 2}).json() == made.json()
    assert client.get(made.headers["location"]).json() == made.json()
    assert made.json()["url"] is None
    assert_problem(client.post(f"/v1/trials/{search_id}.3:export", json={}), 409, "STATE_TRANSITION")
    body = {"format": "tflite", "input": "uint8"}
    assert "of onnx files" in str(assert_problem(client.post(url, json=body), 422, "REQUEST_INVALID"))
    assert_problem(client.post(url, json={"format": "pickle"}), 422, "REQUEST_INVALID")
    other = client.post(url, json={"format": "tflite", "epochs": 2}).json()
    assert (other["format"], other["id"] == made.json()["id"]) == ("tflite", False)


def test_an_export_with_a_compression_has_its_files_and_its_report(client, settings):
    search_id = submit(client)["id"]
    play(settings)
    url = f"/v1/trials/{search_id}.0"
    plan = {"stages": [{"name": "prune", "density": 0.2}, {"name": "entropy_coding"}]}

    plain = client.post(f"{url}:export", json={}).json()
    made = client.post(f"{url}:export", json={"compression": {"plan": plan, "epochs": 1}})
    preset = client.post(f"{url}:export", json={"compression": {"preset": "deep-compression"}}).json()

    assert made.status_code == 202
    assert made.json()["compression"] == {"plan": plan, "epochs": 1}
    assert client.post(f"{url}:export", json={"compression": {"plan": plan, "epochs": 1}}).json() == made.json()
    ids = [plain["id"], made.json()["id"], preset["id"]]
    assert [export["id"] for export in client.get(f"{url}/exports").json()["items"]] == ids
    with ledger_of(settings) as ledger:
        while (claim := ledger.claims.claim_export("the test")).export.id != ids[1]:
            pass
        files = [File(kind, f"m.{kind}", "application/octet-stream", kind[0] * 64, 9) for kind in ("naz", "unpacked")]
        report = {"size_bytes": 9, "files": [asdict(file) for file in files]}
        ledger.claims.end_export(claim.lease, "SUCCEEDED", file=files[0], others=files[1:], report=report)
    found = client.get(f"/v1/exports/{ids[1]}").json()
    assert [file["kind"] for file in found["files"]] == ["naz", "unpacked"]
    assert found["url"] == found["files"][0]["url"] == f"/v1/artifacts/{'n' * 64}?filename=m.naz"
    assert found["report"]["size_bytes"] == 9


@pytest.mark.parametrize(
    ("body", "reason", "complaint"),
    [
        ({"compression": {}}, "REQUEST_INVALID", "give either preset or plan"),
        ({"compression": {"preset": "deep-compression", "plan": {}}}, "REQUEST_INVALID", "give either preset or plan"),
        ({"compression": {"preset": "/etc/passwd.json"}}, "REQUEST_INVALID", "there is no preset"),
        ({"compression": {"preset": "ttq", "max_bytes": 9}}, "REQUEST_INVALID", "plans with a stage allocate"),
        ({"compression": {"preset": "mixed", "max_bytes": 0}}, "REQUEST_INVALID", "max_bytes"),
        (
            {"compression": {"preset": "deep-compression"}, "format": "tflite"},
            "REQUEST_INVALID",
            "leave out the",
        ),
        ({"compression": {"plan": {"stages": []}}}, "SPEC_INVALID", "compression.plan.stages"),
        (
            {"compression": {"plan": {"stages": [{"name": "prune", "density": 2}]}}},
            "SPEC_INVALID",
            "compression.plan.stages.0.density",
        ),
        ({"compression": {"plan": {"stages": [{"name": "prume"}]}}}, "NAME_UNKNOWN", "no compressor named 'prume'"),
    ],
)
def test_a_compression_that_cannot_be_is_refused_when_it_is_asked_for(client, settings, body, reason, complaint):
    search_id = submit(client)["id"]
    play(settings)

    answer = client.post(f"/v1/trials/{search_id}.0:export", json=body)

    assert complaint in str(assert_problem(answer, 422, reason))
    assert client.get(f"/v1/trials/{search_id}.0/exports").json() == {"items": []}
