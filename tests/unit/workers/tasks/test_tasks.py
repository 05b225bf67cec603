"""What tasks say when a machine is too small for them."""

import pytest
import torch

from nas.errors import OutOfMemoryError
from nas.evaluator import evaluator
from workers.tasks.train import Setup, evaluate

SETUP = Setup.of({"name": "fashion_mnist_mini"}, {"name": "train", "epochs": 1}, seed=0, threads=1)


def test_a_network_too_large_for_the_memory_is_said_so(monkeypatch):
    """Hundreds of terabytes: torch itself refuses."""
    monkeypatch.setattr(evaluator["train"], "evaluate", lambda *_: torch.empty(1 << 46))

    with pytest.raises(OutOfMemoryError, match="batch_size"):
        evaluate(SETUP, None, "1x28x28: gap linear_10", report=lambda *_: None)


def test_another_fault_of_the_runtime_stays_what_it_is(monkeypatch):
    def broken(*_):
        raise RuntimeError("a bug")

    monkeypatch.setattr(evaluator["train"], "evaluate", broken)

    with pytest.raises(RuntimeError, match="a bug"):
        evaluate(SETUP, None, "1x28x28: gap linear_10", report=lambda *_: None)
