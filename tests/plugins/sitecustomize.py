"""Every Python process that has this folder in PYTHONPATH finds the plugins of the tests."""

from pathlib import Path

import nas.datasets
import nas.evaluators

for family in (nas.datasets, nas.evaluators):
    family.__path__.append(str(Path(__file__).parent / family.__name__.rpartition(".")[2]))
