"""Exports of single trials as files: trained once; a failure has its reason."""

import json
import time
from random import Random

import onnx
import pytest
from live_service import ledger_of, take, tell

from nas.architecture import Architecture, Stage, Stem
from nas.blocks.conv import Convolution
from nas.dataset import dataset
from nas.errors import DataError, DivergedError
from nas.jobs.errors import NotFoundError
from nas.metadata import stamped
from nas.ops.notation import read_network, write_network
from nas.ops.onnx_graph import RandomWeights, onnx_model
from nas.service.artifact_store import ArtifactStore
from nas.service.settings import Settings
from nas.space import Candidate
from nas.spaces import load_space
from nas.spec import parse_spec
from workers.dispatching import exports
from workers.dispatching.exports import Exporter
from workers.executing.executors.inline import InlineExecutor
from workers.executing.scheduler import Scheduler

TRAINED = {"test_accuracy": 0.5, "size_bytes": 7.0}


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path, executor="inline", threads=1)


@pytest.fixture
def ledger(settings):
    with ledger_of(settings) as opened:
        yield opened


@pytest.fixture
def exporter(ledger, settings, monkeypatch):
    monkeypatch.setattr(exports, "POLL_S", 0.0)
    return Exporter(ledger, settings, Scheduler(InlineExecutor(1)), "the test")


@pytest.fixture
def trial(ledger, spec):
    """The id of a trial that has succeeded."""
    return succeeded(ledger, spec, load_space(spec["space"]).sample(Random(0)))


def succeeded(ledger, spec, candidate):
    """The id of a trial of this candidate, in a search of its own."""
    ledger.searches.submit(parse_spec(spec).model_dump(mode="json"), name="to export")
    owner = take(ledger)
    architecture = candidate.architecture
    described = {"architecture_id": architecture.id, "notation": write_network(architecture.expand())}
    described |= {"architecture": architecture.to_dict(), "choices": dict(candidate.choices)}
    owner.add({"event": "asked", "trial": 0, "metrics": {}, **described})
    tell(owner, 0)
    owner.end("SUCCEEDED")
    return f"{owner.lease.search_id}.0"


@pytest.fixture
def trained(monkeypatch):
    """The epochs of the trainings, which end at once with a file that says nothing."""
    epochs = []

    def finalise(setup, shared, notation, final, *, report):  # noqa: ARG001 - the task's signature
        epochs.append(final.epochs)
        return TRAINED, b"a model"

    monkeypatch.setattr(exports, "finalise", finalise)
    return epochs


def fail(monkeypatch, error):
    def finalise(*_, **__):
        raise error

    monkeypatch.setattr(exports, "finalise", finalise)


def exported(ledger, exporter, trial, epochs=None, kind="onnx"):
    """The export, after the exporter has done what it can."""
    wanted, _ = ledger.exports.request(trial, kind, epochs)
    exporter.tick()
    exporter._thread.join(60)
    return ledger.exports.get(wanted.id)


def test_equal_trainings_are_done_once(ledger, exporter, trial, trained, spec):
    """Those of another length are not equal."""
    first = exported(ledger, exporter, trial)
    longer = exported(ledger, exporter, trial, epochs=11)
    ledger.searches.submit(parse_spec(spec).model_dump(mode="json"), name="another")
    again = exported(ledger, exporter, trial, epochs=10)

    assert [found.state for found in (first, longer, again)] == ["SUCCEEDED"] * 3
    assert trained == [10, 11]
    assert again.artifact_sha256 == first.artifact_sha256
    assert first.metrics == TRAINED
    assert first.file.endswith("-10-epochs.onnx")


def test_a_network_in_other_words_is_not_trained_again(ledger, exporter, spec, settings, monkeypatch):
    """A skip that does not apply makes another architecture of the same network. Each file names its own."""
    notations = []

    def finalise(setup, shared, notation, final, *, report):  # noqa: ARG001 - the task's signature
        notations.append(notation)
        return TRAINED, stamped(onnx_model(read_network(notation), RandomWeights(0)), final.about)

    monkeypatch.setattr(exports, "finalise", finalise)
    stages = tuple((Stage(Convolution(skip=skip), 1, 16, 1),) for skip in ("none", "identity"))
    trials = [
        succeeded(ledger, spec, Candidate(Architecture(28, 1, Stem(8), own, 0, 10), {})) for own in stages for _ in "12"
    ]

    found = [exported(ledger, exporter, trial) for trial in trials]

    assert len(notations) == 1
    store = ArtifactStore(settings.artifacts, ledger.artifacts)
    files = [onnx.load_from_string(store.path(export.artifact_sha256).read_bytes()) for export in found]
    names = [{p.key: json.loads(p.value) for p in file.metadata_props} for file in files]
    assert [name["id"] for name in names] == [ledger.trials.get(trial).architecture_id for trial in trials]
    assert len({name["id"] for name in names}) == 2
    assert [file.graph == files[0].graph for file in files] == [True] * 4


def test_a_training_that_diverges_is_a_failed_export_with_its_reason(ledger, exporter, trial, monkeypatch):
    fail(monkeypatch, DivergedError("the loss is nan"))

    found = exported(ledger, exporter, trial)

    assert (found.state, found.reason, found.artifact_sha256) == ("FAILED", "the loss is nan", None)


def test_a_reason_does_not_show_where_the_images_are(ledger, exporter, trial, settings, monkeypatch):
    def lost(*_):
        raise DataError(f"{settings.data_root / 'mine'} is gone")

    monkeypatch.setattr(dataset["halves"], "load", lost)

    assert exported(ledger, exporter, trial).reason == "mine is gone"


def test_an_error_of_the_program_is_not_shown_to_the_user(ledger, exporter, trial, monkeypatch, caplog):
    fail(monkeypatch, TypeError("a bug"))

    found = exported(ledger, exporter, trial)

    assert (found.state, found.reason) == ("FAILED", "an error of the program; its log has the details")
    assert "TypeError: a bug" in caplog.text


def test_an_export_that_is_stopped_is_left_to_another_dispatcher(ledger, exporter, trial, trained):
    exporter.stop()

    found = exported(ledger, exporter, trial)

    assert found.ended_at is None
    assert trained == []


def test_an_export_of_an_unknown_trial_is_refused(ledger, trial):
    with pytest.raises(NotFoundError):
        ledger.exports.request(trial + "9", "onnx", None)


def test_it_looks_for_an_export_from_time_to_time(ledger, settings, trial, trained):
    exporter = Exporter(ledger, settings, Scheduler(InlineExecutor(1)), "the test")
    exporter._polled = time.monotonic()
    wanted, _ = ledger.exports.request(trial, "onnx", None)

    exporter.tick()

    assert exporter._thread is None
    assert ledger.exports.get(wanted.id).state == "QUEUED"
    assert trained == []
