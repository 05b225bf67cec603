"""LeNet-300-100 and LeNet-5 on MNIST, pruned, quantized and coded (Deep Compression, arXiv:1510.00149)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nas.compressing.compressed import compressed
from nas.compressing.source import network_for, trained
from nas.compression.bench import Bench
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
class Case:
    """A network by name, what is done to it, and what the paper states: test error in per cent, times smaller.

    goal: how many times smaller it is to become. limit: the test error that is allowed, in per cent.
    epochs: of training before, while pruned, and while quantized. learning_rate: of the first two; a tenth of it in the
    third.
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

    @property
    def stages(self) -> Sequence[Mapping[str, Any]]:
        rate, (_, pruned, quantized) = self.learning_rate, self.epochs
        return (
            {"name": "rate", "density": list(self.density), "epochs": pruned, "learning_rate": rate, **SPARSE},
            {"name": "trained_quantization", "bits": list(self.bits), "epochs": quantized, "learning_rate": rate / 10}
            | SHARED,
            {"name": "entropy_coding", "bias_bits": 5},
        )


CASES = (
    Case("lenet_300_100", (0.04, 0.095, 0.3), (3, 3, 3), 1.58, 40, 100, 1.58, (30, 30, 8), 0.2),
    Case("lenet_5", (0.5, 0.1, 0.015, 0.15), (4, 4, 3, 4), 0.74, 39, 150, 0.8, (20, 30, 8), 0.05),
)


@paper("deep-compression-mnist")
class DeepCompressionMnist(Paper):
    """Test errors and file sizes, every byte of the file counted."""

    source = "arXiv:1510.00149, tables 1 to 3"
    duration = "2 minutes of a CPU core for LeNet-300-100, a quarter of an hour for LeNet-5"
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
            "The paper counts neither biases nor Huffman tables nor headers; here all bytes of the file are counted.",
        ]
        return Reproduction(findings, remarks=remarks)


def _report(case: Case, seed: int, setting: Setting) -> Mapping[str, Any]:
    """The report of one compression; its files lie in the setting's folder."""
    folder = setting.folder / case.network / str(seed)
    state = folder / "state"
    state.mkdir(parents=True, exist_ok=True)
    images = _all_trained_on(load("mnist", seed))

    def say(stage: str, epoch: int, metrics: Metrics) -> None:
        setting.progress(f"{case.network}, seed {seed}: {stage}, epoch {epoch}: loss {metrics['train_loss']:.4f}")

    def trains(epoch: int, metrics: Metrics) -> None:
        say("training", epoch, metrics)

    bench = Bench(images, seed, trains, state / "training", setting.device)
    start = trained(
        network_for(case.network, images),
        replace(DENSE, epochs=case.epochs[0], learning_rate=case.learning_rate),
        bench,
    )
    done = compressed(start, case.stages, dataset=images, seed=seed, folder=state, listener=say, device=setting.device)
    done.write(folder)
    return done.report


def _all_trained_on(images: Dataset) -> Dataset:
    """The data set with its validation images among those for training; accuracy on them says nothing any more."""
    parts = images.train, images.validation
    whole = Split(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("images", "labels")))
    return replace(images, train=whole)
