"""Exports: single trials as files, on request, trained for as many epochs as finalists."""

import json
import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import asdict, replace
from shutil import rmtree
from typing import Any

from latency_db.devices.formats import ONNX, runtime_of
from nas.compressing.files import unpacked
from nas.compression.presets import content
from nas.dataset import Dataset, dataset
from nas.errors import CompressionError, NasError
from nas.evaluator import evaluator
from nas.images.model_input import ModelInput
from nas.jobs.errors import FencedError, NotFoundError
from nas.jobs.ledger import Ledger
from nas.jobs.records import ExportClaim, ExportRecord, File, TrialRecord
from nas.jobs.states import ExportState
from nas.machine.versions import versions
from nas.onnx_file.metadata import annotated
from nas.ops.canonical import network_id
from nas.ops.cost import is_coded
from nas.ops.notation import read_network
from nas.search.earlier import PREPARED, SHARED_START, with_known_start
from nas.service.artifact_store import ArtifactStore
from nas.service.data_root import resolve_path, shown
from nas.service.settings import Settings
from nas.spec import SearchSpec, parse_spec
from nas.spec.images import with_size
from nas.sql.errors import LedgerError
from nas.trial import Metrics, Report, unheard
from workers.dispatching.ledger_store import MODEL, cached_training
from workers.executing.executor import Task
from workers.executing.scheduler import Scheduler
from workers.searching.context import shared_images
from workers.searching.finalists.compressed_files import NAZ, is_compressed, naz_file
from workers.searching.finalists.compression import label
from workers.searching.finalists.files import picture_file
from workers.searching.finalists.on_device import carried_out, check_latency_device
from workers.searching.recording.training_keys import TrainingKeys
from workers.searching.teaching import NAME as TEACHER
from workers.searching.teaching import of_files, taught_by
from workers.tasks.compress import STAGE, TOTAL, Compression, check, compress
from workers.tasks.convert import Conversion, convert, take_pictures
from workers.tasks.taught import Taught, taught_images
from workers.tasks.told_latencies import ToldLatencies
from workers.tasks.train import Final, Setup, finalise

log = logging.getLogger(__name__)

POLL_S = 1.0
RENEW_S = 5.0
UNPACKED = "unpacked"
"""The kind of artifact that a compressed file (NAZ) of an export unpacks to."""


def _about(trial: TrialRecord) -> dict[str, Any]:
    """Metadata of a file that say which architecture it is."""
    return {"architecture": trial.architecture, "id": trial.architecture_id}


class Exporter:
    """Carries out one export at a time; tick() is to be called often."""

    def __init__(self, ledger: Ledger, settings: Settings, scheduler: Scheduler, owner: str) -> None:
        self._ledger, self._settings, self._owner = ledger, settings, owner
        self._artifacts = ArtifactStore(settings.artifacts, ledger.artifacts)
        self._quota = scheduler.quota()
        self._thread: threading.Thread | None = None
        self._claim: ExportClaim | None = None
        self._polled = 0.0
        self._progress: dict[str, Any] | None = None
        self._taught: Taught | None = None

    def tick(self) -> None:
        """Tell the progress of the export under way, renew its lease, or claim the next export; the latter two at most
        once every few seconds.
        """
        busy = self._thread is not None and self._thread.is_alive()
        if busy and self._claim:
            self._tell_progress(self._claim)
        if time.monotonic() - self._polled < (RENEW_S if busy else POLL_S):
            return
        self._polled = time.monotonic()
        if busy and self._claim:
            self._renew(self._claim)
            return
        self._progress = None
        self._claim = self._ledger.claims.claim_export(self._owner)
        if self._claim:
            self._thread = threading.Thread(target=self._run, args=(self._claim,), daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop the export under way: its lease expires, and another dispatcher starts it again."""
        self._quota.stop()

    def _renew(self, claim: ExportClaim) -> None:
        try:
            self._ledger.claims.renew_export(claim.lease)
        except FencedError:
            log.warning("%s: another dispatcher has it", claim.export.id)

    def _tell_progress(self, claim: ExportClaim) -> None:
        progress, self._progress = self._progress, None
        if progress is not None:
            with suppress(FencedError):  # the next renewal says so
                self._ledger.claims.export_progress(claim.lease, progress)

    def _run(self, claim: ExportClaim) -> None:
        end = self._ledger.claims.end_export
        try:
            ended = self._compressed(claim) if claim.export.compression else self._export(claim)
            end(claim.lease, ExportState.SUCCEEDED, **ended)
        except (CancelledError, FencedError, LedgerError) as error:
            log.warning("%s: released: %s", claim.export.id, error)
        except NasError as error:
            end(claim.lease, ExportState.FAILED, reason=shown(str(error), self._settings.data_root))
        except Exception:
            log.exception("%s failed by an error of the program", claim.export.id)
            end(claim.lease, ExportState.FAILED, reason="an error of the program; its log has the details")

    def _export(self, claim: ExportClaim) -> dict[str, Any]:
        """The file and its metrics, tested as it is: converted to a runtime's own format, or to take pictures."""
        trial, kind = self._ledger.trials.get(claim.export.trial_id), claim.export.format
        spec = self._spec(trial.search_id, claim.export)
        images = self._images(spec, trial.search_id)
        metrics = self._trained(claim, trial, spec, images)
        sha256, others = metrics.pop("model"), []
        name = f"model-{trial.architecture_id}-{spec.finalists.epochs}-epochs.{kind}"
        if is_compressed(model := self._artifacts.path(sha256).read_bytes()):  # the search gave it codes for weights
            others = [self._add(NAZ, naz_file(name), model)] if kind == ONNX else []
            sha256, _ = self._artifacts.add(annotated(unpacked(model, as_floats=kind != ONNX), _about(trial)))
        if kind != ONNX:
            wanted = Conversion(trial.notation, self._artifacts.path(sha256).read_bytes(), runtime_of(kind))
            converted = self._run_task(convert, spec, images, wanted)
            metrics, (sha256, _) = {**metrics, **converted.metrics}, self._artifacts.add(converted.file)
        if kind == ONNX and spec.export.input is ModelInput.UINT8:
            tested, made = self._run_task(take_pictures, spec, images, self._artifacts.path(sha256).read_bytes())
            tested["max_abs_difference"] += metrics.get("max_abs_difference", 0.0)  # to torch, at most
            metrics, (sha256, _), name = {**metrics, **tested}, self._artifacts.add(made), picture_file(name)
        size = self._artifacts.path(sha256).stat().st_size
        return {"file": File(kind, name, MODEL, sha256, size), "others": others, "metrics": metrics}

    def _compressed(self, claim: ExportClaim) -> dict[str, Any]:
        """The compressed file and what it unpacks to, with their report."""
        trial, wanted = self._ledger.trials.get(claim.export.trial_id), claim.export.compression or {}
        spec = self._spec(trial.search_id, claim.export)
        images = self._images(spec, trial.search_id)
        folder = self._settings.scratch / trial.search_id / "checkpoints" / claim.export.id
        pixels = spec.export.input is ModelInput.UINT8
        compression = Compression(json.dumps(wanted), trial.notation, str(folder), pixels)
        self._run_task(check, spec, images, compression)
        check_latency_device(wanted)
        model = None
        if is_coded(read_network(trial.notation)):
            raise CompressionError("its weights are codes already, as the search chose; export it as it is")
        if content(wanted).get("training", ...) is not None:
            model = self._artifacts.path(self._trained(claim, trial, spec, images)["model"]).read_bytes()
        heard = self._heard([stage["name"] for stage in content(wanted)["stages"]])

        def submit(told: ToldLatencies | None) -> Future[Any]:
            return self._submit(compress, spec, images, model, replace(compression, told=told), report=heard)

        ((_, made),) = carried_out({claim.export.id: submit}, wanted, self._quota)
        if isinstance(made, NasError):
            raise made
        rmtree(folder, ignore_errors=True)  # of use only if the worker was on this machine
        trained = f"-{spec.finalists.epochs}-epochs" if model else ""
        name = f"model-{trial.architecture_id}{trained}-{label(wanted)}"
        onnx = picture_file(f"{name}.onnx") if pixels else f"{name}.onnx"
        files = [self._add(NAZ, f"{name}.naz", made.file), self._add(UNPACKED, onnx, made.onnx)]
        metrics = {name: made.report[name] for name in ("test_accuracy", "size_bytes")}
        report = {**made.report, "files": [asdict(file) for file in files]}
        return {"file": files[0], "others": files[1:], "metrics": metrics, "report": report}

    def _add(self, kind: str, name: str, made: bytes) -> File:
        return File(kind, name, MODEL, *self._artifacts.add(made))

    def _trained(self, claim: ExportClaim, trial: TrialRecord, spec: SearchSpec, images: Dataset) -> dict[str, Any]:
        """Metrics of the network, trained now or earlier, with the digest of its ONNX file as "model", or of its
        compressed one if the search gave it codes for weights.
        """
        made = evaluator.make(spec.evaluator, images, spec.seed)
        finalist = TrainingKeys(spec, made, images).finalist
        own, of_network = (finalist(of) for of in (trial.architecture_id, network_id(read_network(trial.notation))))
        metrics = cached_training(self._ledger, self._artifacts, own)
        if metrics is not None:
            return metrics
        metrics = cached_training(self._ledger, self._artifacts, of_network)
        if metrics is None:
            checkpoint = self._settings.scratch / trial.search_id / "checkpoints" / f"{claim.export.id}.pt"
            about = {**_about(trial), **self._teacher(spec, trial.search_id), "versions": versions()}
            final = Final(spec.finalists.training, str(checkpoint), about)
            heard, start = self._heard(["training"], final.epochs), self._inherited_from(trial, spec)
            metrics, model = self._run_task(finalise, spec, images, trial.notation, final, *start, report=heard)
        else:  # trained as another architecture that is the same network
            model = self._artifacts.path(metrics["model"]).read_bytes()
            model = model if is_compressed(model) else annotated(model, _about(trial))
        metrics = {**metrics, "model": self._artifacts.add(model)[0]}
        for key in (own, of_network):
            self._ledger.trainings.put(key, metrics)
        return metrics

    def _inherited_from(self, trial: TrialRecord, spec: SearchSpec) -> tuple[bytes, ...]:
        """As SearchContext.inherited_from. NotFoundError if the weights are gone."""
        if not spec.finalists.inherit:
            return ()
        links = self._ledger.artifacts.links(trial.search_id)
        digests = [link.sha256 for link in links if link.kind == PREPARED]
        if not digests:
            raise NotFoundError(
                f"the shared weights of {trial.search_id} are gone, which finalists.inherit starts from"
            )
        return (self._artifacts.path(digests[-1]).read_bytes(),)

    def _heard(self, stages: Sequence[str], total: int | None = None) -> Report:
        """Keeps what a task reports for the next tick. total: of one training, which does not say it itself."""

        def report(epoch: int, metrics: Metrics) -> None:
            shown = {name: value for name, value in metrics.items() if name not in {STAGE, TOTAL}}
            stage, of = stages[int(metrics.get(STAGE, 0))], total or int(metrics[TOTAL])
            self._progress = {"stage": stage, "done": epoch, "total": of, "metrics": shown}

        return report

    def _run_task(
        self, task: Task, spec: SearchSpec, images: Dataset, *arguments: Any, report: Report = unheard
    ) -> Any:
        return self._submit(task, spec, images, *arguments, report=report).result()

    def _submit(self, task: Task, spec: SearchSpec, images: Dataset, *arguments: Any, report: Report) -> Future[Any]:
        setup = Setup.of(spec.dataset, spec.evaluator, seed=spec.seed, threads=self._settings.threads)
        setup = replace(setup, taught=self._taught)
        return self._quota.submit(task, setup, shared_images(self._quota, images), *arguments, report=report)

    def _images(self, spec: SearchSpec, search_id: str) -> Dataset:
        """The search's images, with the soft labels that its finalists follow, if there are any."""
        images, self._taught = dataset.make(spec.dataset).load(spec.seed), None
        if spec.teacher is None or not spec.teacher.finalists:
            return images
        known = self._ledger.trials.results(search_id)[TEACHER]
        self._taught = taught_by(known, spec.teacher, self._artifacts.path(known["file_sha256"]))
        return taught_images(images, self._taught)

    def _teacher(self, spec: SearchSpec, search_id: str) -> dict[str, Any]:
        """Metadata of a file that name the teacher which its training followed."""
        return of_files(self._ledger.trials.results(search_id).get(TEACHER), spec.teacher)

    def _spec(self, search_id: str, wanted: ExportRecord) -> SearchSpec:
        """The search's spec, with the export's epochs as those of finalists, and its input as that of files."""
        data = self._ledger.searches.get(search_id, deleted=True).spec
        if wanted.epochs is not None:
            data = {**data, "finalists": {**data["finalists"], "epochs": wanted.epochs}}
        if wanted.input is not None:
            data = {**data, "export": {"input": wanted.input}}
        start = self._ledger.trials.results(search_id).get(SHARED_START)
        known = with_known_start(data["evaluator"], start)
        images = resolve_path(data["dataset"], self._settings.data_root)
        made = parse_spec({**data, "evaluator": known, "dataset": images})
        return with_size(made, dataset.make(made.dataset))
