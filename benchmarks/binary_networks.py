"""Binary networks of the BNN paper (arXiv:1602.02830, table 1), trained and tested beside their 32-bit twins.

Claim: bit-packed inference of the compressed file, in another process, gives every test image exactly the scores of the
training graph; test errors approach those of the paper as width and epochs do.

    python benchmarks/binary_networks.py --out bnn --hidden 1024 --epochs 20 --dropout 0.2 --batch 256
    python benchmarks/binary_networks.py --out bnn --hidden 2048 --epochs 200

On a GPU, with --device cuda, the paper's: --hidden 4096 --input-dropout 0.2 --dropout 0.5 --epochs 1000, and
--network bnn_cifar10 --dataset cifar10 --batch 50 --epochs 500; --width 0.5 is the half of that.

The same command goes on after a kill. The network of the last epoch is tested, once; n: the images of the test split.
Results: docs/results/binary_networks.md
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

from nas.compressing.bits import bit_packed
from nas.compressing.compressed import compressed
from nas.compressing.plan import plan
from nas.compressing.source import trained
from nas.compression.bench import Bench
from nas.compression.model import Model, restore
from nas.container.file import read
from nas.dataset import Dataset, load
from nas.files import write_whole
from nas.network import network as networks
from nas.ops import Network
from nas.ops.notation import read_network, write_network
from nas.training import Recipe
from nas.training.batches import normalised
from nas.training.score import evaluate
from nas.trial import Metrics

TWIN = Recipe(optimizer="adamw", learning_rate=2e-3, schedule="cosine", weight_decay=0.05, ema_decay=None)
"""How the 32-bit twin is trained, which has ReLU in place of signs."""

STEP = 500
"""Images that are scored at a time."""


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--network", "name", type=click.Choice(["bnn_mlp", "bnn_cifar10"]), default="bnn_mlp")
@click.option("--dataset", "data", default="mnist")
@click.option("--hidden", type=int, help="Width of bnn_mlp.")
@click.option("--width", type=float, help="Multiplier of bnn_cifar10.")
@click.option("--input-dropout", type=float, default=0.0)
@click.option("--dropout", type=float, default=0.0)
@click.option("--epochs", type=int, required=True)
@click.option("--twin-epochs", type=int, help="Of the 32-bit twin; as many by default.")
@click.option("--batch", type=int, default=100)
@click.option("--precision", type=click.Choice(["fp32", "bf16"]), default="bf16")
@click.option("--activations", type=click.Choice(["deterministic", "stochastic"]), default="deterministic")
@click.option("--seed", "seeds", type=int, multiple=True, default=(0,))
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu")
@click.option("--scores-of", type=click.Path(path_type=Path), help="Only write the bit-packed scores of a file.")
def main(**options: Any) -> None:
    """Train, compress, test and compare, for each seed; one line of JSON each."""
    torch.set_num_threads(1)
    if options["scores_of"]:
        _write_packed_scores(options["scores_of"], options["data"], options["seeds"][0])
        return
    fields = {"hidden": options["hidden"], "width": options["width"]}
    if options["name"] == "bnn_mlp":
        fields |= {"input_dropout": options["input_dropout"], "dropout": options["dropout"]}
    given = {key: value for key, value in fields.items() if value is not None}
    network = networks.make({"name": options["name"], **given}).expand()
    kept = ("input_dropout", "dropout", "epochs", "twin_epochs", "batch", "precision", "activations")
    for seed in options["seeds"]:
        label = "-".join(str(value) for value in (*fields.values(), *(options[key] for key in kept)))
        folder = options["out"] / f"{options['name']}-{label}-{seed}"
        (folder / "state").mkdir(parents=True, exist_ok=True)
        images = plan("bnn").normalised(load(options["data"], seed))
        bench = Bench(images, seed, _said, device=options["device"])
        click.echo(
            json.dumps({"network": options["name"], **given, "seed": seed, **_run(network, bench, folder, options)})
        )


def _run(network: Network, bench: Bench, folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """What comes of one seed; folder keeps files and states."""
    recipe = {"epochs": options["epochs"], "batch_size": options["batch"], "precision": options["precision"]}
    binary, coding = plan("bnn").stages
    stages = ({**binary, **recipe, "activations": options["activations"]}, coding)
    made = compressed(
        trained(network, None, bench),
        stages,
        dataset=bench.dataset,
        seed=bench.seed,
        folder=folder / "state",
        listener=lambda _, epoch, metrics: _said(epoch, metrics),
        device=bench.device,
    )
    write_whole(folder / "model.naz", made.file)
    write_whole(folder / "model.onnx", made.onnx)
    state = torch.load(folder / "state/1-entropy_coding.state", weights_only=True)
    equal = _equal_scores(restore(state["state"]["model"]), bench, folder, options["data"])
    twin = replace(TWIN, **{**recipe, "epochs": options["twin_epochs"] or options["epochs"]})
    found = {key: made.report[key] for key in ("size_bytes", "fp32_bytes", "ratio", "test_accuracy")}
    accuracy = _twin(network, twin, replace(bench, checkpoint=folder / "state/twin"))
    return {**found, "images_with_equal_scores": equal, "twin_test_accuracy": accuracy}


def _equal_scores(model: Model, bench: Bench, folder: Path, data: str) -> int:
    """Test images whose scores on packed bits, in another process, are those of the training graph, bit for bit."""
    pixels, expected = bench.dataset.test.images, []
    with torch.inference_mode():
        for start in range(0, len(pixels), STEP):
            batch = normalised(pixels[start : start + STEP], bench.dataset.mean, bench.dataset.std)
            expected.append(model.module(batch).numpy())
    arguments = (
        "--scores-of",
        folder / "model.naz",
        "--dataset",
        data,
        "--seed",
        bench.seed,
        "--epochs",
        1,
        "--out",
        folder,
    )
    subprocess.run([sys.executable, __file__, *map(str, arguments)], check=True)  # noqa: S603 - this file itself
    return int((np.load(folder / "model.npy") == np.concatenate(expected)).all(1).sum())


def _write_packed_scores(file: Path, data: str, seed: int) -> None:
    packed = bit_packed(read(file.read_bytes()))
    np.save(file.with_suffix(".npy"), packed(load(data, seed).test.images))


def _twin(network: Network, recipe: Recipe, bench: Bench) -> float:
    """Test accuracy of the network with ReLU in place of signs, trained in 32-bit floats."""
    twin = read_network(write_network(network).replace("_sign", "_relu"))
    images: Dataset = bench.dataset
    return evaluate(trained(twin, recipe, bench).module, images.test, images.mean, images.std).accuracy


def _said(epoch: int, metrics: Metrics) -> None:
    click.echo(f"epoch {epoch}: validation accuracy {metrics['accuracy']:.2%}, {metrics['seconds']:.0f} s", err=True)


if __name__ == "__main__":
    main()
