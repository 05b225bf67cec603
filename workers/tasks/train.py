"""The tasks of a search: plain data in, plain data out.

A worker keeps the data set of its last task, so that it is loaded once.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from mmap import ACCESS_READ, mmap
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from typing_extensions import Buffer

from nas.dataset import Dataset, dataset
from nas.errors import CheckpointError, OutOfMemoryError
from nas.evaluator import Evaluator, Stop
from nas.evaluator import evaluator as evaluators
from nas.ops import Network
from nas.ops.cost import is_coded
from nas.ops.notation import read_network
from nas.space import SearchSpace
from nas.training import Recipe
from nas.trial import Report
from workers.tasks.taught import Taught, taught_images

if TYPE_CHECKING:
    from nas.compression.bench import Bench


@dataclass(frozen=True, slots=True)
class Setup:
    """What all tasks of a search share: the data set and the evaluator as JSON text, the seed, threads of a worker, and
    what trainings follow beside the labels, if there is a teacher.
    """

    dataset: str
    evaluator: str
    seed: int
    threads: int
    taught: Taught | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any], evaluator: Mapping[str, Any], *, seed: int, threads: int) -> "Setup":
        return cls(json.dumps(data), json.dumps(evaluator), seed, threads)

    def trial_images(self, images: Dataset) -> Dataset:
        """The images as trials learn from them."""
        return images if self.taught is None or self.taught.trials else images.untaught()

    def final_images(self, images: Dataset) -> Dataset:
        """The images as finalists and references learn from them."""
        return images if self.taught is None or self.taught.finalists else images.untaught()


@dataclass(frozen=True, slots=True)
class Final:
    """A long training: its recipe, the path of its checkpoint on the worker's machine, the metadata of its file."""

    recipe: Recipe
    checkpoint: str
    about: Mapping[str, Any]

    @property
    def epochs(self) -> int:
        """How often it reports."""
        return self.recipe.epochs


@dataclass(frozen=True, slots=True)
class Leg:
    """A part of a trial's training: up to so many epochs. checkpoint: the content of the state to go on from, if any.
    lost: why there is none although the trial was trained before, if that is so.
    """

    until: int
    checkpoint: bytes | None = None
    lost: str | None = None


@dataclass(frozen=True, slots=True)
class Stopped:
    """Metrics after a leg, and the state to go on from. lost: why it was trained from its start, if it should not."""

    metrics: dict[str, float]
    checkpoint: bytes
    lost: str | None


Finalised = tuple[dict[str, float], bytes]
"""Metrics of a finalist, and its ONNX file, or its compressed one if it has codes for weights."""


@lru_cache(maxsize=1)
def _content(file: Path) -> Buffer:
    """The content of a file, whose memory the processes of a machine share, until another file is asked for.

    Files are named by their content.
    """
    with file.open("rb") as opened:
        return mmap(opened.fileno(), 0, access=ACCESS_READ)


@lru_cache(maxsize=1)
def _dataset(config: str, seed: int) -> Dataset:
    return dataset.make(json.loads(config)).load(seed)


def images_of(setup: Setup, shared: Dataset | None) -> Dataset:
    """The search's data set, with soft labels if it has a teacher: what the executor shares, or loaded from its source
    and from their file.
    """
    images = _dataset(setup.dataset, setup.seed) if shared is None else shared
    return images if setup.taught is None or images.train.soft else taught_images(images, setup.taught)


def evaluator_of(setup: Setup, images: Dataset) -> Evaluator:
    import torch  # noqa: PLC0415 - the parent, which imports this module too, has no need of torch

    torch.set_num_threads(setup.threads)
    return evaluators.make(json.loads(setup.evaluator), setup.trial_images(images), setup.seed)


@contextmanager
def memory_errors() -> Iterator[None]:
    """Raise a lack of memory as a NasError, so that it ends the trial and not the search."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # torch has an error class for a full GPU, but for the CPU only this message.
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        raise OutOfMemoryError(
            f"{str(error).splitlines()[0]}; lower batch_size or the number of parallel trials"
        ) from error


def prepare(
    setup: Setup, shared: Dataset | None, space: SearchSpace, checkpoint: str, start: bytes = b"", *, report: Report
) -> bytes:
    """The state that the evaluations of a search share. checkpoint: the path of a file that a later call resumes from.

    shared: the data set, if the executor shares it. start: the trained networks that it starts from, if there are any.
    """
    path = Path(checkpoint)
    path.parent.mkdir(parents=True, exist_ok=True)
    with memory_errors():
        evaluator = evaluator_of(setup, images_of(setup, shared))
        if start:
            evaluator.start_from(start)
        return evaluator.prepare(space, path, report)


def evaluate(
    setup: Setup,
    shared: Dataset | None,
    notation: str,
    prepared: Buffer | Path | None = None,
    seed: int | None = None,
    *,
    report: Report,
) -> dict[str, float]:
    """Metrics of a network, by the search's evaluator. prepared: what prepare returned, in memory that processes may
    share, or the file of it.

    seed: of this evaluation, on the images that the search's own seed draws; None for the search's.
    """
    with memory_errors():
        evaluator = _evaluator(setup, shared, prepared)
        evaluator.seed = setup.seed if seed is None else seed
        return dict(evaluator.evaluate(read_network(notation), report))


def _evaluator(setup: Setup, shared: Dataset | None, prepared: Buffer | Path | None) -> Evaluator:
    """The search's evaluator, with the state that its evaluations share, if there is any."""
    evaluator = evaluator_of(setup, images_of(setup, shared))
    if prepared is not None:
        evaluator.load_prepared(_content(prepared) if isinstance(prepared, Path) else prepared)
    return evaluator


def evaluate_until(
    setup: Setup,
    shared: Dataset | None,
    notation: str,
    leg: Leg,
    prepared: Buffer | Path | None = None,
    *,
    report: Report,
) -> Stopped:
    """As evaluate, of a training that stops early and goes on from its checkpoint in a later call."""
    with memory_errors(), TemporaryDirectory(prefix="nas-trial-") as folder:
        evaluator = _evaluator(setup, shared, prepared)
        stop = Stop(leg.until, Path(folder) / "checkpoint")
        lost = leg.lost
        if leg.checkpoint:
            stop.checkpoint.write_bytes(leg.checkpoint)
        try:
            metrics = evaluator.evaluate_until(read_network(notation), report, stop)
        except CheckpointError as error:
            if not leg.checkpoint:
                raise
            lost = str(error)
            stop.checkpoint.unlink()
            metrics = evaluator.evaluate_until(read_network(notation), report, stop)
        return Stopped(dict(metrics), stop.checkpoint.read_bytes(), lost)


def finalise(
    setup: Setup,
    shared: Dataset | None,
    notation: str,
    final: Final,
    prepared: Buffer | Path | None = None,
    *,
    report: Report,
) -> Finalised:
    """Train a network for longer, and export it as a tested ONNX file; if it has codes for weights, as a compressed
    file, whose metrics are those of the ONNX file that it unpacks to.

    The training resumes from the checkpoint if there is one. prepared: what the evaluations of the search share, for
    the network to start from its part of these weights; None for random ones.
    """
    from nas.compression.bench import Bench  # noqa: PLC0415 - torch is the workers' own
    from nas.export import export  # noqa: PLC0415 - torch is the workers' own
    from nas.ops.torch_reading.module import load_arrays  # noqa: PLC0415 - torch is the workers' own
    from nas.training.fit import fit  # noqa: PLC0415 - torch is the workers' own
    from nas.training.initial import untrained  # noqa: PLC0415 - torch is the workers' own

    images = setup.final_images(images_of(setup, shared))
    device = evaluator_of(setup, images).device
    network = read_network(notation)
    if is_coded(network):
        return _coded(network, final, Bench(images, setup.seed, report, Path(final.checkpoint), device))
    net = untrained(network, images, final.recipe, setup.seed)
    if prepared is not None:
        load_arrays(net, _evaluator(setup, shared, prepared).inherited(network))
    fitted = fit(
        net,
        images,
        final.recipe,
        seed=setup.seed,
        report=report,
        device=device,
        resolution=network.input.height,
        checkpoint_path=Path(final.checkpoint),
    )
    exported = export(network, net, images, final.about)
    metrics = {
        "validation_accuracy": fitted.accuracy,
        "test_accuracy": exported.test_accuracy,
        "max_abs_difference": exported.max_abs_difference,
        "size_bytes": len(exported.file),
        "train_seconds": fitted.seconds,
    }
    return metrics, exported.file


def _coded(network: Network, final: Final, bench: "Bench") -> Finalised:
    from nas.compressing.files import unpacked  # noqa: PLC0415 - torch is the workers' own
    from nas.compression.coded_training import file_score, train_coded  # noqa: PLC0415 - as above
    from nas.export import accuracy, difference_to  # noqa: PLC0415 - as above

    model, fitted = train_coded(network, final.recipe, bench)
    file, score = file_score(model, bench.dataset)
    onnx = unpacked(file)
    metrics = {
        "validation_accuracy": score.accuracy,
        "test_accuracy": accuracy(onnx, bench.dataset, network),
        "max_abs_difference": difference_to(model.module, onnx, bench.dataset, network),
        "size_bytes": len(file),
        "train_seconds": fitted.seconds,
    }
    return metrics, file
