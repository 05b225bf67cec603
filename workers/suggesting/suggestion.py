"""A spec that fits the time at hand, and why."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from statistics import fmean
from typing import Any

from latency_db.profiling.measurer import Measurer
from nas.dataset import DatasetSource, Outline, dataset
from nas.errors import InfeasibleError
from nas.forecast import MEASURING_S, NETWORK_S, Pace, Plan, plan_of, step_seconds
from nas.machine.cgroup import core_count
from nas.ops import Network
from nas.ops.notation import write_network
from nas.quantities import HOUR_S, duration
from nas.spec import parse_spec
from nas.training import FINALISTS
from nas.trial import unheard
from workers.executing.scheduler import Quota
from workers.searching.context import measuring
from workers.searching.recording.progress_listener import ProgressListener
from workers.suggesting.amounts import (
    RESERVE,
    Amounts,
    Counts,
    Time,
    TooShortError,
    amounts,
    final_epochs,
    wanted_epochs,
)
from workers.suggesting.offers import Offer, check_target, offers, sides_for
from workers.tasks.time_training import Speed, time_training

REFERENCE = {"name": "mobilenetv2", "width": 0.35}
REFERENCE_FROM_S = HOUR_S
"""Time from which a hand-designed network is trained beside the finalists."""
MEASURING_SHARE = 0.25
"""Share of a short time that measuring kernels may take."""

BUSY = 0.5
"""Load for each core from which seconds that are measured are those of a busy machine."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a suggestion is for. dataset: as in a spec. target_ms: None for the median latency of the space."""

    dataset: dict[str, Any]
    device: str
    target_ms: float | None
    seconds: float
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Timed:
    """An offer with the speeds of two of its networks that meet the target: of the middle one, and of the slowest.

    epoch_s: of the latter, on all images. final_epochs: that fit into the time; wanted_epochs: that finalists should
    have.
    """

    offer: Offer
    target_ms: float | None
    typical: Speed
    largest: Speed
    epoch_s: float
    final_epochs: int
    wanted_epochs: int

    @property
    def trial(self) -> Speed:
        """Of a trial: the mean of both, as a search goes from random networks to those that the target just allows."""
        both = self.typical, self.largest
        return Speed(
            fmean(each.train_s for each in both), fmean(each.score_s for each in both), self.typical.reestimated
        )

    @property
    def fits(self) -> bool:
        return self.final_epochs >= self.wanted_epochs

    def describe(self) -> dict[str, Any]:
        offer = self.offer
        return {
            "space": offer.space.name,
            "resolution": offer.side,
            "within_target": offer.within(self.target_ms) / len(offer.networks),
            "latency_ms": [offer.latencies_ms[0], offer.latencies_ms[-1]],
            "macs": [offer.macs[0], offer.macs[-1]],
            "typical": asdict(self.typical),
            "largest": asdict(self.largest),
            "epoch_s": self.epoch_s,
            "final_epochs": self.final_epochs,
            "wanted_epochs": self.wanted_epochs,
        }


@dataclass(frozen=True, slots=True)
class Suggestion:
    """spec: JSON values, as `nas run` takes them. steps_s: seconds of the steps of its search, as they are forecast for
    any. pace: from which later searches are forecast, for Pace.of_past.
    """

    spec: dict[str, Any]
    steps_s: Mapping[str, float]
    pace: Mapping[str, Any]
    offers: Sequence[Timed]
    chosen: Timed
    notes: Sequence[str]

    def describe(self) -> dict[str, Any]:
        return {
            "spec": self.spec,
            "seconds": sum(self.steps_s.values()),
            "steps": dict(self.steps_s),
            "offers": [{**offer.describe(), "chosen": offer is self.chosen} for offer in self.offers],
            "notes": list(self.notes),
        }


def outline_of(source: DatasetSource, seed: int) -> Outline:
    """What is known of the images; a source that cannot tell without decoding them is loaded."""
    found = source.outline()
    if found is not None:
        return found
    images = source.load(seed)
    sizes = (len(images.train), len(images.validation), len(images.test))
    return Outline(images.classes, *sizes, images.side, images.channels)


def suggest(
    wanted: Wanted, measurer: Measurer, quota: Quota, listener: ProgressListener, past: Sequence[Mapping[str, Any]] = ()
) -> Suggestion:
    """The suggestion. quota: its workers train at the same time, as those of the search will. past: paces of earlier
    searches, the newest first.

    Trainings are timed at each resolution that the images and the target allow, and the largest is taken at which
    finalists have enough epochs. DataError, NotMeasuredError and InfeasibleError say what is wrong, and what to do.
    """
    busy = _busy_note()
    images = outline_of(dataset.make(wanted.dataset), wanted.seed)
    counts = Counts(images.train, images.validation, len(images.classes))
    time = time_for_trainings(wanted.seconds, quota.workers)
    listener.phase("MEASURING_NETWORKS")
    listener.say("measuring random networks on the device")
    with measuring(quota, measurer):
        found = offers(images, sides_for(images, wanted.dataset), measurer, seed=wanted.seed)
    offered = check_target(found, wanted.target_ms, wanted.device)
    references = int(wanted.seconds >= REFERENCE_FROM_S)
    timed = []
    for offer, (typical, largest) in zip(offered, _speeds(offered, wanted, quota, listener), strict=True):
        epochs = final_epochs(counts, largest, time, references=references)
        epoch_s = largest.epoch_s(counts.train, counts.validation)
        timed.append(Timed(offer, wanted.target_ms, typical, largest, epoch_s, epochs, wanted_epochs(counts.train)))
    chosen = max(timed, key=lambda each: (each.fits, each.offer.side if each.fits else each.final_epochs))
    try:
        fitted = amounts(counts, chosen.trial, chosen.largest, time, references=references)
    except TooShortError as error:
        hours = hours_for(error.needed_s, quota.workers)
        why = "".join(f"; {note}" for note in busy)
        raise InfeasibleError(f"{error}: give {hours:g} hours or more, fewer images, or a lower target{why}") from None
    spec = _spec(wanted, images, chosen.offer, fitted, quota.workers)
    plan = plan_of(parse_spec(spec), images, train=images.train, side=chosen.offer.side, workers=quota.workers)
    pace = _timed_pace(plan, chosen, fitted, counts)
    steps = step_seconds(plan, Pace.of_past(plan, [pace, *past])) or {}
    return Suggestion(spec, steps, pace, timed, chosen, [*_notes(wanted, images, chosen, references), *busy])


def _timed_pace(plan: Plan, chosen: Timed, fitted: Amounts, images: Counts) -> dict[str, Any]:
    """The pace of the trainings that were timed, of networks within the target; kernels were not measured."""
    trial_epoch_s = chosen.trial.epoch_s(fitted.train_images or images.train, images.validation)
    timed = Pace(work_s=trial_epoch_s / plan.work, longer_s=chosen.epoch_s / plan.longer_work)
    return timed.row(plan, measured=False)


def _measuring_s(seconds: float) -> float:
    return min(MEASURING_S, MEASURING_SHARE * seconds)


def time_for_trainings(seconds: float, parallel: int) -> Time:
    """What measuring and the reserve leave of these seconds. InfeasibleError if that is nothing."""
    rest = seconds * (1 - RESERVE) - _measuring_s(seconds) - (parallel + 1) * NETWORK_S
    if rest <= 0:
        raise InfeasibleError(f"{duration(seconds)} are too short for any search: give more hours")
    return Time(rest, parallel)


def hours_for(trainings_s: float, parallel: int) -> float:
    """The inverse of time_for_trainings: hours, rounded up to hundredths, that leave trainings so many seconds."""
    fixed_s = trainings_s + (parallel + 1) * NETWORK_S
    seconds = fixed_s / (1 - RESERVE - MEASURING_SHARE)
    if seconds * MEASURING_SHARE > MEASURING_S:
        seconds = (fixed_s + MEASURING_S) / (1 - RESERVE)
    return ceil(100 * seconds / HOUR_S) / 100


def _speeds(
    offered: Sequence[Offer], wanted: Wanted, quota: Quota, listener: ProgressListener
) -> list[tuple[Speed, Speed]]:
    """Of the middle and the slowest network within the target of each offer, trained on all workers at once."""
    chosen: list[Network] = []
    for offer in offered:
        within = offer.networks[: offer.within(wanted.target_ms)]
        chosen += [within[len(within) // 2], within[-1]]
    found: list[Speed] = []
    listener.phase("TIMING")
    for begin in range(0, len(chosen), quota.workers):
        some = chosen[begin : begin + quota.workers]
        listener.step("trainings timed", begin, len(chosen))
        tasks = [
            quota.submit(time_training, write_network(network), FINALISTS, quota.threads, report=unheard)
            for network in some
        ]
        found += [task.result() for task in tasks]
    listener.step("trainings timed", len(chosen), len(chosen))
    return list(zip(found[::2], found[1::2], strict=True))


def _spec(wanted: Wanted, images: Outline, offer: Offer, fitted: Amounts, parallel: int) -> dict[str, Any]:
    resizable = "size" in dataset.parameters(wanted.dataset["name"]).model_fields
    size = {"size": offer.side} if resizable and offer.side != images.side else {}
    target = {} if wanted.target_ms is None else {"target_latency_ms": wanted.target_ms}
    some = {} if fitted.train_images is None else {"train_images": fitted.train_images}
    return {
        "dataset": {**wanted.dataset, **size},
        "space": offer.named,
        "device": wanted.device,
        "objective": {"name": "constrained", **target},
        "evaluator": {"name": "train", "epochs": fitted.trial_epochs, **some},
        "max_trials": fitted.trials,
        "parallel": parallel,
        "seed": wanted.seed,
        "finalists": {"count": fitted.finalists, "epochs": fitted.final_epochs},
        "references": [REFERENCE] * fitted.references,
    }


def _notes(wanted: Wanted, images: Outline, chosen: Timed, references: int) -> list[str]:
    notes = []
    if not chosen.fits:
        notes.append(
            f"finalists have {chosen.final_epochs} epochs and should have {chosen.wanted_epochs} on {images.train:,} "
            "images: more hours will pay"
        )
    if wanted.target_ms is None:
        notes.append("without a target the search takes the median latency of random networks of the space")
    elif chosen.offer.latencies_ms[-1] <= wanted.target_ms:
        notes.append(
            f"all networks drawn of {chosen.offer.space.name} at {chosen.offer.side} px meet {wanted.target_ms} ms: "
            "the target hardly matters there"
        )
    if not references:
        notes.append(
            f"with less than {duration(REFERENCE_FROM_S)} no hand-designed network is trained beside them (references)"
        )
    return notes


def _busy_note() -> list[str]:
    load, cores = os.getloadavg()[0], core_count()
    if load < BUSY * cores:
        return []
    return [f"the machine was busy (load {load:.1f} on {cores} cores): when it is quiet, more fits into the time"]
