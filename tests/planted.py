"""The tests' own plugins, in this process and in those that it starts."""

import importlib
import os
import pkgutil
import sys
from pathlib import Path

import pytest

import nas.datasets
import nas.evaluators
from nas.dataset import dataset
from nas.evaluator import evaluator

FOLDER = Path(__file__).parent / "plugins"


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in tests/plugins can be named in specs for the time of a test."""
    path = os.pathsep.join(filter(None, [str(FOLDER), os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", path)
    for registry, family in ((dataset, nas.datasets), (evaluator, nas.evaluators)):
        list(registry)  # scanned, before others are added
        own = str(FOLDER / family.__name__.rpartition(".")[2])
        monkeypatch.setattr(registry, "_classes", dict(registry._classes))
        monkeypatch.setattr(family, "__path__", [*family.__path__, own])
        for module in pkgutil.iter_modules([own]):
            sys.modules.pop(f"{family.__name__}.{module.name}", None)
            importlib.import_module(f"{family.__name__}.{module.name}")
