"""Claim: int8 by the recipe that is measured to be fastest is smaller at hardly any loss; how much faster is measured.

    python benchmarks/int8.py --dataset cifar10               train, quantise, tune, time; then print the table
    python benchmarks/int8.py --time mobilenetv2:96           only time fp32 against each recipe, random weights

MobileNet-like networks are trained, exported, quantised after training (the recipe is measured), and fine-tuned. Test
accuracies are those of the ONNX files in ONNX Runtime; recipes and weights are chosen on the validation images. Each
latency is the median CPU time of one image on one thread in a process of its own; processes with the fp32 file and the
int8 file alternate, and the ratio is that of each pair: its median, smallest and largest are shown. Every case is kept
in --out as one JSON line, and a later call leaves it out. A killed fine-tuning goes on from its last epoch.

Goals: at least 2.0 times faster at batch 1, 3.5 times smaller, at most 0.5 points lost by
calibration alone and 0.1 after fine-tuning. Machine, versions and load are printed. Results: docs/results/int8.md
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnxruntime
import torch

from nas.compressing.files import unpacked
from nas.compression.bench import Bench
from nas.compression.model import Model
from nas.compression.packing import packed
from nas.compressor import compressor
from nas.container.file import Storage
from nas.dataset import load
from nas.export import accuracy
from nas.machine.processor import processor_name
from nas.network import network as networks
from nas.ops.notation import read_network
from nas.ops.onnx_graph import RandomWeights, onnx_model
from nas.ops.torch_reading.module import build
from nas.quantization.qdq import activation_ranges, quantised
from nas.quantization.recipes import RECIPES, StaticQuantization
from nas.training import FINALISTS
from nas.training.fit import fit

Row = dict[str, Any]
TIMING = "import sys, pathlib, nas.quantization.timing as t; print(t.cpu_ms(pathlib.Path(sys.argv[1]).read_bytes()))"
COLUMNS = (
    "network, seed",
    "recipe",
    "fp32 test",
    "calibrated",
    "tuned",
    "faster",
    ".onnx smaller",
    ".naz smaller",
    "load",
)
NETWORKS = {
    "small": (
        "conv_16_k3_s2 [conv_16_k3_g16 conv_16_linear] [conv_64 conv_64_k3_s2_g64 conv_24_linear] "
        "res([conv_96 conv_96_k3_g96 conv_24_linear]) [conv_96 conv_96_k5_s2_g96 conv_40_linear] "
        "res([conv_160 conv_160_k5_g160 conv_40_linear]) conv_256 gap linear_{classes}"
    ),
    "medium": (
        "conv_32_k3 [conv_32_k3_g32 conv_16_linear] [conv_96 conv_96_k3_s2_g96 conv_32_linear] "
        "res([conv_192 conv_192_k3_g192 conv_32_linear]) [conv_192 conv_192_k3_s2_g192 conv_64_linear] "
        "res([conv_256 conv_256_k3_g256 conv_64_linear]) conv_512 gap linear_{classes}"
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="fashion_mnist_mini")
    parser.add_argument("--images", type=int, help="of the training split, drawn evenly; all by default")
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=NETWORKS)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--tuning-epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--pairs", type=int, default=11, help="of processes")
    parser.add_argument("--out", type=Path, default=Path("int8.jsonl"))
    parser.add_argument("--time", nargs="+", metavar="NAME:RESOLUTION", help="networks of nas network --list")
    given = parser.parse_args()
    torch.set_num_threads(1)
    versions = f"onnxruntime {onnxruntime.__version__}, torch {torch.__version__}, Python {platform.python_version()}"
    print(f"{processor_name()}, {os.cpu_count()} cores, {versions}; load {os.getloadavg()[0]:.1f}")
    if given.time:
        for wanted in given.time:
            _print_times(wanted, given.pairs)
        return
    done = [json.loads(line) for line in given.out.read_text().splitlines()] if given.out.exists() else []
    for seed in range(given.seeds):
        for name in given.networks:
            case = {"network": name, "seed": seed, "dataset": given.dataset, "images": given.images}
            case |= {"epochs": given.epochs, "tuning_epochs": given.tuning_epochs}
            if not any(case.items() <= row.items() for row in done):
                row = case | _measured(case, given.out.with_suffix(".state"), given.pairs)
                with given.out.open("a") as file:
                    file.write(json.dumps(row) + "\n")
                done.append(row)
    _print_table(done)


def _measured(case: Row, folder: Path, pairs: int) -> Row:
    images = load(case["dataset"], case["seed"])
    if case["images"]:
        chosen = np.linspace(0, len(images.train) - 1, case["images"]).astype(int)
        images = replace(images, train=images.train[chosen])
    shape = f"{images.channels}x{images.side}x{images.side}: "
    network = read_network(shape + NETWORKS[case["network"]].format(classes=len(images.classes)))
    state = folder / "-".join(str(value) for value in case.values())
    folder.mkdir(exist_ok=True)
    module, started = build(network, case["seed"]), time.perf_counter()
    bench = Bench(images, case["seed"], _say, state.with_suffix(".trained"))
    recipe = replace(FINALISTS, epochs=case["epochs"])
    fit(module, images, recipe, seed=bench.seed, report=_say, checkpoint_path=bench.checkpoint)
    trained = Model(network, module)
    fp32 = unpacked(packed(trained, images))
    row: Row = {"fp32_accuracy": accuracy(fp32, images, network), "fp32_bytes": len(fp32)}
    kept = state.with_suffix(".tuned")
    stage = {"name": "int8", "epochs": case["tuning_epochs"]}
    tuned = compressor.make(stage).compress(trained, replace(bench, checkpoint=kept))
    calibrated = compressor.make({"name": "int8", "integers": tuned.integers.recipe, "fine_tuning": False})
    models = {"calibrated": calibrated.compress(Model(network, module), bench), "tuned": tuned}
    files = {name: unpacked(packed(model, images)) for name, model in models.items()}
    row |= {f"{name}_accuracy": accuracy(file, images, network) for name, file in files.items()}
    row |= {"recipe": tuned.integers.recipe, "int8_bytes": len(files["tuned"])}
    row["naz_bytes"] = len(packed(replace(tuned, storage=Storage("context", half=True)), images))
    row |= _paired(fp32, files["tuned"], pairs)
    return row | {"test_images": len(images.test), "seconds": time.perf_counter() - started}


def _say(epoch: int, metrics: Any) -> None:
    print(f"epoch {epoch}: validation accuracy {metrics['accuracy']:.2%}", file=sys.stderr)


def _paired(fp32: bytes, int8: bytes, pairs: int) -> Row:
    """Latencies of two files in alternating processes, and the ratio of each pair."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder, f"{name}.onnx") for name in ("fp32", "int8")}
        paths["fp32"].write_bytes(fp32)
        paths["int8"].write_bytes(int8)
        found: dict[str, list[float]] = {"fp32": [], "int8": []}
        for pair in range(pairs):
            for name in ("fp32", "int8") if pair % 2 else ("int8", "fp32"):
                found[name].append(_apart(paths[name]))
    ratios = [a / b for a, b in zip(found["fp32"], found["int8"], strict=True)]
    latencies = {f"{name}_ms": median(values) for name, values in found.items()}
    return {
        **latencies,
        "faster": median(ratios),
        "least": min(ratios),
        "most": max(ratios),
        "load": os.getloadavg()[0],
    }


def _apart(path: Path) -> float:
    done = subprocess.run([sys.executable, "-c", TIMING, str(path)], capture_output=True, check=True, text=True)  # noqa: S603 - our own
    return float(done.stdout)


def _print_times(wanted: str, pairs: int) -> None:
    name, _, resolution = wanted.partition(":")
    config = {"name": name, "resolution": int(resolution or 224), "channels": 3, "classes": 10}
    network = networks.make(config).expand()
    fp32 = onnx_model(network, RandomWeights(0)).SerializeToString()
    images = np.random.default_rng(0).standard_normal((4, *network.input), np.float32)
    ranges = activation_ranges(fp32, [images])
    for recipe in RECIPES:
        int8 = quantised(fp32, StaticQuantization(recipe, ranges))
        row = _paired(fp32, int8, pairs)
        print(
            f"{wanted} {recipe}: {row['fp32_ms']:.3f} -> {row['int8_ms']:.3f} ms, {_faster(row)} times faster, "
            f"{len(fp32) / len(int8):.2f} times smaller, load {row['load']:.1f}"
        )


def _faster(row: Row) -> str:
    return f"{row['faster']:.2f} ({row['least']:.2f} to {row['most']:.2f})"


def _print_table(rows: list[Row]) -> None:
    print("|".join(("", *COLUMNS, "")), "|".join(("", *["---"] * len(COLUMNS), "")), sep="\n")
    for row in rows:
        scores = [f"{row[f'{name}_accuracy']:.2%}" for name in ("fp32", "calibrated", "tuned")]
        smaller = [f"{row['fp32_bytes'] / row[f'{name}_bytes']:.2f}" for name in ("int8", "naz")]
        cells = (
            f"{row['network']}, {row['seed']}",
            row["recipe"],
            *scores,
            _faster(row),
            *smaller,
            f"{row['load']:.0f}",
        )
        print("|".join(("", *cells, "")))


if __name__ == "__main__":
    main()
