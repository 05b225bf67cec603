"""Exports of single trials as files: trained once; a failure has its reason."""

import json
import time
from concurrent.futures import CancelledError
from random import Random

import onnx
import pytest
from live_service import take, tell
from processes import PATIENCE_S
from sqlalchemy import update

from nas.architecture import Architecture, Stage, Stem
from nas.blocks.conv import Convolution
from nas.compressing.files import unpacked
from nas.compressor import compressor as compressors
from nas.dataset import dataset
from nas.errors import DataError, DivergedError
from nas.jobs import tables
from nas.jobs.errors import NotFoundError
from nas.onnx_file.metadata import stamped
from nas.ops.notation import read_network, write_network
from nas.ops.onnx_graph import RandomWeights, onnx_model
from nas.service.artifact_store import ArtifactStore
from nas.space import Candidate
from nas.spaces import load_space
from nas.spec import parse_spec
from nas.sql.column_types import now
from workers.dispatching import exports
from workers.dispatching.exports import Exporter
from workers.executing.executors.inline import InlineExecutor
from workers.executing.scheduler import Scheduler

TRAINED = {"test_accuracy": 0.5, "size_bytes": 7.0}


@pytest.fixture
def exporter(ledger, settings, monkeypatch):
    monkeypatch.setattr(exports, "POLL_S", 0.0)
    return Exporter(ledger, settings, Scheduler(InlineExecutor(1)), "the test")


@pytest.fixture
def trial(ledger, spec):
    """The id of a trial that has succeeded."""
    return succeeded(ledger, spec, load_space(spec["space"]).sample(Random(0)))


def succeeded(ledger, spec, candidate, *attached):
    """The id of a trial of this candidate, in a search of its own, with attached files."""
    ledger.searches.submit(parse_spec(spec).model_dump(mode="json"), name="to export")
    owner = take(ledger)
    architecture = candidate.architecture
    described = {"architecture_id": architecture.id, "notation": write_network(architecture.expand())}
    described |= {"architecture": architecture.to_dict(), "choices": dict(candidate.choices)}
    owner.add({"event": "asked", "trial": 0, "metrics": {}, **described})
    tell(owner, 0)
    for file in attached:
        owner.attach(*file)
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
    exporter._thread.join(PATIENCE_S)
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


def test_a_network_of_shared_weights_starts_from_them_if_finalists_do(ledger, exporter, spec, settings, monkeypatch):
    given = []

    def finalise(setup, shared, notation, final, *start, report):  # noqa: ARG001 - the task's signature
        given.append(start)
        return TRAINED, b"a model"

    monkeypatch.setattr(exports, "finalise", finalise)
    candidate, shared = load_space(spec["space"]).sample(Random(0)), spec | {"evaluator": {"name": "supernet"}}
    weights = ("prepared", "prepared.bin", "a/b", *ArtifactStore(settings.artifacts, ledger.artifacts).add(b"weights"))
    trials = (
        succeeded(ledger, shared, candidate, weights),
        succeeded(ledger, shared | {"finalists": {"inherit": True}}, candidate, weights),
        succeeded(ledger, shared | {"finalists": {"inherit": True}, "seed": 1}, candidate),
    )

    found = [exported(ledger, exporter, trial) for trial in trials]

    assert given == [(), (b"weights",)]
    assert [export.state for export in found] == ["SUCCEEDED", "SUCCEEDED", "FAILED"]
    assert "shared weights" in found[2].reason


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


PLAN = {
    "stages": [
        {"name": "prune", "density": 0.5, "epochs": 2, "batch_size": 32},
        {"name": "trained_quantization", "bits": 3, "epochs": 1, "batch_size": 32},
        {"name": "entropy_coding"},
    ]
}


def compressed(ledger, exporter, trial, compression):
    """The export of a compressed file, after the exporter has done what it can; progress is told at each tick."""
    wanted, _ = ledger.exports.request(trial, "onnx", 1, compression=compression)
    exporter.tick()
    while exporter._thread.is_alive():
        exporter.tick()
        exporter._thread.join(0.01)
    return ledger.exports.get(wanted.id)


@pytest.fixture
def tiny(ledger, spec):
    """The id of a trial that trains in a moment."""
    stages = ((Stage(Convolution(), 1, 8, 1),),)
    return succeeded(ledger, spec, Candidate(Architecture(8, 1, Stem(8), *stages, 0, 2), {}))


def test_a_compression_has_two_files_and_a_report(ledger, exporter, tiny, settings):
    found = compressed(ledger, exporter, tiny, {"plan": PLAN, "epochs": 1})

    assert found.state == "SUCCEEDED", found.reason
    store = ArtifactStore(settings.artifacts, ledger.artifacts)
    links = {link.kind: link for link in ledger.artifacts.links(found.trial_id.split(".")[0])}
    assert [file["kind"] for file in found.report["files"]] == ["naz", "unpacked"]
    assert [file["sha256"] for file in found.report["files"]] == [links[kind].sha256 for kind in ("naz", "unpacked")]
    file = store.path(found.artifact_sha256).read_bytes()
    assert found.file.endswith(".naz")
    assert found.report["size_bytes"] == len(file) == sum(found.report["stages"][-1]["sizes"].values())
    assert unpacked(file) == store.path(links["unpacked"].sha256).read_bytes()
    assert [stage["name"] for stage in found.report["stages"]][1:] == [stage["name"] for stage in PLAN["stages"]]
    assert found.metrics == {name: found.report[name] for name in ("test_accuracy", "size_bytes")}
    assert not list((settings.scratch / links["naz"].search_id / "checkpoints").glob(f"{found.id}/*"))


def test_a_compression_that_was_stopped_goes_on_behind_its_last_stage(ledger, exporter, tiny, settings, monkeypatch):
    """The second dispatcher finds the state of the stages that were done."""

    def die(*_):
        raise CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(compressors["trained_quantization"], "compress", die)
        halted = compressed(ledger, exporter, tiny, {"plan": PLAN, "epochs": 1})
    kept = list(settings.scratch.glob("*/checkpoints/exp_*/*.state"))
    assert halted.ended_at is None
    assert sorted(path.name for path in kept) == ["0-prune.state", "before.state"]
    monkeypatch.setattr(compressors["prune"], "compress", die)

    with ledger.database.writing() as connection:
        connection.execute(update(tables.export).values(lease_until=now()))
    exporter.tick()
    exporter._thread.join(PATIENCE_S)

    assert ledger.exports.get(halted.id).state == "SUCCEEDED"


def test_a_plan_that_is_wrong_is_a_failed_export_before_anything_is_trained(ledger, exporter, tiny, trained):
    found = compressed(ledger, exporter, tiny, {"plan": {"stages": [{"name": "prune", "density": 2}]}})

    assert found.state == "FAILED"
    assert found.reason.startswith("stages.0.density")
    assert trained == []


def test_the_progress_of_an_export_is_told_by_events(ledger, exporter, tiny):
    wanted, _ = ledger.exports.request(tiny, "onnx", 1, compression={"plan": PLAN})
    claim = ledger.claims.claim_export("the test")
    heard = exporter._heard(["prune", "trained_quantization"])
    heard(3, {"accuracy": 0.5, "stage": 1.0, "total": 4.0})

    exporter._tell_progress(claim)
    exporter._tell_progress(claim)

    told = [event.data for event in ledger.events.after(tiny.split(".")[0]) if event.type == "export.progress"]
    progress = {"stage": "trained_quantization", "done": 3, "total": 4, "metrics": {"accuracy": 0.5}}
    assert told == [{"id": wanted.id, "trial": tiny, **progress}]


def test_a_plan_that_begins_with_the_weights_of_the_seed_needs_no_training_before(ledger, exporter, tiny, trained):
    stages = [{"name": "binary", "epochs": 1, "batch_size": 512}, {"name": "entropy_coding", "coder": "raw"}]

    found = compressed(ledger, exporter, tiny, {"plan": {"training": None, "images": "signed", "stages": stages}})

    assert (found.state, trained) == ("SUCCEEDED", []), found.reason
    assert found.file.startswith(f"model-{ledger.trials.get(tiny).architecture_id}-plan-")


def test_a_network_with_codes_is_its_compressed_file_and_what_it_unpacks_to(ledger, exporter, spec, settings):
    """It is trained once, also for another export; a compression of it is refused."""
    stages = ((Stage(Convolution(), 1, 8, 1, precision="ternary"),),)
    trial = succeeded(ledger, spec, Candidate(Architecture(8, 1, Stem(8), *stages, 0, 2), {}))
    found = exported(ledger, exporter, trial, epochs=1)

    assert found.state == "SUCCEEDED", found.reason
    store = ArtifactStore(settings.artifacts, ledger.artifacts)
    links = {link.kind: link for link in ledger.artifacts.links(found.trial_id.split(".")[0])}
    file = store.path(links["naz"].sha256).read_bytes()
    onnx_file = onnx.load_from_string(store.path(found.artifact_sha256).read_bytes())
    assert found.file.endswith("-1-epochs.onnx")
    assert links["naz"].file == found.file.replace(".onnx", ".naz")
    assert onnx_file.graph == onnx.load_from_string(unpacked(file)).graph
    assert found.metrics["size_bytes"] == len(file)
    about = {each.key: json.loads(each.value) for each in onnx_file.metadata_props}
    assert about["id"] == ledger.trials.get(trial).architecture_id

    refused = compressed(ledger, exporter, trial, {"plan": PLAN, "epochs": 1})
    assert refused.state == "FAILED"
    assert "its weights are codes already" in refused.reason
