"""Claims on weights, activations and gradients of few bits (QNN, arXiv:1609.07061), on a small network for MNIST:

- 1-bit weights are more accurate with 2-bit activations than with 1-bit ones,
- gradients of 6 bits cost at most 0.5 points,
- shift-based batch norm and AdaMax cost at most 0.3 points.

    python benchmarks/low_bits.py --out DIR                   all variants, 3 seeds, 10 and 10 epochs
    python benchmarks/low_bits.py --out DIR --train-images 10000 --epochs 3     a first look

For each seed: a training in fp32, and from its weights one training of equal length for each variant, `fp32` among
them. Test accuracies are of the exported files in ONNX Runtime. The same command goes on after a kill.
DIR/results.jsonl has a line for each variant and seed. Results: docs/results/low_bits.md
"""

import argparse
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import torch

from nas.compressing.files import unpacked
from nas.compressing.source import network_for, trained
from nas.compression.bench import Bench
from nas.compression.model import restore
from nas.compression.packing import packed
from nas.compressor import compressor
from nas.dataset import Dataset, load
from nas.export import accuracy
from nas.training import Recipe

NETWORK = "1x28x28: conv_16_k3_s2 conv_32_k3 conv_32_k3_s2 conv_64_k3_s2 gap linear_10"
TRAINING = Recipe(learning_rate=0.05, schedule="cosine", warmup=0.1, ema_decay=None, batch_size=128)
NONE = {"weight_bits": None, "activation_bits": None}
ADAM = {"optimizer": "adamw", "learning_rate": 2**-9, "momentum": 0.875, "weight_decay": 0.0}
ADAMAX = {**ADAM, "optimizer": "shift_adamax", "learning_rate": 2**-6}
W1A2 = {"weight_bits": 1, "activation_bits": 2}
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "fp32": NONE,
    "ternary weights": {"name": "ternary"},
    "w4a4": {},
    "w4a4 powers of two": {"scheme": "logarithmic"},
    "w1a2": W1A2,
    "w1a1": {"weight_bits": 1, "activation_bits": 1},
    "w1a2, gradients of 6 bits": {**W1A2, "gradient_bits": 6},
    "w1a2, gradients of 4 bits": {**W1A2, "gradient_bits": 4},
    "fp32, adamw": {**NONE, **ADAM},
    "fp32, shift-based batch norm, adamw": {**NONE, **ADAM, "norm": "shift"},
    "fp32, shift-based batch norm and AdaMax": {**NONE, **ADAMAX, "norm": "shift"},
    "w1a2, adamw": {**W1A2, **ADAM},
    "w1a2, shift-based batch norm and AdaMax": {**W1A2, **ADAMAX, "norm": "shift"},
}


def row(images: Dataset, name: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """Test accuracy and bytes of one variant."""
    state = options.out / "state"
    state.mkdir(parents=True, exist_ok=True)

    def bench(part: str) -> Bench:
        return Bench(images, seed, lambda *_: None, state / f"{seed} {part}", options.device)

    start = trained(network_for(NETWORK, images), replace(TRAINING, epochs=options.epochs), bench("start"))
    stage = {"name": "uniform", "epochs": options.epochs, "batch_size": 128, "distillation": 0.0, **VARIANTS[name]}
    model = compressor.make(stage).compress(restore(start.state()), bench(name))
    file = packed(model, images)
    found = accuracy(unpacked(file), images, model.network)
    return {"variant": name, "seed": seed, "epochs": options.epochs, "accuracy": found, "bytes": len(file)}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--train-images", type=int, help="Train on the first of them only.")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    images = load("mnist", 0)
    if options.train_images:
        images = replace(images, train=images.train[np.arange(options.train_images)])
    print(platform.processor() or platform.machine(), "load", os.getloadavg(), "torch", torch.__version__)
    results = options.out / "results.jsonl"
    rows = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    for seed in range(options.seeds):
        for name in VARIANTS:
            if any((done["variant"], done["seed"]) == (name, seed) for done in rows):
                continue
            rows.append(row(images, name, seed, options))
            with results.open("a") as file:
                file.write(json.dumps(rows[-1]) + "\n")
            print(json.dumps(rows[-1]), flush=True)
    for name in VARIANTS:
        errors = [100 * (1 - done["accuracy"]) for done in rows if done["variant"] == name]
        print(f"{name:42s} {mean(errors):.2f} % error  ({', '.join(f'{error:.2f}' for error in errors)})")


if __name__ == "__main__":
    main()
