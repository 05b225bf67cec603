"""The promises of an evaluator as tests."""

from math import isfinite
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from nas.dataset import Dataset, Split
from nas.evaluator import Evaluator, evaluator
from nas.spaces import load_space
from nas.testing.contract import Contract
from nas.trial import Metrics

SPACE = load_space(
    {
        "name": "testing",
        "resolution": 8,
        "channels": 1,
        "classes": 2,
        "stem": {"width": 4, "kernel": 3, "stride": 2},
        "stages": [{"blocks": ["conv"], "layers": [1, 2], "width": [4, 8], "stride": 1}],
    }
)
NETWORK = SPACE.sample(Random(0)).architecture.expand()


class StoppedError(Exception):
    """What a report raises to end an evaluation."""


class _HiddenSplit(Split):
    """A split that an evaluator must not read."""

    @property
    def images(self) -> NDArray[np.uint8]:
        raise AssertionError("an evaluator read the test split")

    def digest(self) -> str:
        return "hidden"


def halves(seed: int = 0) -> Dataset:
    """Images of 8 x 8 px with a bright upper or lower half: two classes that one convolution tells apart.

    The test split raises an AssertionError when its images are read.
    """
    rng, labels = np.random.default_rng(seed), np.arange(96) % 2
    bright = np.arange(8)[:, None, None] // 4 == labels[:, None, None, None]
    images = (rng.integers(0, 120, (96, 8, 8, 1)) + 120 * bright).astype(np.uint8)
    whole = Split(images, labels.astype(np.int64))
    hidden = _HiddenSplit.__new__(_HiddenSplit)
    object.__setattr__(hidden, "labels", whole.labels[64:])
    train, validation = whole[np.arange(64)], whole[np.arange(64, 96)]
    return Dataset("halves", ("upper", "lower"), train, validation, hidden, (0.5,), (0.25,))


class _Reports:
    """Keeps what is reported; raises StoppedError at the epoch `stop_at`."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.epochs: list[int] = []
        self.metrics: list[Metrics] = []
        self._stop_at = stop_at

    def __call__(self, epoch: int, metrics: Metrics) -> None:
        if epoch == self._stop_at:
            raise StoppedError
        self.epochs.append(epoch)
        self.metrics.append(dict(metrics))


class EvaluatorContract(Contract):
    """Subclass it with the config of one evaluator, its name at least.

    What concerns shared state holds for evaluators whose preparation_epochs are not 0.
    """

    def made(self, dataset: Dataset | None = None, seed: int = 0) -> Evaluator:
        return evaluator.make(self.config, dataset or halves(), seed)

    def ready(self) -> Evaluator:
        """An evaluator that has its shared state."""
        made = self.made()
        if made.preparation_epochs:
            made.load_prepared(self._prepared(_Reports()))
        return made

    def test_accuracy_is_a_fraction_and_reports_count_from_one(self) -> None:
        """The test split is never read; every number is finite; the last report is of the result."""
        made, reports = self.ready(), _Reports()

        metrics = made.evaluate(NETWORK, reports)

        assert 0 <= metrics["accuracy"] <= 1
        assert all(isfinite(value) for value in metrics.values())
        assert reports.epochs == list(range(1, len(reports.epochs) + 1))
        assert len(reports.epochs) <= made.epochs
        assert not reports.epochs or reports.metrics[-1]["accuracy"] == metrics["accuracy"]

    def test_the_same_seed_gives_the_same_accuracy(self) -> None:
        first, second = (self.ready().evaluate(NETWORK, _Reports()) for _ in range(2))

        assert first["accuracy"] == second["accuracy"]

    def test_what_a_report_raises_ends_the_evaluation(self) -> None:
        """How a pruner stops a trial."""
        try:
            reports = _Reports(stop_at=1)
            self.ready().evaluate(NETWORK, reports)
        except StoppedError:
            return
        assert not reports.epochs, "it went on"

    def test_every_parameter_has_a_default_and_a_schema(self) -> None:
        """A spec may name an evaluator without more, and a form can be drawn from the schema."""
        name = self.config if isinstance(self.config, str) else self.config["name"]

        assert not evaluator.parameters(name).model_json_schema().get("required")

    def test_what_it_states_does_not_change(self) -> None:
        """Other processes make instances of their own, which must state the same."""
        first, second = self.made(), self.made()

        for stated in ("epochs", "trains", "cache_key", "device", "preparation_epochs", "preparation_key", "note"):
            assert getattr(first, stated) == getattr(second, stated)
        assert first.epochs >= 1

    def test_the_cache_key_is_of_the_images(self) -> None:
        key, other = self.made().cache_key, self.made(halves(seed=1)).cache_key

        assert key is None or key != other

    def test_a_preparation_reports_and_is_the_same_again(self) -> None:
        made, reports = self.made(), _Reports()
        if not made.preparation_epochs:
            return

        content = self._prepared(reports)

        assert content
        assert reports.epochs == list(range(1, len(reports.epochs) + 1))
        assert 1 <= len(reports.epochs) <= made.preparation_epochs
        assert self._prepared(_Reports()) == content

    def test_a_preparation_that_was_killed_goes_on_from_its_checkpoint(self) -> None:
        epochs = self.made().preparation_epochs
        if epochs <= 1:
            return
        with TemporaryDirectory() as folder:
            checkpoint, reports = Path(folder, "checkpoint"), _Reports()
            try:
                self.made().prepare(SPACE, checkpoint, _Reports(stop_at=epochs))
            except StoppedError:
                content = self.made().prepare(SPACE, checkpoint, reports)

        assert min(reports.epochs) >= epochs - 1, "epochs before the last were done again"
        assert content == self._prepared(_Reports())

    def test_inherited_weights_are_those_of_the_network(self) -> None:
        """By path, each of the parameter's shape: what a finalist can start from."""
        if not self.made().inherits:
            return
        from nas.ops.torch_reading.module import build  # noqa: PLC0415 - suites are listed without torch

        found = self.ready().inherited(NETWORK)

        shapes = {path: tuple(parameter.shape) for path, parameter in build(NETWORK, 0).named_parameters()}
        assert {path: array.shape for path, array in found.items()} == shapes

    def _prepared(self, reports: _Reports) -> bytes:
        with TemporaryDirectory() as folder:
            return self.made().prepare(SPACE, Path(folder, "checkpoint"), reports)


check_evaluator = EvaluatorContract.check
"""Runs EvaluatorContract on one plugin, without pytest."""
