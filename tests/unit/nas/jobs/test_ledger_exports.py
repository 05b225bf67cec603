import time

import pytest
from ledger_steps import asked, carry_out, claimed, types

from nas.jobs.errors import FencedError, NotFoundError, StateError
from nas.jobs.records import File
from nas.jobs.states import ExportState

MODEL = File("onnx", "trial-0.onnx", "application/octet-stream", "ab" * 32, 1234)


@pytest.fixture
def trial_id(ledger):
    search, owner = claimed(ledger)
    carry_out(owner, 0)
    owner.end("SUCCEEDED")
    return f"{search.id}.0"


def test_an_export_from_request_to_file(ledger, trial_id):
    export, created = ledger.exports.request(trial_id, "onnx", 5)
    assert created
    assert (export.trial_id, export.state, export.epochs) == (trial_id, ExportState.QUEUED, 5)
    claim = ledger.claims.claim_export("one")
    assert claim.export.id == export.id
    assert claim.export.state is ExportState.RUNNING
    assert ledger.claims.claim_export("two") is None
    ended = ledger.claims.end_export(claim.lease, "SUCCEEDED", file=MODEL, metrics={"test_accuracy": 0.9})
    assert ended == ledger.exports.get(export.id)
    assert (ended.state, ended.artifact_sha256, ended.file) == ("SUCCEEDED", MODEL.sha256, MODEL.file)
    assert ended.metrics == {"test_accuracy": 0.9}
    assert ended.ended_at is not None
    (link,) = ledger.artifacts.links(trial_id.split(".")[0], trial=0)
    assert (link.trial, link.kind, link.file, link.size_bytes) == (0, "onnx", "trial-0.onnx", 1234)
    assert ledger.artifacts.get(MODEL.sha256).media_type == "application/octet-stream"
    assert types(ledger, link.search_id)[-4:] == ["export.state", "export.state", "artifact.added", "export.state"]


def test_the_same_export_is_made_once_unless_it_failed(ledger, trial_id):
    first, _ = ledger.exports.request(trial_id, "onnx", None)
    assert ledger.exports.request(trial_id, "onnx", None) == (first, False)
    other, created = ledger.exports.request(trial_id, "onnx", 3, "uint8")
    assert (created, other.input) == (True, "uint8")
    assert ledger.exports.request(trial_id, "onnx", 3, "uint8") == (other, False)
    claim = ledger.claims.claim_export("one")
    failed = ledger.claims.end_export(claim.lease, "FAILED", reason="no\0 memory")
    assert failed.reason == "no\ufffd memory"
    again, created = ledger.exports.request(trial_id, "onnx", None)
    assert created
    assert [export.id for export in ledger.exports.of(trial_id)] == [first.id, other.id, again.id]


def test_only_a_trial_that_succeeded_is_exported(ledger):
    search, owner = claimed(ledger)
    owner.add(asked(0))
    with pytest.raises(StateError, match="QUEUED"):
        ledger.exports.request(f"{search.id}.0", "onnx", None)
    for trial_id in (f"{search.id}.1", "nonsense", "srch_no.0", f"{search.id}.x", f"{search.id}.99999999999"):
        with pytest.raises(NotFoundError):
            ledger.exports.request(trial_id, "onnx", None)


def test_an_export_whose_lease_a_clock_set_back_has_moved_away_is_carried_out_by_another(ledger, trial_id):
    ledger.exports.request(trial_id, "onnx", None)
    dead = ledger.claims.claim_export("one")
    assert ledger.claims.claim_export("two") is None
    ledger.claims.renew_export(dead.lease, lease_s=7200)
    assert ledger.claims.claim_export("two").export.id == dead.export.id


def test_an_export_of_a_dead_owner_is_carried_out_by_another(ledger, trial_id):
    ledger.exports.request(trial_id, "onnx", None)
    dead = ledger.claims.claim_export("one", lease_s=0.05)
    ledger.claims.renew_export(dead.lease, lease_s=0.1)
    time.sleep(0.15)
    alive = ledger.claims.claim_export("two")
    assert alive.export.id == dead.export.id
    with pytest.raises(FencedError):
        ledger.claims.end_export(dead.lease, "SUCCEEDED", file=MODEL)
    with pytest.raises(FencedError):
        ledger.claims.renew_export(dead.lease)
    assert ledger.artifacts.links(trial_id.split(".")[0]) == []
    assert ledger.claims.renew_export(alive.lease).state is ExportState.RUNNING
    ledger.claims.end_export(alive.lease, "FAILED", reason="r")
    with pytest.raises(FencedError):
        ledger.claims.end_export(alive.lease, "SUCCEEDED", file=MODEL)


def test_a_file_replaces_its_namesake_of_the_same_trial(ledger):
    search, owner = claimed(ledger)
    carry_out(owner, 0)
    for sha256, trial in [("1" * 64, None), ("2" * 64, 0), ("3" * 64, None), ("2" * 64, 0)]:
        owner.attach("report", "report.html", "text/html", sha256, 10, trial)
    links = ledger.artifacts.links(search.id)
    assert [(link.trial, link.sha256[0]) for link in links] == [(None, "3"), (0, "2")]
    with pytest.raises(NotFoundError):
        ledger.artifacts.get("4" * 64)
