"""A network that is trained and then compressed, as reproductions of papers do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nas.compressing.chain import Listener
from nas.compressing.compressed import compressed
from nas.compressing.source import network_for, trained
from nas.compression.bench import Bench
from nas.compression.model import Model
from nas.dataset import Dataset
from nas.training import Recipe
from nas.trial import Metrics


@dataclass(frozen=True, slots=True)
class Dense:
    """A network by its name or notation, and the recipe that trains it."""

    network: str
    recipe: Recipe

    def trained(self, bench: Bench) -> Model:
        return trained(network_for(self.network, bench.dataset), self.recipe, bench)


def compressed_from_training(
    dense: Dense,
    stages: Sequence[Mapping[str, Any]],
    *,
    dataset: Dataset,
    seed: int,
    folder: Path,
    listener: Listener,
    device: str,
    teacher: Dense | None = None,
) -> Mapping[str, Any]:
    """Train a network, compress it and put its files into the folder, where a later call goes on; returns the report.

    teacher: trained too, for its scores to be followed by the compression. listener: hears of the training of both as
    of a stage `training`. The other arguments are those of `compressed`.
    """
    state = folder / "state"
    state.mkdir(parents=True, exist_ok=True)

    def trains(epoch: int, metrics: Metrics) -> None:
        listener("training", epoch, metrics)

    bench = Bench(dataset, seed, trains, state / "training", device)
    start = dense.trained(bench)
    done = compressed(
        start,
        stages,
        dataset=dataset,
        seed=seed,
        folder=state,
        listener=listener,
        device=device,
        teacher=None if teacher is None else teacher.trained(replace(bench, checkpoint=state / "teacher")),
    )
    done.write(folder)
    return done.report
