"""Claim: at equal bytes, bits and densities by measured sensitivities cost less accuracy than equal ones.

    python benchmarks/allocation.py --out DIR                        LeNet-5 on Fashion-MNIST mini, 3 seeds
    python benchmarks/allocation.py --out DIR --network "1x28x28: conv_8_k3_s2 ... linear_10"

For each seed: a training, and from its weights, for each number of bits, (1) `trained_quantization` of all layers to
these bits, and at the bytes of that file (2) `allocate` with bits alone, (3) `allocate` with bits and densities. Levels
are trained for as many epochs in each. (4) prunes all layers to one density, by as many epochs as (3), and quantizes to
one more bit; the density is that whose file is of the same bytes. The test images are used once, through ONNX Runtime.
DIR/results.jsonl has a line for each. Results: docs/results/allocation.md
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from nas.compressing.compressed import compressed
from nas.compressing.source import network_for, trained
from nas.compression.allocation.sensitivity import chosen_for, few_values, pruned
from nas.compression.bench import Bench
from nas.compression.model import Model, restore
from nas.compressors.allocate import LEVEL_EPOCHS, LEVEL_RATE, STORAGE
from nas.container.file import weight_bytes
from nas.dataset import Dataset, load
from nas.training import Recipe

TRAINING = Recipe(epochs=10, schedule="cosine", ema_decay=None, batch_size=128)
RATE = 0.1


def arms(model: Model, bits: int, most: int, epochs: int) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Name and stages of (2) to (4) for files of so many bytes."""
    both = {"max_bytes": most, "epochs": epochs, "learning_rate": RATE}
    yield "allocated bits", [{"name": "allocate", "densities": [1.0], **both}]
    yield "allocated bits and densities", [{"name": "allocate", **both}]
    density = density_for(model, bits + 1, bits)
    pruning = {"name": "prune", "density": density, "epochs": epochs, "learning_rate": RATE}
    yield "one density and one bit more", [pruning, *uniform(bits + 1, epochs)]


def uniform(bits: int, epochs: int) -> list[Mapping[str, Any]]:
    levels = {"epochs": -int(-epochs * LEVEL_EPOCHS // 1), "learning_rate": LEVEL_RATE * RATE}
    return [{"name": "trained_quantization", "bits": bits, **levels}, {"name": "entropy_coding"}]


def density_for(model: Model, bits: int, dense_bits: int) -> float:
    """The density of all layers that takes, at so many bits, the bytes of dense layers at dense_bits."""
    state = model.numbers()
    layers = [(layer, state[f"{layer.path}.weight"]) for layer in chosen_for(model)]

    def taken(density: float, width: int) -> int:
        return sum(weight_bytes(few_values(pruned(w, density), width), layer, STORAGE) for layer, w in layers)

    low, high, wanted = 0.05, 1.0, taken(1.0, dense_bits)
    for _ in range(8):
        middle = (low + high) / 2
        low, high = (middle, high) if taken(middle, bits) <= wanted else (low, middle)
    return low


def one_seed(images: Dataset, seed: int, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    folder = options.out / str(seed)
    folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(images, seed, lambda *_: None, folder / "training")
    begin = trained(network_for(options.network, images), TRAINING, bench).state()

    def report(name: str, stages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        place = folder / name.replace(" ", "-")
        place.mkdir(exist_ok=True)
        made = compressed(
            restore(begin), stages, dataset=images, seed=seed, folder=place, listener=lambda *_: None
        ).report
        found = {name: made[name] for name in ("size_bytes", "test_accuracy_before", "test_accuracy")}
        return {"seed": seed, "arm": name, **found, "layers": made["stages"][-1]["layers"]}

    for bits in options.bits:
        equal = report(f"{bits} bits", uniform(bits, options.epochs))
        yield equal
        for name, stages in arms(restore(begin), bits, equal["size_bytes"], options.epochs):
            yield report(f"{bits} bits {name}", stages)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--network", default="lenet_5")
    parser.add_argument("--dataset", default="fashion_mnist_mini")
    parser.add_argument("--bits", type=int, nargs="+", default=[2, 3])
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    for seed in range(options.seeds):
        for row in one_seed(load(options.dataset, seed), seed, options):
            with (options.out / "results.jsonl").open("a", encoding="utf-8") as results:
                results.write(json.dumps(row) + "\n")
            print({name: value for name, value in row.items() if name != "layers"}, flush=True)


if __name__ == "__main__":
    main()
