"""The perceptron of signs on MNIST, beside its 32-bit twin, with inference on packed bits (BNN, arXiv:1602.02830)."""

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nas.compressing.bits import scores_of_file
from nas.compressing.compressed import compressed
from nas.compressing.plan import plan
from nas.compressing.source import trained
from nas.compression.bench import Bench
from nas.dataset import load
from nas.network import network as networks
from nas.ops import Network
from nas.ops.notation import read_network, write_network
from nas.paper import Finding, Paper, Reproduction, Setting, paper
from nas.training import Recipe
from nas.training.batches import normalised
from nas.training.score import evaluate
from nas.trial import Metrics

TWIN = Recipe(optimizer="adamw", learning_rate=2e-3, schedule="cosine", weight_decay=0.05, ema_decay=None)
"""How the 32-bit twin is trained, which has ReLU in place of signs."""

STEP = 500
"""Images that are scored at a time."""

TEST_IMAGES = 10_000

CPU = ({"hidden": 2048, "input_dropout": 0.0, "dropout": 0.0}, 100, 1.40)
CUDA = ({"hidden": 4096, "input_dropout": 0.2, "dropout": 0.5}, 1000, 0.96)
"""Parameters of bnn_mlp, epochs, and the paper's test error in per cent."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of a training. Errors are shares of the test images; equal: how many of these have, on packed bits in
    another process, exactly the scores of the training graph.
    """

    error: float
    twin_error: float
    equal: int
    size_bytes: int
    fp32_bytes: int


@paper("bnn-mnist")
class BinaryPerceptron(Paper):
    """Test errors of three hidden layers of signs: 2048 wide on a CPU, 4096 on a GPU."""

    source = "arXiv:1602.02830, table 1"
    duration = "two hours of a CPU core (3x2048, 100 epochs), or half an hour of a GPU (3x4096, 1000 epochs)"
    data = ("mnist",)

    def reproduce(self, setting: Setting) -> Reproduction:
        parameters, epochs, stated = CUDA if setting.device == "cuda" else CPU
        network = networks.make({"name": "bnn_mlp", **parameters}).expand()
        recipe = {"epochs": epochs, "batch_size": 100, "precision": "bf16"}
        found = []
        for seed in setting.seeds:

            def say(epoch: int, metrics: Metrics, seed: int = seed) -> None:
                setting.progress(f"seed {seed}, epoch {epoch}: validation accuracy {metrics['accuracy']:.2%}")

            bench = Bench(plan("bnn").normalised(load("mnist", seed)), seed, say, device=setting.device)
            found.append(train(network, bench, setting.folder / str(seed), recipe, recipe))
        errors = [100 * each.error for each in found]
        is_met = sum(errors) / len(errors) <= stated
        equal = [each.equal for each in found]
        return Reproduction(
            [
                Finding("test error, %", stated, errors, f"<= {stated}", is_met),
                Finding("32-bit twin: test error, %", None, [100 * each.twin_error for each in found]),
                Finding(
                    "images with equal scores on packed bits", None, equal, "all", min(equal) == TEST_IMAGES, digits=0
                ),
                Finding("times smaller than in fp32", None, [each.fp32_bytes / each.size_bytes for each in found]),
            ],
            remarks=["The last epoch is tested, once; the paper takes the epoch with the best validation error."],
        )


def train(network: Network, bench: Bench, folder: Path, binary: Mapping[str, Any], twin: Mapping[str, Any]) -> Trained:
    """Train a binary network from the weights of the seed, and its twin; a later call goes on from what folder keeps.

    binary: parameters of the compressor. twin: fields of the twin's recipe. folder then has model.naz and model.onnx.
    """
    state = folder / "state"
    state.mkdir(parents=True, exist_ok=True)
    first, coding = plan("bnn").stages
    made = compressed(
        trained(network, None, bench),
        ({**first, **binary}, coding),
        dataset=bench.dataset,
        seed=bench.seed,
        folder=state,
        listener=lambda _, epoch, metrics: bench.report(epoch, metrics),
        device=bench.device,
    )
    made.write(folder)
    images = bench.dataset.test.images[:]
    with ProcessPoolExecutor(1, get_context("spawn")) as other, torch.inference_mode():
        on_bits = other.submit(scores_of_file, folder / "model.naz", images)
        module = made.model.module.cpu()
        batches = (
            normalised(images[start : start + STEP], bench.dataset.mean, bench.dataset.std)
            for start in range(0, len(images), STEP)
        )
        expected = np.concatenate([module(batch).numpy() for batch in batches])
        equal = int((on_bits.result() == expected).all(1).sum())
    twin_error = _twin_error(network, replace(TWIN, **twin), replace(bench, checkpoint=state / "twin"))
    error = 1 - made.report["test_accuracy"]
    return Trained(error, twin_error, equal, made.report["size_bytes"], made.report["fp32_bytes"])


def _twin_error(network: Network, recipe: Recipe, bench: Bench) -> float:
    """Of the network with ReLU in place of signs, trained in 32-bit floats."""
    twin = trained(read_network(write_network(network).replace("_sign", "_relu")), recipe, bench)
    return 1 - evaluate(twin.module, bench.dataset.test, bench.dataset.mean, bench.dataset.std).accuracy
