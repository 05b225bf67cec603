"""A chain of compressors: one after the other, each kept once it is done, so that a killed compression goes on."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from nas.compressing.files import unpacked
from nas.compressing.layer_rows import layer_rows
from nas.compression.bench import Bench
from nas.compression.device_latencies import TargetDevice
from nas.compression.model import Model, restore
from nas.compression.packing import packed
from nas.compressor import compressor
from nas.container.file import read
from nas.dataset import Dataset
from nas.training import checkpoint
from nas.training.file_score import evaluate_file
from nas.training.score import evaluate
from nas.trial import Metrics

Listener = Callable[[str, int, Metrics], None]
"""Called with the name of a stage, the epoch of its training, and the metrics so far."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a stage made: accuracy and loss on validation, bytes of the file by component, and seconds that it took.

    layers: rows of nas.compressing.layer_rows. notes: what the compressor found out, by name.
    """

    name: str
    parameters: Mapping[str, Any]
    accuracy: float
    loss: float
    size_bytes: int
    sizes: Mapping[str, int]
    seconds: float
    layers: Sequence[Mapping[str, Any]] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """The model behind a stage, and its compressed file, which the stage describes."""

    model: Model
    file: bytes
    stage: Stage


def chain(
    model: Model,
    stages: Sequence[Mapping[str, Any]],
    *,
    dataset: Dataset,
    seed: int,
    folder: Path,
    listener: Listener,
    device: str = "cpu",
    teacher: Model | None = None,
    target: TargetDevice | None = None,
) -> Iterator[Step]:
    """What each stage makes, the first step being the model as it is. A later step uses up the model of the one before.

    stages: as nas.compressing.plan checks them. folder keeps the state of each stage: a later call with equal arguments
    goes on behind the last one that was done. teacher, target: as nas.compression.bench.Bench has them.
    CompressionError says why a stage cannot be.
    """
    identity = {"data": dataset.digest, "seed": seed, "network": repr(model.network), "weights": model.digest}
    if teacher:
        identity["teacher"] = teacher.digest
    if target:
        identity["target"] = target.name
    kept = folder / "before.state"
    if state := checkpoint.load(kept, identity, "cpu"):
        yield Step(model, _file(state), Stage(**state["stage"]))
    else:
        yield _kept(_measured(model, dataset, {"name": "before"}, 0.0), kept, identity, {})
    for number, config in enumerate(stages):
        identity = {**identity, f"stage {number}": json.dumps(config, sort_keys=True)}
        kept = folder / f"{number}-{config['name']}.state"
        if state := checkpoint.load(kept, identity, device):
            model = restore(state["model"])
            model.module.to(device)
            yield Step(model, _file(state) if "file" in state else packed(model, dataset), Stage(**state["stage"]))
        else:
            started = time.perf_counter()
            notes: dict[str, Any] = {}
            report, training = _reporter(listener, config["name"]), kept.with_suffix(".training")
            bench = Bench(dataset, seed, report, training, device, notes.__setitem__, teacher, target)
            model = compressor.make(config).compress(model, bench)
            step = _measured(model, dataset, config, time.perf_counter() - started)
            step = replace(step, stage=replace(step.stage, notes=notes))
            yield _kept(step, kept, identity, {"model": model.state()})
            for state_of_training in folder.glob(f"{training.name}*"):
                state_of_training.unlink(missing_ok=True)


def _kept(step: Step, path: Path, identity: Mapping[str, Any], more: Mapping[str, Any]) -> Step:
    """The step, kept for a later call."""
    file = torch.frombuffer(bytearray(step.file), dtype=torch.uint8)
    checkpoint.save(path, identity, {"stage": asdict(step.stage), "file": file, **more})
    return step


def _file(state: Mapping[str, Any]) -> bytes:
    return bytes(state["file"].cpu().numpy())


def _reporter(listener: Listener, name: str) -> Callable[[int, Metrics], None]:
    return lambda epoch, metrics: listener(name, epoch, metrics)


def _measured(model: Model, dataset: Dataset, config: Mapping[str, Any], seconds: float) -> Step:
    file = packed(model, dataset)
    images = (dataset.validation, dataset.mean, dataset.std, model.network.input.height)
    score = evaluate_file(unpacked(file), *images) if model.integers else evaluate(model.module, *images)
    parameters = {name: value for name, value in config.items() if name != "name"}
    if model.integers:
        parameters["integers"] = model.integers.recipe  # the one that was measured to be the fastest
    content = read(file)
    of_file = (len(file), content.sizes, seconds, layer_rows(content))
    stage = Stage(config["name"], parameters, score.accuracy, score.loss, *of_file)
    return Step(model, file, stage)
