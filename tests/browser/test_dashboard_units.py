"""The dashboard's own tests of what it computes: they run in Node, as the dashboard is built."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DASHBOARD = Path(__file__).parents[2] / "api" / "dashboard"


def npm() -> str:
    """That of the machine, or the one that `make dashboard` put beside this Python."""
    found = shutil.which("npm", path=str(Path(sys.executable).parent)) or shutil.which("npm")
    if found is None or not (DASHBOARD / "node_modules").is_dir():
        pytest.fail("the dashboard's packages are not installed: make dashboard")
    return found


def test_types_and_logic_of_the_dashboard() -> None:
    done = subprocess.run([npm(), "test"], cwd=DASHBOARD, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# fail 0" in done.stdout


def test_lock_names_no_registry() -> None:
    assert '"resolved"' not in (DASHBOARD / "package-lock.json").read_text(encoding="utf-8")
