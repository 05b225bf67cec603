"""What a search starts from: its images, a space whose kernels are measured, and a target."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from latency_db.estimating.estimator import Estimator
from latency_db.profiling.build import GOOD_ENOUGH, TableReport, build_table
from nas.dataset import Dataset, dataset
from nas.errors import ChangedDataError, ChangedError, DataError, NotMeasuredError
from nas.evaluator import Evaluator
from nas.forecast import MEASURING_S
from nas.image_set.mapped import MappedImages
from nas.images.decoded_sets import telling
from nas.objective import Objective, objective
from nas.ops import Network
from nas.ops.kernels import kernels
from nas.quantities import duration
from nas.search.devices import given_targets_ms, with_targets
from nas.search.earlier import BEGAN_WITH, DIGEST, EVALUATOR
from nas.search.reach import Drawn
from nas.space import SearchSpace
from nas.spec import SearchSpec
from workers.executing.scheduler import Quota
from workers.searching.context import SearchDevice, measuring
from workers.searching.recording.progress_listener import ProgressListener
from workers.searching.recording.progress_store import ResultStore

MIN_TARGET_SAMPLES = 20


@dataclass(frozen=True, slots=True)
class Opening:
    """The first steps of a search. What they find is kept in the store, for a later call to begin with the same."""

    spec: SearchSpec
    store: ResultStore
    listener: ProgressListener
    quota: Quota

    def images(self) -> Dataset:
        """The data set; ChangedDataError if it is not the one that the search began with."""
        digest = self.store.known(DIGEST)
        try:
            with telling(self.listener.step):
                images = dataset.make(self.spec.dataset).load(self.spec.seed)
        except DataError as error:
            if digest is None:
                raise
            raise ChangedDataError(str(error)) from None
        if (digest or self.store.keep(DIGEST, images.digest)) != images.digest:
            raise ChangedDataError(f"{images.name}: the images are not those that this search began with")
        counts = f"{len(images.train)} training, {len(images.validation)} validation, {len(images.test)} test images"
        stored = f" (stored at {images.stored_side} px)" if images.stored_side != images.side else ""
        side = f"{images.side} x {images.side} px{stored}"
        self.listener.say(f"{images.name}: {counts} of {side} in {len(images.classes)} classes")
        if isinstance(images.train.images, MappedImages):
            key = images.train.images.file.folder.name
            self.listener.say(f"{images.name}: its decoded images are {key} of `nas data decoded`")
        for note in images.notes:
            self.listener.say(f"{images.name}: {note.text}")
        return images

    def check_unchanged(self, space: SearchSpace, made: Evaluator) -> None:
        """ChangedError if the space has other options, or the evaluator another recipe, than when the search began."""
        key = made.cache_key
        described = json.dumps(space.describe(), sort_keys=True)
        now = {
            "SPACE_CHANGED": hashlib.sha256(described.encode()).hexdigest(),
            EVALUATOR: [key and key.recipe_id, made.epochs],
        }
        began = self.store.known(BEGAN_WITH) or self.store.keep(BEGAN_WITH, now)
        for reason, name in (("SPACE_CHANGED", space.name), (EVALUATOR, made.name)):
            if began[reason] != now[reason]:
                what = reason.partition("_")[0].lower()
                raise ChangedError(reason, f"the {what} {name} is not as it was when this search began")

    def objective(self, devices: Sequence[SearchDevice], space: SearchSpace) -> Objective:
        """The objective with a target on each device, after kernels of the space have been measured on it."""
        targets = {}
        for device in devices:
            self._measure(device, space, MEASURING_S / len(devices))
            targets[device.name] = self._target_ms(device, space)
        return objective.make(with_targets(self.spec.device_names, self.spec.objective, targets))

    def _measure(self, device: SearchDevice, space: SearchSpace, budget_s: float) -> None:
        """Measure kernels of the space while no task runs on this machine."""
        measurer = device.measurer
        if not measurer.can_measure:
            return
        ends = f"for {duration(budget_s)} at most, or until estimates are certain to {GOOD_ENOUGH:.1%}"

        def progress(table: TableReport) -> None:
            self.listener.step(f"measuring kernels {ends}", table.measured, table.kernels, table.left_s(budget_s))

        with measuring(self.quota, measurer):
            table = build_table(measurer, space, budget_s=budget_s, progress=progress)
        self.listener.say(f"{device.name}: {table.measured} of the space's {table.kernels} kernels are measured")
        for kernel, reason in table.refused.items():
            self.listener.say(f"{device.name} does not run '{kernel}', and so no network with it: {reason}")
        if table.expected_error:
            self.listener.say(f"uncertainty of estimates from unmeasured kernels: {table.expected_error:.1%}")

    def _target_ms(self, device: SearchDevice, space: SearchSpace) -> float:
        """The spec's target, or the median latency of random members of the space, which is kept for later calls."""
        kept = f"target_latency_ms{device.suffix}"
        given: float | None = given_targets_ms(self.spec.device_names, self.spec.objective).get(device.name)
        given = given or self.store.known(kept)
        if given is not None:
            return given
        measurer, estimator, drawn = device.measurer, device.measurer.estimator, Drawn(space, self.spec.seed).networks
        networks = [network for network in drawn if not estimator.refused(network)] or drawn
        measured = [network for network in networks if not estimator.unmeasured(kernels(network))]
        if len(measured) < MIN_TARGET_SAMPLES and measurer.can_measure:  # a large space's table is never complete
            measured = networks[:MIN_TARGET_SAMPLES]
            with measuring(self.quota, measurer):
                measurer.ensure(measured)
        found_ms = _estimated_ms(estimator, measured or networks)
        target = float(f"{median(found_ms):.3g}")
        where = f" on {device.name}" if len(self.spec.device_names) > 1 else ""
        count = len(found_ms)
        self.listener.say(f"target latency{where}: {target} ms, the median of {count} random members of the space")
        self.store.keep(kept, target)
        return target


def _estimated_ms(estimator: Estimator, networks: Sequence[Network]) -> list[float]:
    """Milliseconds of the networks that have an estimate; NotMeasuredError if none has."""
    found, errors = [], []
    for network in networks:
        try:
            found.append(estimator.estimate(network).ms)
        except NotMeasuredError as error:
            errors.append(error)
    if not found:
        raise errors[0]
    return found
