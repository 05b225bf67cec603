"""A search of the service with a teacher, from its submit to an export of one of its trials."""

import json
from datetime import UTC, datetime
from threading import Event

import onnx
import pytest
from live_service import ledger_of
from processes import PATIENCE_S
from sqlalchemy import update
from teachers import teacher

from nas.jobs import tables
from nas.onnx_file.metadata import properties
from nas.service.artifact_store import ArtifactStore
from nas.service.cleaning import clean
from nas.service.settings import Settings
from nas.service.teachers import keep_teacher, known_teacher, teacher_model
from nas.spec import parse_spec
from workers.dispatching import exports
from workers.dispatching.assignment import Assignment
from workers.dispatching.exports import Exporter
from workers.executing.executors.inline import InlineExecutor
from workers.executing.scheduler import Scheduler


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(exports, "POLL_S", 0.0)
    return Settings(home=tmp_path, executor="inline", threads=1)


def aged(ledger):
    """Make all artifacts as old as those that are removed where nothing refers to them."""
    with ledger.database.writing() as connection:
        connection.execute(update(tables.artifact).values(created_at=datetime(2020, 1, 1, tzinfo=UTC)))


def test_its_trials_and_exports_follow_the_teacher_which_is_kept_as_long(settings, spec):
    with ledger_of(settings) as ledger:
        store = ArtifactStore(settings.artifacts, ledger.artifacts)
        model = teacher_model(store.add(teacher())[0], "C:\\mine\\big one.onnx")
        unused = teacher_model(store.add(teacher(sharpness=2.0))[0], "other.onnx")
        keep_teacher(store, model)
        fields = spec | {"evaluator": {"name": "train", "epochs": 1, "batch_size": 16}, "max_trials": 1}
        fields |= {"teacher": {"model": model, "pixels": "0-1"}, "finalists": {"count": 0, "epochs": 1}}
        made, _ = ledger.searches.submit(parse_spec(fields).model_dump(mode="json"), name="taught")
        aged(ledger)
        clean(ledger, settings, Event())
        assert known_teacher(store, unused) is None
        scheduler = Scheduler(InlineExecutor(1))
        assignment = Assignment(ledger, settings, scheduler, ledger.claims.claim("the test"))

        assignment.start()
        assignment.join(PATIENCE_S)

        found = ledger.searches.get(made.id)
        assert found.state == "SUCCEEDED", found.state_message
        assert found.facts["teacher"]["name"] == "big_one.onnx"
        assert "soft_labels" in {link.kind for link in ledger.artifacts.links(made.id)}
        known_teacher(store, model).unlink()  # what it said is kept
        exporter = Exporter(ledger, settings, scheduler, "the test")
        wanted, _ = ledger.exports.request(f"{made.id}.0", "onnx", None)
        exporter.tick()
        exporter._thread.join(PATIENCE_S)
        export = ledger.exports.get(wanted.id)
        assert export.state == "SUCCEEDED", export
        about = properties(onnx.load(store.path(export.artifact_sha256)))
        assert about["teacher"] == {
            "name": "big_one.onnx",
            "sha256": model.split("/")[1],
            "accuracy": 1.0,
            "temperature": 4.0,
            "weight": 0.5,
        }
        keys = json.dumps([row.recipe_id for row in _trainings(ledger)])
        assert keys.count("+taught-") == len(json.loads(keys)) >= 2


def _trainings(ledger):
    with ledger.database.reading() as connection:
        return connection.execute(tables.training.select()).all()
