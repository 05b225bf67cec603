"""Claim: a network that follows a teacher is more accurate at equal latency, as it is the same network.

    python benchmarks/teacher.py --data cifar10 eurosat --seeds 3     train what --out does not have yet, then print
    python benchmarks/teacher.py --report                             only print the tables

On each set, of which --images training images are kept, drawn by seed 0, a larger network is trained once and
exported: the teacher. Its soft labels come from the exported file, as those of a search do. Then members of the space
`small` are trained as finalists are, by nas.training.FINALISTS, without the teacher and with it at each of the
--weights, from as many seeds. Teacher and networks see the same images, so what is gained is not what more data would
bring. Accuracies are of 2,000 test images at 32 px; one thread. Every training is appended to --out, as one JSON
value a line; a later call goes on behind the last, and keeps the teachers beside it. Intervals are of the mean
difference over networks and seeds, by Student's t, of trainings that share both.
Results: docs/results/teacher.md
"""

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random
from statistics import mean, stdev
from typing import Any, NamedTuple

import numpy as np
import torch

from nas.architecture import Architecture, Stage, Stem
from nas.block import block
from nas.dataset import Dataset, Split, load
from nas.export import export
from nas.image_set.soft_labels import TEMPERATURE, SoftLabels
from nas.ops import Network
from nas.ops.cost import network_cost
from nas.ops.torch_reading.module import build
from nas.spaces import load_space
from nas.teacher.header import header_of
from nas.teacher.preparation import prepared
from nas.teacher.request import TeacherRequest
from nas.teacher.scoring import Teacher
from nas.training import FINALISTS
from nas.training.fit import fit
from nas.training.score import evaluate

SIDE = 32
VALIDATION_IMAGES, TEST_IMAGES = 500, 2000
STUDENT_T = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 9: 2.306}
"""Of the 95 % interval of a mean of so many differences."""


class Case(NamedTuple):
    """One training. network: the number of a drawn member of the space, by size. weight: 0 without the teacher."""

    seed: int
    network: int
    set: str
    images: int
    epochs: int
    weight: float


def images_of(name: str, count: int) -> Dataset:
    """The set with so many training images."""
    whole = load({"name": name, **({"size": SIDE} if name == "eurosat" else {})}, 0)
    parts = ("train", count), ("validation", VALIDATION_IMAGES), ("test", TEST_IMAGES)
    return replace(whole, **{part: _drawn(getattr(whole, part), kept) for part, kept in parts})


def _drawn(part: Split, count: int) -> Split:
    return part[np.sort(np.random.default_rng(count).permutation(len(part))[:count])]


def teacher_network(images: Dataset) -> Network:
    """About 30 M multiply-adds, 10 to 30 times those of the networks that follow it."""
    stages = [("conv", 2, 48, 1), ("conv", 3, 96, 2), ("conv", 3, 192, 2)]
    made = tuple(Stage(block[name](), count, width, stride) for name, count, width, stride in stages)
    return Architecture(SIDE, images.channels, Stem(32), made, 0, len(images.classes)).expand()


def networks(images: Dataset) -> list[Network]:
    """Two members of `small`, at the thirds of 99 random ones by multiply-adds."""
    space, rng = load_space("small").for_images(images.channels, SIDE, len(images.classes)), Random(0)
    drawn = sorted(
        (space.sample(rng).architecture.expand() for _ in range(99)), key=lambda each: network_cost(each).macs
    )
    return [drawn[at] for at in (32, 65)]


class Bench:
    """The images, networks and teachers of the sets, each made once. folder: where teachers are kept."""

    def __init__(self, folder: Path, images: int, teacher_epochs: int) -> None:
        self._folder, self._count, self._epochs = folder, images, teacher_epochs
        self._images: dict[str, Dataset] = {}
        self._soft: dict[str, SoftLabels] = {}

    def images(self, name: str) -> Dataset:
        if name not in self._images:
            self._images[name] = images_of(name, self._count)
        return self._images[name]

    def teacher(self, name: str) -> bytes:
        """The exported teacher of a set, trained now or by an earlier call, from its checkpoint after a kill."""
        path = self._folder / f"teacher-{name}-{self._count}-{self._epochs}.onnx"
        if not path.exists():
            images, module = self.images(name), build(teacher_network(self.images(name)), 0)
            recipe = replace(FINALISTS, epochs=self._epochs)
            state = path.with_suffix(".pt")
            fit(module, images, recipe, seed=0, report=lambda *_: None, resolution=SIDE, checkpoint_path=state)
            path.write_bytes(export(teacher_network(images), module, images, {}).file)
            state.unlink()
        return path.read_bytes()

    def soft(self, name: str) -> SoftLabels:
        """What the teacher says of the training images of a set."""
        if name not in self._soft:
            images, model = self.images(name), self.teacher(name)
            how, _ = prepared(TeacherRequest(model="teacher"), header_of(model), images, flip=images.flip)
            how = Teacher(model, how).examined(images.validation).how
            found = Teacher(model, how).log_probabilities(images.train.images)
            self._soft[name] = SoftLabels(found, TEMPERATURE, 0.0, "")
        return self._soft[name]


def training(case: Case, bench: Bench) -> dict[str, Any]:
    images = bench.images(case.set)
    network = networks(images)[case.network]
    if case.weight:
        soft = replace(bench.soft(case.set), weight=case.weight, digest=str(case.weight))
        images = replace(images, train=replace(images.train, soft=soft))
    module, started = build(network, case.seed), time.process_time()
    fit(module, images, replace(FINALISTS, epochs=case.epochs), seed=case.seed, report=lambda *_: None, resolution=SIDE)
    score = evaluate(module, images.test, images.mean, images.std, SIDE)
    took = {"macs": network_cost(network).macs, "cpu_s": time.process_time() - started}
    return {**case._asdict(), "test": len(images.test), "test_accuracy": score.accuracy, **took}


def teacher_row(name: str, bench: Bench) -> dict[str, Any]:
    """How right the teacher of a set is on its test images, as one row of the file."""
    images, model = bench.images(name), bench.teacher(name)
    how, _ = prepared(TeacherRequest(model="teacher"), header_of(model), images, flip=False)
    found = Teacher(model, how).examined(images.test)
    macs = network_cost(teacher_network(images)).macs
    return {"teacher": name, "test_accuracy": found.accuracy, "test": found.images, "macs": macs, "bytes": len(model)}


def tables(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A table of each set: means over seeds without the teacher, and the difference with it, with its interval."""
    for name in dict.fromkeys(row["set"] for row in rows if "seed" in row):
        of_set = [row for row in rows if row.get("set") == name]
        weights = sorted({row["weight"] for row in of_set} - {0})
        for told in (row for row in rows if row.get("teacher") == name):
            right, macs = 100 * told["test_accuracy"], told["macs"] / 1e6
            yield f"{name}: teacher {right:.1f} % of {told['test']} test images, {macs:.0f} M multiply-adds\n"
        yield "| M multiply-adds | without | " + " | ".join(f"weight {weight:g}" for weight in weights) + " |"
        yield "|---" * (len(weights) + 2) + "|"
        for macs in sorted({row["macs"] for row in of_set}):
            alike = [row for row in of_set if row["macs"] == macs]
            plain = mean(100 * row["test_accuracy"] for row in alike if not row["weight"])
            gained = " | ".join(_interval(_gains(alike, weight)) for weight in weights)
            yield f"| {macs / 1e6:.2f} | {plain:.1f} | {gained} |"
        yield "| all | | " + " | ".join(_interval(_gains(of_set, weight)) for weight in weights) + " |\n"


def _gains(rows: Sequence[Mapping[str, Any]], weight: float) -> list[float]:
    """Points of test accuracy that the teacher is worth to each network from each seed."""
    found = {(row["macs"], row["seed"], row["weight"]): 100 * row["test_accuracy"] for row in rows}
    pairs = {key[:2] for key in found if key[2] == weight} & {key[:2] for key in found if not key[2]}
    return [found[*pair, weight] - found[*pair, 0.0] for pair in pairs]


def _interval(gains: Sequence[float]) -> str:
    """The mean with its 95 % interval."""
    if len(gains) not in STUDENT_T:
        return f"{mean(gains):+.1f} (n = {len(gains)})" if gains else ""
    half = STUDENT_T[len(gains)] * stdev(gains) / len(gains) ** 0.5
    return f"{mean(gains):+.1f} ({mean(gains) - half:+.1f} to {mean(gains) + half:+.1f}, n = {len(gains)})"


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", nargs="+", default=["cifar10", "eurosat"])
    parser.add_argument("--images", type=int, default=3000, help="training images of each set")
    parser.add_argument("--epochs", type=int, default=10, help="of the networks")
    parser.add_argument("--teacher-epochs", type=int, default=16)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--weights", type=float, nargs="+", default=[0.5, 0.9])
    parser.add_argument("--out", type=Path, default=Path("teacher/rows.jsonl"))
    parser.add_argument("--report", action="store_true", help="only print the tables")
    given = parser.parse_args()
    given.out.parent.mkdir(parents=True, exist_ok=True)
    lines = given.out.read_text().splitlines() if given.out.exists() else []
    rows = [json.loads(line) for line in lines]
    wanted = [] if given.report else list(product(range(given.seeds), range(2), given.data, [0.0, *given.weights]))
    bench = Bench(given.out.parent, given.images, given.teacher_epochs)
    with given.out.open("a") as file:
        for name in () if given.report else given.data:
            if not any(row.get("teacher") == name for row in rows):
                rows.append(teacher_row(name, bench))
                print(json.dumps(rows[-1]), file=file, flush=True)
        for seed, network, name, weight in wanted:
            case = Case(seed, network, name, given.images, given.epochs, weight)
            if not any(case._asdict().items() <= row.items() for row in rows):
                rows.append(training(case, bench))
                print(json.dumps(rows[-1]), file=file, flush=True)
    print("\n".join(tables(rows)))


if __name__ == "__main__":
    main()
