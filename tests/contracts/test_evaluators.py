"""What every evaluator promises; a new evaluator file is tested by existing."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from nas.dataset import Dataset, Split
from nas.evaluator import evaluator
from nas.ops.notation import read_network

NETWORK = read_network("1x8x8: conv_8_k3_s2 conv_8_k3_g8 gap linear_2")


class Untouchable(Split):
    """A split that nobody may look at."""

    @property
    def images(self):
        raise AssertionError("an evaluator read the test split")


def dataset():
    """Bright upper or lower halves: two classes that one convolution tells apart."""
    rng = np.random.default_rng(0)
    labels = np.arange(96) % 2
    images = rng.integers(0, 120, (96, 8, 8, 1)) + 120 * (
        np.arange(8)[:, None, None] // 4 == labels[:, None, None, None]
    )
    whole = Split(images.astype(np.uint8), labels.astype(np.int64))
    train, validation = whole[np.arange(64)], whole[np.arange(64, 96)]
    return Dataset("halves", ("upper", "lower"), train, validation, validation, (0.5,), (0.25,))


def made(name, seed=0):
    data = dataset()
    hidden = Untouchable.__new__(Untouchable)
    object.__setattr__(hidden, "labels", data.test.labels)
    return evaluator.make(name, replace(data, test=hidden), seed)


@pytest.mark.parametrize("name", list(evaluator))
def test_accuracy_is_a_fraction_and_reports_count_from_one(name):
    """The test split is never read; every number is finite; the last report is of the result."""
    reports = []

    metrics = made(name).evaluate(NETWORK, lambda epoch, found: reports.append((epoch, dict(found))))

    assert 0 <= metrics["accuracy"] <= 1
    assert all(np.isfinite(value) for value in metrics.values())
    assert [epoch for epoch, _ in reports] == list(range(1, len(reports) + 1))
    assert not reports or reports[-1][1]["accuracy"] == metrics["accuracy"]


@pytest.mark.parametrize("name", list(evaluator))
def test_the_same_seed_gives_the_same_accuracy(name):
    first, second = (made(name).evaluate(NETWORK, lambda *_: None) for _ in range(2))

    assert first["accuracy"] == second["accuracy"]


@pytest.mark.parametrize("name", list(evaluator))
def test_what_a_report_raises_ends_the_evaluation(name):
    """How a pruner stops a trial."""

    class PrunedError(Exception):
        pass

    def prune(*_):
        raise PrunedError

    with pytest.raises(PrunedError):
        made(name).evaluate(NETWORK, prune)


@pytest.mark.parametrize("name", list(evaluator))
def test_every_parameter_has_a_default_and_a_schema(name):
    """A spec may name an evaluator without more, and a form can be drawn from the schema."""
    schema = evaluator.parameters(name).model_json_schema()

    assert not schema.get("required")


def test_describing_evaluators_needs_no_torch():
    """Services list parameters without paying for torch."""
    code = (
        "import sys; from nas.evaluator import evaluator\n"
        "[evaluator.parameters(name).model_json_schema() for name in evaluator]\n"
        "sys.exit('torch' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
