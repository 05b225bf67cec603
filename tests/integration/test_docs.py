"""What the documents show is what works."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PLACE = """
import sys, nas.{family}
nas.{family}.__path__.append({folder!r})
"""


def code_of(document: str, name: str) -> str:
    """The Python block that follows the mention of the file `name` in a document."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    return re.search(rf"`{re.escape(name)}`:\n\n```python\n(.*?)```", text, re.DOTALL)[1]


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("nas/blocks/ghost.py", "from nas.testing.blocks import check_block; check_block('ghost')"),
        (
            "nas/searchers/climb.py",
            "from nas.testing import check_searcher; check_searcher('climb')",
        ),
    ],
)
def test_an_example_plugin_is_one_file_that_passes_the_conformance_suite(tmp_path, name, check):
    family = name.split("/")[1]
    (tmp_path / Path(name).name).write_text(code_of("plugins.md", name), encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PLACE.format(family=family, folder=str(tmp_path)) + check],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
