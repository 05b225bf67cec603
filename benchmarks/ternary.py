"""Claim: with trained ternary weights (TTQ, arXiv:1612.01064) a network is about as accurate as in 32-bit floats.

    python benchmarks/ternary.py --out DIR                                        ResNet-20 on CIFAR-10, 3 seeds
    python benchmarks/ternary.py --out DIR --network resnet_32 --device cuda --precision bf16

For each seed: a training in fp32; from its weights, a training of the ternary network (all layers but the first and the
last) and, as the baseline of equal epochs, one in fp32 by the same recipe. The test images are used once, through ONNX
Runtime on the exported file. The same command goes on after a kill, from the last epoch. DIR/results.jsonl has a line
for each seed. Results: docs/results/ternary.md
"""

import argparse
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nas.compressing.files import unpacked
from nas.compressing.source import network_for, trained
from nas.compression.bench import Bench
from nas.compression.model import Model, restore
from nas.compression.packing import packed
from nas.compression.tuning import tune
from nas.compressors.ternary import RECIPE, TernaryQuantization
from nas.container.file import Storage
from nas.dataset import Dataset, load
from nas.export import accuracy
from nas.ops.cost import network_cost
from nas.training import Recipe
from nas.training.criterion import Criterion
from nas.trial import Report

TRAINING = Recipe(
    optimizer="sgd",
    schedule="cosine",
    learning_rate=0.1,
    warmup=0.05,
    weight_decay=5e-4,
    ema_decay=None,
    batch_size=128,
    flip=True,
    shift=0.125,
)
TUNING = replace(TRAINING, learning_rate=RECIPE.learning_rate, weight_decay=RECIPE.weight_decay, warmup=0.0)


def one_seed(images: Dataset, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """Test accuracies and bytes of the files of one seed."""
    first, second = (
        replace(recipe, epochs=epochs, precision=options.precision)
        for recipe, epochs in ((TRAINING, options.epochs), (TUNING, options.tuning_epochs))
    )

    def bench(part: str) -> Bench:
        state = options.out / f"{options.network}-{seed}-{part}.state"
        return Bench(images, seed, _printed(f"seed {seed} {part}"), state, options.device)

    model = trained(network_for(options.network, images), first, bench("fp32"))
    longer, ternary = (restore(model.state()) for _ in range(2))
    tune(longer, bench("fp32-longer"), second, Criterion())
    stage = TernaryQuantization(distillation=options.distillation, recipe=second)
    ternary = stage.compress(ternary, bench("ternary"))
    fp32, longer_fp32 = _tested(model, images), _tested(longer, images)
    return {
        "network": options.network,
        "data": images.name,
        "train_images": len(images.train),
        "seed": seed,
        "epochs": [options.epochs, options.tuning_epochs],
        "fp32": fp32["accuracy"],
        "fp32_longer": longer_fp32["accuracy"],
        "fp32_bytes": network_cost(model.network).size_bytes,
        "ternary": _tested(ternary, images),
        "ternary_raw": _tested(replace(ternary, storage=Storage("raw", half=True)), images),
        "ternary_coded": _tested(replace(ternary, storage=Storage("context", half=True)), images),
    }


def _printed(name: str) -> Report:
    return lambda epoch, metrics: print(f"{name} epoch {epoch}: {metrics['accuracy']:.4f}", flush=True)


def _tested(model: Model, images: Dataset) -> dict[str, float]:
    """Test accuracy through ONNX Runtime, and bytes, of the very file."""
    file = packed(model, images)
    return {"accuracy": accuracy(unpacked(file), images, model.network), "bytes": len(file)}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--network", default="resnet_20")
    parser.add_argument("--dataset", default="cifar10")
    parser.add_argument("--train-images", type=int, help="Train on the first of them only; for a first look.")
    parser.add_argument("--epochs", type=int, default=160)
    parser.add_argument("--tuning-epochs", type=int, default=160)
    parser.add_argument("--distillation", type=float, default=0.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"])
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    images = load(options.dataset, 0)
    if options.train_images:
        images = replace(images, train=images.train[np.arange(options.train_images)])
    print(platform.processor() or platform.machine(), "load", os.getloadavg(), "torch", torch.__version__)
    for seed in range(options.seeds):
        row = one_seed(images, seed, options)
        with (options.out / "results.jsonl").open("a") as results:
            results.write(json.dumps(row) + "\n")
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
