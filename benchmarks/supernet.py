"""Claim: none. How well scores with shared weights order networks as training each by itself does.

    python benchmarks/supernet.py --networks 20 --seeds 2 --epochs 2 --out FOLDER

Networks spread over a space by their multiply-adds are trained by themselves, with several seeds, and scored with a
supernet of each way of sampling in --sampling, all on one thread. What was trained is kept in FOLDER and not trained
again: the same command goes on after a kill. Printed: Kendall's tau of each score with the mean validation accuracy of
the trainings and its 95 % interval, the partial tau given the multiply-adds, the CPU seconds; the same of the scores
corrected by kinds of blocks, where what is expected of a network is fitted to the first seed's trainings of the others
(nas.supernet.correction); and the tau between two seeds of the trainings, which no score can be expected to exceed by
much. With two seeds, what is fitted and what it is compared with are different trainings.
Results: docs/results/supernet.md
"""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from statistics import fmean, median
from typing import Any

import torch

from nas.dataset import Dataset, load
from nas.evaluator import Evaluator, evaluator
from nas.metric import network_metrics
from nas.ops.notation import read_network, write_network
from nas.space import SearchSpace
from nas.spaces import load_space
from nas.statistics.rank_correlation import partial_tau, rank_correlation
from nas.supernet.correction import Traits, fitted, traits_of
from nas.supernet.roles import Roles

DRAWN = 200
"""Random networks that those of the comparison are chosen of, evenly by multiply-adds."""

Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="fashion_mnist_mini")
    parser.add_argument("--space", default="small")
    parser.add_argument("--networks", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=2, help="of the trainings of each network")
    parser.add_argument("--epochs", type=int, default=2, help="of these trainings")
    parser.add_argument("--supernet-epochs", type=int, default=16)
    parser.add_argument("--supernet-seeds", type=int, default=1)
    parser.add_argument("--sampling", nargs="+", default=["fair"])
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.out.mkdir(parents=True, exist_ok=True)
    images = load(arguments.dataset, 0)
    space = load_space(arguments.space).for_images(images.channels, images.side, len(images.classes))
    networks = _spread(space, arguments.networks)
    kept = _Kept(arguments.out / "rows.jsonl")
    setting = _Setting(space, images, networks, kept)
    ways = [(sampling, seed) for sampling in arguments.sampling for seed in range(arguments.supernet_seeds)]
    scored = {
        way: _scored({"name": "supernet", "epochs": arguments.supernet_epochs, "sampling": way[0]}, way[1], setting)
        for way in ways
    }
    for seed in range(arguments.seeds):
        for network in networks:
            about = {"trained": network, "seed": seed, "epochs": arguments.epochs}
            kept.once(about, lambda about=about: _trained(about, images))
    roles = Roles(space)
    traits = [traits_of(roles, read_network(network)) for network in networks]
    trained = [kept.rows_of("trained", seed=seed) for seed in range(arguments.seeds)]
    _print(networks, trained, scored)
    _print_corrected(networks, traits, trained, scored)


class _Kept:
    """Rows in a file, one JSON value a line, each made once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[Row] = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def once(self, about: Row, make: Any) -> Row:
        found = next((row for row in self.rows if about.items() <= row.items()), None)
        if found is None:
            found = {**about, **make()}
            self.rows.append(found)
            with self.path.open("a") as file:
                file.write(json.dumps(found) + "\n")
        return found

    def rows_of(self, kind: str, **about: Any) -> dict[str, Row]:
        return {row[kind]: row for row in self.rows if kind in row and about.items() <= row.items()}


def _spread(space: SearchSpace, count: int) -> list[str]:
    rng = Random(0)
    drawn = [space.sample(rng).architecture.expand() for _ in range(DRAWN)]
    ordered = sorted(drawn, key=lambda network: network_metrics(network)["macs"])
    return [write_network(network) for network in ordered[:: DRAWN // count][:count]]


def _trained(about: Row, images: Dataset) -> Row:
    made = evaluator.make({"name": "train", "epochs": about["epochs"]}, images, about["seed"])
    start = time.process_time()
    metrics = made.evaluate(read_network(about["trained"]), lambda *_: None)
    return {"accuracy": metrics["accuracy"], "loss": metrics["loss"], "cpu_s": time.process_time() - start}


def _scored(config: Row, seed: int, setting: "_Setting") -> dict[str, Row]:
    """By network; the training is the row of the network "supernet"."""
    images, kept = setting.images, setting.kept
    about = {"sampling": config["sampling"], "supernet_epochs": config["epochs"], "supernet_seed": seed}
    file = kept.path.with_name("-".join(map(str, about.values())) + ".bin")

    def made() -> Evaluator:
        return evaluator.make({**config, "device": "cpu"}, images, seed)

    def prepare() -> Row:
        start = time.process_time()
        file.write_bytes(made().prepare(setting.space, file.with_suffix(".checkpoint"), lambda *_: None))
        return {"cpu_s": time.process_time() - start}

    kept.once({"scored": "supernet", **about}, prepare)

    @cache
    def scorer() -> Evaluator:
        loaded = made()
        loaded.load_prepared(file.read_bytes())
        return loaded

    def score(network: str) -> Row:
        scorer()
        start = time.process_time()
        return {**scorer().evaluate(read_network(network), lambda *_: None), "cpu_s": time.process_time() - start}

    for network in setting.networks:
        kept.once({"scored": network, **about}, lambda network=network: score(network))
    return kept.rows_of("scored", **about)


@dataclass(frozen=True)
class _Setting:
    space: SearchSpace
    images: Dataset
    networks: Sequence[str]
    kept: _Kept


def _print(networks: Sequence[str], trained: Sequence[dict[str, Row]], scored: Mapping[Any, dict[str, Row]]) -> None:
    truth = [fmean(of_seed[network]["accuracy"] for of_seed in trained) for network in networks]
    sizes = {
        name: [network_metrics(read_network(network))[name] for network in networks] for name in ("macs", "params")
    }
    macs = sizes["macs"]
    seconds = [row["cpu_s"] for of_seed in trained for row in of_seed.values()]
    print(f"{len(networks)} networks of accuracy {min(truth):.3f} to {max(truth):.3f}")
    print(f"a training: {median(seconds):.1f} CPU-s")
    if len(trained) > 1:
        one, other = ([of_seed[network]["accuracy"] for network in networks] for of_seed in trained[:2])
        print(f"two seeds of the trainings: {_tau(one, other)}")
    for name, values in sizes.items():
        print(f"{name}: {_tau(values, truth)}")
    for (sampling, seed), rows in scored.items():
        own = rows["supernet"]["cpu_s"]
        each = median(rows[network]["cpu_s"] for network in networks)
        print(f"{sampling}, seed {seed}: {own:.0f} CPU-s, {own / median(seconds):.1f} trainings; {each:.2f} a network")
        for metric in ("accuracy", "shared_accuracy"):
            values = [rows[network][metric] for network in networks]
            print(f"  {metric}: {_tau(values, truth)}; given macs {_given(values, truth, macs):.2f}")
    for sampling in dict.fromkeys(sampling for sampling, _ in scored):
        seeds = [rows for way, rows in scored.items() if way[0] == sampling]
        means = [fmean(rows[network]["accuracy"] for rows in seeds) for network in networks]
        print(
            f"{sampling}, mean of {len(seeds)} seeds: {_tau(means, truth)}; given macs {_given(means, truth, macs):.2f}"
        )


def _print_corrected(
    networks: Sequence[str],
    traits: Sequence[Traits],
    trained: Sequence[dict[str, Row]],
    scored: Mapping[Any, dict[str, Row]],
) -> None:
    """Fitted to the trainings of the first seed, compared with those of the others; with the same if it is alone."""
    first = [trained[0][network]["accuracy"] for network in networks]
    truth = [fmean(of_seed[network]["accuracy"] for of_seed in trained[1:] or trained) for network in networks]
    macs = [each.macs for each in traits]
    for (sampling, seed), rows in scored.items():
        plain = [rows[network]["accuracy"] for network in networks]
        found = fitted(plain, first, traits)
        print(f"{sampling}, seed {seed}, with {'the other seeds' if trained[1:] else 'the seed'} of the trainings:")
        for name, values in (("accuracy", plain), ("corrected", found.left_out), ("trained", first)):
            print(f"  {name}: {_tau(values, truth)}; given macs {_given(values, truth, macs):.2f}")
        if found.error is not None and found.plain_error is not None:
            pays = "pays" if found.correction else "does not pay"
            print(f"  off by {100 * found.error:.2f} points, not {100 * found.plain_error:.2f}: {pays}")
            print("  underrated, points: " + ", ".join(f"{k} {100 * v:+.1f}" for k, v in found.points.items()))


def _tau(one: Sequence[float], other: Sequence[float]) -> str:
    found = rank_correlation(one, other)
    return f"tau {found.tau:.2f} ({found.low:.2f} to {found.high:.2f})" if found else "no tau"


def _given(one: Sequence[float], other: Sequence[float], given: Sequence[float]) -> float:
    taus = [rank_correlation(*pair) for pair in ((one, other), (one, given), (other, given))]
    return partial_tau(*(found.tau if found else 0.0 for found in taus))


if __name__ == "__main__":
    main()
