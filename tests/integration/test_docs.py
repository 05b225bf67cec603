"""What the documents show is what works."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from random import Random

import click
import pytest
import yaml
from documented import DOCUMENTS, ROOT, all_blocks, blocks, code_of, inline, program
from processes import PATIENCE_S

from nas.command_line.groups import cli
from nas.service.settings import Settings
from nas.spaces import load_space
from nas.spec import load_spec, parse_spec

SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
COMMANDS = sorted(
    {command for block in all_blocks("sh") for command in block.commands}
    | {command for document in DOCUMENTS for command in inline(document)}
)

PLACE = """
import sys, nas.{family}
nas.{family}.__path__.append({folder!r})
"""


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("nas/blocks/ghost.py", "from nas.testing.blocks import check_block; check_block('ghost')"),
        (
            "nas/searchers/climb.py",
            "from nas.testing import check_searcher; check_searcher('climb')",
        ),
        ("nas/pruners/half.py", "from nas.testing import check_pruner; check_pruner('half')"),
        ("nas/metrics/energy_uj.py", "from nas.testing import check_metric; check_metric('energy_uj')"),
    ],
)
def test_an_example_plugin_is_one_file_that_passes_the_conformance_suite(tmp_path, name, check):
    family = name.split("/")[1]
    (tmp_path / Path(name).name).write_text(code_of("plugins.md", name), encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PLACE.format(family=family, folder=str(tmp_path)) + check],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def test_a_metric_is_in_limits_trials_rest_and_report_without_another_edit(tmp_path):
    (tmp_path / "energy_uj.py").write_text(code_of("plugins.md", "nas/metrics/energy_uj.py"), encoding="utf-8")
    program = "import search_with_metric; search_with_metric.check('energy_uj', 'energy', 'µJ')"

    done = subprocess.run(
        [sys.executable, "-c", PLACE.format(family="metrics", folder=str(tmp_path)) + program],
        env=os.environ | {"NAS_HOME": str(tmp_path), "PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def test_the_readmes_spec_is_valid():
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    spec = parse_spec(yaml.safe_load(re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1]))

    assert spec.max_trials == 24


def test_the_quick_start_is_one_search_wherever_it_is_shown():
    """In the README, in examples/ and on the dashboard's first page; it names no target."""
    spec = yaml.safe_load((ROOT / "examples/quickstart.yaml").read_text(encoding="utf-8"))
    curl = re.search(r"-d '(.*?)'", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    shown = (ROOT / "api/dashboard/src/example.ts").read_text(encoding="utf-8")
    typed = yaml.safe_load(re.search(r"EXAMPLE = (\{.*?\n\});", shown, re.DOTALL)[1])  # is YAML too

    assert json.loads(curl) == {"name": "first", **spec}
    assert typed == {"name": "first search", **spec}
    assert spec["objective"] == {"name": "constrained"}


def test_the_dashboard_shows_the_readmes_program():
    shown = (ROOT / "api/dashboard/src/search/use.ts").read_text(encoding="utf-8")
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    assert re.search(r"```python\n(.*?)```", text, re.DOTALL)[1] in shown


def test_the_documented_space_is_valid():
    text = (ROOT / "docs" / "spaces.md").read_text(encoding="utf-8")

    space = load_space(yaml.safe_load(re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1]))

    assert space.sample(Random(0)).architecture.resolution in {96, 128}


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda path: path.name)
def test_the_examples_are_valid(path):
    assert load_spec(path).finalists.count > 0


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.name)
def test_links_between_documents_lead_somewhere(document):
    text = document.read_text(encoding="utf-8")

    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text) + re.findall(r'src(?:set)?="([^"]+)"', text):
        assert (document.parent / link).exists(), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.name)
def test_every_block_is_of_a_language_that_is_tested(document):
    """sh and py: tests/acceptance/test_documents.py; python, yaml: by name, here or there; text and none: no code."""
    typed = {"console"} if document.name == "photos.md" else set()  # a test types them on photos: browser/
    assert {block.language for block in blocks(document)} <= {"sh", "py", "python", "yaml", "text", *typed}
    assert document.name in {"README.md", "plugins.md"} or not [b for b in blocks(document) if b.language == "python"]


def with_imports(script):
    """The text of a script and of the modules beside it that it imports."""
    text = script.read_text(encoding="utf-8")
    names = re.findall(r"^from (\w+) import", text, re.MULTILINE)
    beside = [script.with_name(f"{name}.py") for name in names]
    return text + "".join(path.read_text(encoding="utf-8") for path in beside if path.is_file())


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_exists_with_its_options(command):
    """Also where it needs another machine. A program that is not known here needs a line here."""
    words = shlex.split(re.sub(r"[][]", "", command).replace("network NAME", "network shufflenet"), comments=True)
    variables = [word.partition("=")[0] for word in words if re.match(r"[A-Z_]+=", word)]
    settings = {f"NAS_{field}".upper() for field in Settings.model_fields} | set(SERVICES["ray-worker"]["environment"])
    assert [name for name in variables if name.startswith(("NAS_", "RAY_")) and name not in settings] == []
    words = [word for word in words if not re.match(r"[A-Z_]+=", word)]
    match program(command) or words[0]:
        case "nas":
            check_nas(words[1:])
        case "make":
            assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        case "python":
            source = with_imports(ROOT / words[1])
            assert [word for word in words if word.startswith("--") and f'"{word}"' not in source] == []
        case "docker":
            check_docker(words)
        case "ray":
            helped = subprocess.run([*beside("ray"), words[1], "--help"], capture_output=True, text=True, check=True)
            assert [w for w in words if w.startswith("--") and w.partition("=")[0] not in helped.stdout] == []
        case "sh":
            assert (ROOT / words[1]).is_file()
        case other:
            known = {"export", "curl", "sqlite3", "rsync", "pg_dump", "pip", "pytest"}
            assert other in known, "no test knows how to check this"


def check_nas(words):
    """Down to the command that is meant; it takes these options."""
    command, context = cli, click.Context(cli)
    while words and isinstance(command, click.Group) and (found := command.get_command(context, words[0])):
        command, words = found, words[1:]
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    assert not isinstance(command, click.Group) or not words, words
    assert {word.partition("=")[0] for word in words if word.startswith("-")} <= options


def check_docker(words):
    if words[1] == "build":
        return
    assert words[1] == "compose"
    assert any(name in words for name in SERVICES) or words[2] in {"up", "down"}
    if "nas" in words:
        check_nas(words[words.index("nas") + 1 :])


def beside(name):
    return (str(Path(sys.executable).with_name(name)),)
