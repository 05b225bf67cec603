"""Every evaluator keeps the promises of its contract; a new file is tested by existing."""

import subprocess
import sys

import pytest

from nas.evaluator import evaluator
from nas.testing import EvaluatorContract


@pytest.mark.parametrize("config", list(evaluator))
class TestEvaluators(EvaluatorContract):
    @pytest.fixture(autouse=True)
    def _name(self, config):
        self.config = config


class TestSharedState(EvaluatorContract):
    """An evaluator with state that is prepared once and shared."""

    config = "pooled"

    @pytest.fixture(autouse=True)
    def _plugins(self, plugins):
        """The tests' own evaluators."""


def test_describing_evaluators_needs_no_torch():
    """Services list parameters without paying for torch."""
    code = (
        "import sys; from nas.evaluator import evaluator\n"
        "[evaluator.parameters(name).model_json_schema() for name in evaluator]\n"
        "sys.exit('torch' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
