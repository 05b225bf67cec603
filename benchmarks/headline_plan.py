"""How much benchmarks/headline.py does in the time that it has: which references, targets, seeds, images and epochs.

Levels of references are tried from the smallest. Of each network some steps of training are timed, on all cores at a
time, and the largest level is taken at which each network is trained for as many epochs, on all images, as
workers.suggesting.amounts wants. Where not even the smallest fits, images are halved until it does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from statistics import fmean
from typing import Any

import numpy as np

from latency_db.profiling.measurer import Measurer
from nas.dataset import Dataset
from nas.errors import InfeasibleError, SpecError
from nas.forecast import MEASURING_S, NETWORK_S
from nas.network import network
from nas.ops.cost import network_cost
from nas.ops.notation import read_network, write_network
from nas.quantities import HOUR_S
from nas.spaces import load_space
from nas.spec.references import Entry, references_of
from nas.training import FINALISTS
from nas.trial import unheard
from row_file import say
from workers.executing.executor import Executor
from workers.suggesting.amounts import LEAST_TRIALS, RESERVE, Amounts, Counts, Time, amounts, wanted_epochs
from workers.suggesting.offers import named_space_at
from workers.suggesting.suggestion import MEASURING_SHARE
from workers.tasks.time_training import Speed, time_training

Row = dict[str, Any]

FASTER = 2.0
"""Targets are latencies of MobileNetV2 divided by this: somewhat more than the 1.8 that is to be shown."""
BRACKET = 2
"""Networks of a curve between which a finalist's accuracy lies."""
LEAST_IMAGES = 200
"""Fewer images of a split are not taken."""
LEAST = Amounts(LEAST_TRIALS, 1, LEAST_IMAGES, 1, 1, 2, 0.0, 0.0)
"""What is done in any time."""
DRAWN = 25
"""Random networks of the space, whose middle one stands for a trial."""
STEM = {"width": 16, "kernel": 3}


@dataclass(frozen=True, slots=True)
class Level:
    """references: entries as in a spec, each with the stem for small images. targets: widths of MobileNetV2.

    paper_stems: MobileNetV2 with its published stem too, where that is another one.
    """

    references: tuple[Entry, ...]
    targets: tuple[float, ...]
    seeds: int
    paper_stems: bool = False


_ALEXNET = {"name": "alexnet"}
_FOUR = (
    {"name": "mobilenetv2", "widths": [0.35, 0.5, 0.75, 1.0]},
    {"name": "shufflenet", "widths": [0.25, 0.5, 1.0]},
    _ALEXNET,
)
_ALL = (
    {"name": "mobilenetv2", "widths": [0.35, 0.5, 0.75, 1.0, 1.4]},
    {"name": "shufflenet", "widths": [0.25, 0.5, 1.0]},
    _ALEXNET,
    {"name": "mobilenetv1", "widths": [0.25, 0.5, 1.0]},
    {"name": "mnasnet_a1", "widths": [0.35, 1.0]},
    {"name": "squeezenet_1_1"},
)
LEVELS = (
    Level(
        ({"name": "mobilenetv2", "widths": [0.35, 0.5]}, {"name": "shufflenet", "widths": [0.25]}, _ALEXNET), (0.5,), 1
    ),
    Level(_FOUR, (0.5, 0.75, 1.0), 1),
    Level(_FOUR, (0.5, 0.75, 1.0), 3),
    Level(_ALL, (0.5, 1.0, 1.4), 3, paper_stems=True),
)


def cut_count(count: int, share: float) -> int:
    """How many of so many images of a split are taken."""
    return min(count, max(LEAST_IMAGES, round(share * count)))


def cut(images: Dataset, share: float) -> Dataset:
    """A random share of each split, the same for all networks and seeds; all of it if share is 1."""
    if share >= 1:
        return images
    rng, parts = np.random.default_rng(0), {}
    for name in ("train", "validation", "test"):
        split = getattr(images, name)
        parts[name] = split[np.sort(rng.permutation(len(split))[: cut_count(len(split), share)])]
    return replace(images, **parts)


def planned(images: Dataset, hours: float, devices: int, pool: Executor, measurer: Measurer) -> Row:
    """The plan as JSON values. devices: that networks are measured on, one after the other."""
    space, speeds, found = space_for(images), dict[str, Speed](), Row()
    typical = _typical(space, images)
    for number, level in enumerate(LEVELS):
        references = references_of_level(level, images)
        _time([typical, *(row["notation"] for row in references)], speeds, pool)
        trainings = _trainings(level, references, speeds)
        rest = hours * HOUR_S * (1 - RESERVE) - min(MEASURING_S, MEASURING_SHARE * hours * HOUR_S)
        rest -= (len(references) + len(level.targets)) * devices * NETWORK_S
        share, fit = fitted(images, speeds[typical], trainings, Time(rest, pool.workers))
        fits = fit is not None and share == 1 and fit.final_epochs >= wanted_epochs(len(images.train))
        if found and not fits:
            break
        if fit is None:
            say(
                f"{hours:g} hours are too short: {LEAST_IMAGES} images of each network all the same, which show nothing"
            )
            fit = LEAST
        say(f"level {number + 1} of {len(LEVELS)}: {len(references)} references, {fit.final_epochs} epochs")
        found = {"space": space, "references": references, "widths": level.targets, "seeds": level.seeds}
        found |= {"share": share, "trainings": len(trainings), **_amounts(fit, len(images.train), share)}
        if not fits:
            break
    epoch_s = speeds[typical].epoch_s(len(images.train), len(images.validation))
    return {**found, "epoch_s": epoch_s, "targets_ms": _targets_ms(found, measurer)}


def space_for(images: Dataset) -> Row:
    """The space that is for images of that side, with the stride in its stem that MobileNetV2's has for them."""
    stride = network.make(
        {"name": "mobilenetv2", "stem_stride": "auto", "resolution": images.side, "channels": images.channels}
    ).stride
    named = named_space_at(images.side)
    return {**({"name": named} if isinstance(named, str) else named), "stem": {**STEM, "stride": stride}}


def _typical(space: Row, images: Dataset) -> str:
    """The middle one of random networks, by multiply-adds."""
    members, rng = load_space(space).for_images(images.channels, images.side, len(images.classes)), Random(0)
    drawn = [members.sample(rng).architecture.expand() for _ in range(DRAWN)]
    return write_network(sorted(drawn, key=lambda each: network_cost(each).macs)[DRAWN // 2])


def references_of_level(level: Level, images: Dataset) -> list[Row]:
    """Label, notation and curve of each network. Those that cannot be built for the images are left out."""
    stems: list[Entry] = [{**entry, "stem_stride": "auto"} for entry in level.references]
    if level.paper_stems:
        stems += [entry for entry in level.references if entry["name"] == "mobilenetv2"]
    found: dict[str, Row] = {}
    for entry in stems:
        try:
            made = references_of([entry], side=images.side, channels=images.channels, classes=len(images.classes))
        except SpecError as error:
            say(f"left out: {error}")
            continue
        for each in made:
            notation = write_network(each.network)
            row = {"label": each.label, "notation": notation, "curve": entry["name"], "width": each.width}
            found.setdefault(notation, row)
    return [*found.values()]


def _time(notations: Sequence[str], speeds: dict[str, Speed], pool: Executor) -> None:
    """Add the speeds of those that are not timed yet."""
    missing = [each for each in dict.fromkeys(notations) if each not in speeds]
    for begin in range(0, len(missing), pool.workers):
        some = missing[begin : begin + pool.workers]
        say(f"timing trainings: {begin + len(some)} of {len(missing)}")
        tasks = [pool.submit(time_training, each, FINALISTS, pool.threads, report=unheard) for each in some]
        speeds |= zip(some, (task.result() for task in tasks), strict=True)


def _trainings(level: Level, references: Sequence[Row], speeds: dict[str, Speed]) -> list[Speed]:
    """The speed of each training: of references, of finalists, which are as slow as the network that sets their target,
    and of further seeds of finalists and of the references around them.
    """
    curve = {row["width"]: speeds[row["notation"]] for row in reversed(references) if row["curve"] == "mobilenetv2"}
    finalists = [curve[width] for width in level.targets]
    around = [*curve.values()][: BRACKET * len(finalists)]
    return [*(speeds[row["notation"]] for row in references), *finalists, *(level.seeds - 1) * (finalists + around)]


def fitted(images: Dataset, typical: Speed, trainings: Sequence[Speed], time: Time) -> tuple[float, Amounts | None]:
    """The share of the images on which something fits, and what; the smallest share and None if nothing does."""
    mean = Speed(
        fmean(each.train_s for each in trainings), fmean(each.score_s for each in trainings), trainings[0].reestimated
    )
    share, least = 1.0, LEAST_IMAGES / len(images.train)
    while share >= least:
        some = cut(images, share)
        counts = Counts(len(some.train), len(some.validation), len(images.classes))
        try:
            return share, amounts(counts, typical, mean, time, references=max(0, len(trainings) - time.parallel))
        except InfeasibleError:
            share /= 2
    return min(1.0, least), None


def _amounts(fit: Amounts, train: int, share: float) -> Row:
    """What of the amounts the plan needs. train_images: that a trial sees; None for all."""
    names = ("trials", "trial_epochs", "train_images", "final_epochs", "trials_s", "finalists_s")
    found = {name: getattr(fit, name) for name in names}
    if found["train_images"] is None and share < 1:
        found["train_images"] = cut_count(train, share)
    return found


def _targets_ms(found: Row, measurer: Measurer) -> list[float]:
    """Of measured latencies."""
    curve = {row["width"]: row for row in reversed(found["references"]) if row["curve"] == "mobilenetv2"}
    say(f"measuring MobileNetV2 on {measurer.device.name} for the targets")
    networks = {str(width): read_network(curve[width]["notation"]) for width in found["widths"]}
    records = measurer.measure_networks(networks)
    return [records[str(width)].latency_ms / FASTER for width in found["widths"]]
