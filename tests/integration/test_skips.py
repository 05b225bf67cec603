"""A test run says what it skipped and how to have it, and `--fail-on-skip` fails on it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from processes import PATIENCE_S

SKIPPED = "needs chromium: `apt-get install chromium`"
ALLOWED = ("needs an NVIDIA GPU", "needs `docker compose`")
SUITE = """
import pytest

@pytest.mark.parametrize("reason", {reasons!r})
@pytest.mark.parametrize("repetition", range(2))
def test_part(reason, repetition):
    if reason is not None:
        pytest.skip(reason)
"""


def run(folder, reasons, *options):
    """A test run of its own: two tests for each reason to be skipped, None for a test that passes."""
    (folder / "test_parts.py").write_text(SUITE.format(reasons=[None, *reasons]))
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "-p", "skips", "-p", "xdist", *options, folder]
    environment = os.environ | {
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "PYTEST_ADDOPTS": "",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_S)


def test_each_reason_is_one_line_with_the_number_of_its_tests(tmp_path):
    done = run(tmp_path, [SKIPPED, *ALLOWED])

    assert done.returncode == 0
    assert [line for line in done.stdout.splitlines() if "needs" in line] == [
        f"   2  {reason}" for reason in (SKIPPED, *ALLOWED)
    ]


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_a_strict_run_fails_on_what_could_be_installed(tmp_path, options):
    done = run(tmp_path, [SKIPPED, *ALLOWED], "--fail-on-skip", *options)

    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "These skips fail the run" in done.stdout


def test_a_strict_run_allows_a_gpu_and_compose(tmp_path):
    done = run(tmp_path, ALLOWED, "--fail-on-skip")

    assert done.returncode == 0
    assert "fail the run" not in done.stdout
