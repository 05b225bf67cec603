"""LeNet-300-100 and LeNet-5 on MNIST, pruned, quantized and coded (Deep Compression, arXiv:1510.00149)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nas.compressing.from_training import Dense, compressed_from_training
from nas.dataset import Dataset, Split, load
from nas.paper import Finding, Paper, Reproduction, Setting, paper
from nas.training import Recipe
from nas.trial import Metrics

DENSE = Recipe(batch_size=256, schedule="cosine", weight_decay=1e-4, ema_decay=None, precision="bf16")
"""How the networks are trained before: without augmentation, as in the paper."""

TRAINING = {"batch_size": 256, "precision": "bf16"}
SPARSE = {"weight_decay": 2e-3, "clip_norm": 2.0, **TRAINING}
SHARED = {"codes": "moving", **TRAINING}


@dataclass(frozen=True, slots=True)
class Teacher:
    """A network that is trained on the same images first. share: of the loss, that follows its scores."""

    network: str
    epochs: int
    learning_rate: float
    share: float


@dataclass(frozen=True, slots=True)
class Case:
    """A network by name, what is done to it, and what the paper states: test error in per cent, times smaller.

    goal: how many times smaller it is to become. limit: the test error that is allowed, in per cent.
    epochs: of training before, while pruned, and while quantized. learning_rate: of the first two; a tenth of it in the
    third. teacher: whose scores are followed while it gets smaller; None for the network itself, before.
    """

    network: str
    density: Sequence[float]
    bits: Sequence[int]
    error: float
    ratio: float
    goal: float
    limit: float
    epochs: tuple[int, int, int]
    learning_rate: float
    teacher: Teacher | None = None

    @property
    def stages(self) -> Sequence[Mapping[str, Any]]:
        _, pruned, quantized = self.epochs
        follow = {"distillation": self.teacher.share} if self.teacher else {}
        rate = {"epochs": pruned, "learning_rate": self.learning_rate, **SPARSE, **follow}
        shared = {"epochs": quantized, "learning_rate": self.learning_rate / 10, **SHARED, **follow}
        return (
            {"name": "rate", "density": list(self.density), **rate},
            {"name": "trained_quantization", "bits": list(self.bits), **shared},
            {"name": "entropy_coding", "bias_bits": 5},
        )


CASES = (
    Case(
        "lenet_300_100",
        (0.022, 0.05, 0.2),
        (3, 3, 3),
        1.58,
        40,
        100,
        1.58,
        (30, 30, 8),
        0.2,
        Teacher("lenet_5", 12, 0.05, 0.7),
    ),
    Case("lenet_5", (0.5, 0.1, 0.015, 0.15), (4, 4, 3, 4), 0.74, 39, 150, 0.8, (20, 30, 8), 0.05),
)


@paper("deep-compression-mnist")
class DeepCompressionMnist(Paper):
    """Test errors and file sizes, every byte of the file counted."""

    source = "arXiv:1510.00149, tables 1 to 3"
    duration = "4 minutes of a CPU core for LeNet-300-100, a quarter of an hour for LeNet-5"
    data = ("mnist",)

    def reproduce(self, setting: Setting) -> Reproduction:
        findings = []
        for case in CASES:
            reports = [_report(case, seed, setting) for seed in setting.seeds]
            before, after = (
                [100 * (1 - report[name]) for report in reports] for name in ("test_accuracy_before", "test_accuracy")
            )
            ratios = [report["ratio"] for report in reports]
            accurate = sum(after) <= min(sum(before), case.limit * len(after))
            small_enough = sum(ratios) / len(ratios) >= case.goal
            findings += [
                Finding(f"{case.network}: test error before, %", None, before),
                Finding(f"{case.network}: test error, %", case.error, after, f"<= before, <= {case.limit:g}", accurate),
                Finding(f"{case.network}: times smaller", case.ratio, ratios, f">= {case.goal:g}", small_enough, 1),
                Finding(f"{case.network}: bytes", None, [report["size_bytes"] for report in reports], digits=0),
            ]
        remarks = [
            "All training images are trained on, by both networks, as in the paper; the last epoch is tested, once.",
            "LeNet-300-100 follows the scores of LeNet-5, trained on the same images, while it gets smaller.",
            "The paper counts neither biases nor Huffman tables nor headers; here all bytes of the file are counted.",
        ]
        return Reproduction(findings, remarks=remarks)


def _report(case: Case, seed: int, setting: Setting) -> Mapping[str, Any]:
    """The report of one compression; its files lie in the setting's folder."""

    def say(stage: str, epoch: int, metrics: Metrics) -> None:
        setting.progress(f"{case.network}, seed {seed}: {stage}, epoch {epoch}: loss {metrics['train_loss']:.4f}")

    teacher = case.teacher
    return compressed_from_training(
        _dense(case.network, case.epochs[0], case.learning_rate),
        case.stages,
        dataset=_all_trained_on(load("mnist", seed)),
        seed=seed,
        folder=setting.folder / case.network / str(seed),
        listener=say,
        device=setting.device,
        teacher=None if teacher is None else _dense(teacher.network, teacher.epochs, teacher.learning_rate),
    )


def _dense(network: str, epochs: int, learning_rate: float) -> Dense:
    return Dense(network, replace(DENSE, epochs=epochs, learning_rate=learning_rate))


def _all_trained_on(images: Dataset) -> Dataset:
    """The data set with its validation images among those for training; accuracy on them says nothing any more."""
    parts = images.train, images.validation
    pixels, labels = (np.concatenate([getattr(part, name) for part in parts]) for name in ("images", "labels"))
    return replace(images, train=Split(pixels, labels))
