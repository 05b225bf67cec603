"""What the documents show is what works."""

import re
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
import yaml

from nas.spaces import load_space
from nas.spec import load_spec, parse_spec

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


def test_the_readmes_spec_is_valid():
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    spec = parse_spec(yaml.safe_load(re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1]))

    assert spec.max_trials == 24


def test_the_documented_space_is_valid():
    text = (ROOT / "docs" / "spaces.md").read_text(encoding="utf-8")

    space = load_space(yaml.safe_load(re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1]))

    assert space.sample(Random(0)).architecture.resolution in {96, 128}


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda path: path.name)
def test_the_examples_are_valid(path):
    assert load_spec(path).finalists.count > 0


@pytest.mark.parametrize("document", sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]), ids=lambda p: p.name)
def test_links_between_documents_lead_somewhere(document):
    text = document.read_text(encoding="utf-8")

    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (document.parent / link).exists(), link
