"""Binary networks of the BNN paper (arXiv:1602.02830, table 1) at other sizes than `nas papers run bnn-mnist` trains.

Claim: bit-packed inference of the compressed file, in another process, gives every test image exactly the scores of the
training graph; test errors approach those of the paper as width and epochs do.

    python benchmarks/binary_networks.py --out bnn --hidden 1024 --epochs 20 --dropout 0.2 --batch 256

On a GPU, with --device cuda: --network bnn_cifar10 --dataset cifar10 --batch 50 --epochs 500; --width 0.5 is the half.

The same command goes on after a kill. The network of the last epoch is tested, once; n: the images of the test split.
Results: docs/results/binary_networks.md
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import torch

from nas.compressing.plan import plan
from nas.compression.bench import Bench
from nas.dataset import load
from nas.network import network as networks
from nas.papers.bnn_mnist import train
from nas.trial import Metrics


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--network", "name", type=click.Choice(["bnn_mlp", "bnn_cifar10"]), default="bnn_mlp")
@click.option("--dataset", "data", default="mnist")
@click.option("--hidden", type=int, default=1024, help="Width of bnn_mlp.")
@click.option("--width", type=float, default=1.0, help="Multiplier of bnn_cifar10.")
@click.option("--input-dropout", type=float, default=0.0)
@click.option("--dropout", type=float, default=0.0)
@click.option("--epochs", type=int, required=True)
@click.option("--twin-epochs", type=int, help="Of the 32-bit twin; as many by default.")
@click.option("--batch", type=int, default=100)
@click.option("--precision", type=click.Choice(["fp32", "bf16"]), default="bf16")
@click.option("--activations", type=click.Choice(["deterministic", "stochastic"]), default="deterministic")
@click.option("--seed", "seeds", type=int, multiple=True, default=(0,))
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu")
def main(out: Path, **options: Any) -> None:
    """Train, compress, test and compare, for each seed; one line of JSON each."""
    torch.set_num_threads(1)
    names = ("hidden", "input_dropout", "dropout") if options["name"] == "bnn_mlp" else ("width",)
    parameters = {"name": options["name"], **{name: options[name] for name in names}}
    network = networks.make(parameters).expand()
    recipe = {"epochs": options["epochs"], "batch_size": options["batch"], "precision": options["precision"]}
    twin = {**recipe, "epochs": options["twin_epochs"] or options["epochs"]}
    for seed in options["seeds"]:
        folder = out / "-".join(
            map(str, (*parameters.values(), *twin.values(), *recipe.values(), options["activations"], seed))
        )
        bench = Bench(plan("bnn").normalised(load(options["data"], seed)), seed, _said, device=options["device"])
        found = train(network, bench, folder, {**recipe, "activations": options["activations"]}, twin)
        click.echo(json.dumps({**parameters, **recipe, "twin": twin, "seed": seed, **asdict(found)}))


def _said(epoch: int, metrics: Metrics) -> None:
    click.echo(f"epoch {epoch}: validation accuracy {metrics['accuracy']:.2%}, {metrics['seconds']:.0f} s", err=True)


if __name__ == "__main__":
    main()
