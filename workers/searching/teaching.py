"""The teacher of a search, before its first trial: its accuracy is seen, and its soft labels are computed once.

They follow from model, images and preparation; by the digest of these they are kept in the cache folder, for other
searches, and with the search, for a later call of it.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from concurrent.futures import Future, as_completed
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from nas.dataset import Dataset
from nas.errors import ChangedError, SpecError
from nas.files import sha256_of, write_whole
from nas.machine.folders import cache_folder
from nas.quantities import percent
from nas.statistics.proportions import wilson
from nas.teacher.check import header_in
from nas.teacher.preparation import Preparation, prepared
from nas.teacher.request import TeacherRequest
from nas.trial import unheard
from workers.searching.context import shared_images
from workers.searching.opening import Opening
from workers.tasks.taught import SoftScores, Taught, packed, taught_images, unpacked
from workers.tasks.teach import examine, soft_labels
from workers.tasks.train import Setup

if TYPE_CHECKING:
    from nas.teacher.scoring import Examined

NAME = "teacher"
"""The name under which a search keeps what was found of its teacher."""
PART = 2048
"""Training images of a task: others run in between, and no more is lost by a kill."""
KEPT = 32
"""Files of soft labels in the cache folder, the last ones used."""

Facts = dict[str, Any]
Part = tuple[int, int]
"""The training images of a task: the first, and the one after the last."""


@dataclass(frozen=True, slots=True)
class Teaching:
    """A search's teacher at work. setup: of its tasks, as without a teacher."""

    opening: Opening
    setup: Setup
    images: Dataset
    request: TeacherRequest

    def found(self) -> Facts:
        """What was found of the teacher, with the file of its soft labels in the store; now or by an earlier call.

        SpecError if it is unfit; ChangedError if it is not the one that the search began with.
        """
        store, request = self.opening.store, self.request
        known: Facts | None = store.known(NAME)
        if known:
            path = store.teacher_file(request.model)
            if path and sha256_of(path) != known["sha256"]:
                raise ChangedError("TEACHER_CHANGED", f"{request.name} is not the teacher that this search began with")
            if store.fetch(known["file"], known["file_sha256"]):
                return known
        facts, labels = self._learnt(self._path())
        content = packed(labels)
        sha256 = hashlib.sha256(content).hexdigest()
        file = f"soft-labels-{sha256[:16]}.npy"
        write_whole(store.path / file, content)
        store.publish("soft_labels", file)
        kept: Facts = store.keep(NAME, {**facts, "file": file, "file_sha256": sha256})
        return kept

    def _path(self) -> Path:
        """Of the teacher's file. SpecError if it is gone."""
        path = self.opening.store.teacher_file(self.request.model)
        if path is None:
            raise SpecError(f"teacher.model: {self.request.name} is not there any more; send it again")
        return path

    def _learnt(self, path: Path) -> tuple[Facts, SoftScores]:
        """Facts of the teacher and its soft labels, from the cache or computed."""
        images, say = self.images, self.opening.listener.say
        how, notes = prepared(self.request, header_in(self.request, path), images, flip=images.flip)
        for note in notes:
            say(note)
        sha256 = sha256_of(path)
        digest = how.digest(sha256, images.digest)
        cached = cache_folder() / "soft_labels" / f"{digest}.npz"
        if (known := _cached(cached)) is not None:
            say(f"the soft labels of {self.request.name} are known from an earlier search")
            facts, labels = known
        else:
            facts, labels = self._computed(path, sha256, how)
            _keep_cached(cached, facts, labels)
        return {**facts, "name": self.request.name, "sha256": sha256, "digest": digest, "notes": notes}, labels

    def _computed(self, path: Path, sha256: str, how: Preparation) -> tuple[Facts, SoftScores]:
        quota, listener = self.opening.quota, self.opening.listener
        listener.phase("TEACHING")
        model = quota.share(sha256, path.read_bytes) or path.resolve()
        shared = shared_images(quota, self.images)
        examined = quota.submit(examine, self.setup, shared, model, how, report=unheard).result()
        name = examined.how.digest(sha256, self.images.digest)[:16]
        files = {part: self._file_of(name, part) for part in _parts(len(self.images.train))}
        tasks: dict[Future[bytes], Part] = {
            quota.submit(soft_labels, self.setup, shared, model, examined.how, part, report=unheard): part
            for part, file in files.items()
            if not file.exists()
        }
        for number, ended in enumerate(as_completed(tasks), len(files) - len(tasks) + 1):
            write_whole(files[tasks[ended]], ended.result())
            listener.step("soft labels", number, len(files))
        labels = np.concatenate([unpacked(file.read_bytes()) for file in files.values()])
        for file in files.values():
            file.unlink()
        return _facts(examined), labels

    def _file_of(self, name: str, part: Part) -> Path:
        """Where a part's soft labels are kept until all are there."""
        return self.opening.store.path / "checkpoints" / f"soft-labels-{name}-{part[0]}.npy"


def taught(opening: Opening, images: Dataset, setup: Setup) -> tuple[Dataset, Setup]:
    """The images and the setup of a search with what its teacher says, if it has one."""
    request = opening.spec.teacher
    if request is None:
        return images, setup
    facts = Teaching(opening, setup, images, request).found()
    opening.listener.say(in_words(facts))
    found = taught_by(facts, request, opening.store.path / facts["file"])
    return taught_images(images, found), replace(setup, taught=found)


def taught_by(known: Facts, request: TeacherRequest, file: Path) -> Taught:
    """What trainings follow. known: of the search, under NAME; file: with the soft labels that it names."""
    identity = [known["digest"], request.temperature, request.weight]
    digest = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16]
    path = str(file.resolve())
    return Taught(path, request.temperature, request.weight, digest, request.trials, request.finalists)


def describe_teacher(known: Facts | None, request: TeacherRequest | None) -> dict[str, Facts]:
    """For the facts of a search: the teacher, how right it is, and which trainings follow it. Nothing without one.

    known: of the search, under NAME.
    """
    if known is None or request is None:
        return {}
    shown = ("name", "sha256", "images", "accuracy", "balanced_accuracy", "outputs", "flip", "resolution", "notes")
    asked = ("temperature", "weight", "trials", "finalists")
    low, high = wilson(known["accuracy"], known["images"])
    found = {key: known[key] for key in shown} | {"accuracy_low": low, "accuracy_high": high}
    return {NAME: found | {key: getattr(request, key) for key in asked}}


def of_files(known: Facts | None, request: TeacherRequest | None) -> dict[str, Facts]:
    """The metadata of a file whose training has followed the teacher. Nothing of others."""
    found = describe_teacher(known, request).get(NAME)
    if not found or not found["finalists"]:
        return {}
    return {NAME: {key: found[key] for key in ("name", "sha256", "accuracy", "temperature", "weight")}}


def in_words(facts: Mapping[str, Any]) -> str:
    """What a user is told of a teacher."""
    low, high = (percent(side, 1) for side in wilson(facts["accuracy"], facts["images"]))
    return (
        f"teacher {facts['name']}: {percent(facts['accuracy'], 1)} of {facts['images']:,} validation images right "
        f"(95 %: {low} to {high}); its outputs are {facts['outputs']}"
    )


def _parts(images: int) -> list[Part]:
    return [(start, min(start + PART, images)) for start in range(0, images, PART)]


def _facts(examined: "Examined") -> Facts:
    how = examined.how
    return {
        "images": examined.images,
        "accuracy": examined.accuracy,
        "balanced_accuracy": examined.balanced_accuracy,
        "outputs": how.outputs,
        "flip": how.flip,
        "resolution": how.resolution,
    }


def _cached(path: Path) -> tuple[Facts, SoftScores] | None:
    """What an earlier search has kept, if that is there and whole."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            found = json.loads(str(kept["facts"])), kept["log_probabilities"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, BadZipFile):
        path.unlink(missing_ok=True)  # a damaged file is computed again
        return None
    os.utime(path)
    return found


def _keep_cached(path: Path, facts: Facts, labels: SoftScores) -> None:
    """Keep them for other searches, in place of those that were used longest ago."""
    buffer = BytesIO()
    np.savez(buffer, log_probabilities=labels, facts=np.array(json.dumps(facts)))
    write_whole(path, buffer.getvalue())
    others = sorted(path.parent.glob("*.npz"), key=lambda file: file.stat().st_mtime, reverse=True)
    for old in others[KEPT:]:
        old.unlink(missing_ok=True)
