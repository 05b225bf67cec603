"""OpenMP's variables reach a worker before anything is loaded there."""

import os
import subprocess
import sys

import pytest

from workers.executing.openmp import openmp_inherited

SCRIPT = """
import os

# as OpenMP reads them when torch is imported here
AT_IMPORT = [os.environ.get(name) for name in ("OMP_WAIT_POLICY", "OMP_NUM_THREADS")]

from workers.executing.executors.process import ProcessExecutor


def at_import(*, report):
    return AT_IMPORT


if __name__ == "__main__":
    with ProcessExecutor(workers=1, threads=3) as pool:
        print(*pool.submit(at_import, report=print).result())
    print(*[os.environ.get(name) for name in ("OMP_WAIT_POLICY", "OMP_NUM_THREADS")])
"""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ["PASSIVE 3", "None None"]),
        ({"OMP_WAIT_POLICY": "ACTIVE", "OMP_NUM_THREADS": "2"}, ["ACTIVE 3", "ACTIVE 2"]),
    ],
)
def test_a_worker_has_them_before_the_main_module_is_imported_there(tmp_path, given, expected):
    script = tmp_path / "search.py"
    script.write_text(SCRIPT, encoding="utf-8")
    others = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}

    done = subprocess.run([sys.executable, script], env=others | given, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == expected, "the worker's, and afterwards the parent's own"


def test_the_parent_has_its_own_again_after_an_error(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)

    def fail():
        seen = os.environ["OMP_NUM_THREADS"], os.environ["OMP_WAIT_POLICY"]
        raise OSError(f"with {seen}")

    with pytest.raises(OSError, match=r"with \('2', 'PASSIVE'\)"), openmp_inherited(2):
        fail()

    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "OMP_WAIT_POLICY" not in os.environ
