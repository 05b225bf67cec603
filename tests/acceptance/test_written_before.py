"""What the version before the current layout of the packages has written opens here and goes on: folders and databases.

That version itself writes them: its commit is taken from the history and run, by the same interpreter.
"""

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from pathlib import Path

import onnxruntime
import pytest
from processes import PATIENCE_S
from whole_service import NAS, SPEC, environment, free_port, process

from api.client import Client
from latency_db.exchange.record_file import read_records
from latency_db.storing.known_devices import find_device
from latency_db.storing.store import Store

ROOT = Path(__file__).parents[2]
COMMIT = "6b64d96944d23e3347658ab3bee47dea1db36f04"
DEVICE = "local-cpu-1t"
MAIN = "import sys; sys.path = {path!r}; from nas.program import main; main()"
SUBMIT = """
import sys; sys.path = {path!r}
import json, time
from nas.jobs.ledger import Ledger
from nas.jobs.settings import Settings
from nas.spec import parse_spec
ledger = Ledger(Settings().database_url)
for seed, name in enumerate(["finished", "interrupted"]):
    spec = parse_spec(json.loads({spec!r}) | {{"seed": seed}}).model_dump(mode="json")
    search, _ = ledger.searches.submit(spec, name=name)
    while name == "finished" and ledger.searches.get(search.id).state != "SUCCEEDED":
        time.sleep(0.05)
"""
FINISHED, INTERRUPTED = "finished", "interrupted"
TRIALS = 6
WORKERS = ("--executor", "process", "--workers", "1")
SHORT = SPEC | {
    "max_trials": TRIALS,
    "parallel": 2,  # one thread each
    "evaluator": {"name": "train", "epochs": 2, "train_images": 1500},
    "finalists": {"count": 1, "epochs": 1},
    "references": [],
}


class Before:
    """The version of COMMIT, in a folder of its own."""

    def __init__(self, folder: Path, home: Path) -> None:
        self._path = [str(folder), *(place for place in sys.path if place != str(ROOT))]
        self._environment = environment(home, home / "latency.db")
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        metadata = folder / f"nas-{project['version']}.dist-info"  # found before the metadata of this version
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: nas\nVersion: {project['version']}\n")
        groups = [
            "\n".join([f"[{group}]", *(f"{name} = {target}" for name, target in points.items())])
            for group, points in project["entry-points"].items()
        ]
        (metadata / "entry_points.txt").write_text("\n".join(groups) + "\n")

    @contextmanager
    def running(self, program: str, *arguments: object, **values: str) -> Iterator[subprocess.Popen[str]]:
        """A process of it, without the site module, whose .pth files would put this version in front."""
        code = program.format(path=self._path, **values)
        command = [sys.executable, "-I", "-S", "-B", "-c", code, *map(str, arguments)]
        started = subprocess.Popen(
            command, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            yield started
        finally:
            started.kill()
            started.communicate(timeout=PATIENCE_S)

    def run(self, program: str, *arguments: object, **values: str) -> None:
        with self.running(program, *arguments, **values) as started:
            finished(started)


def until(holds, running):
    """Wait for what a process brings about."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert running.poll() is None, running.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def finished(running):
    said, _ = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 0, said


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The folder that holds everything."""
    return tmp_path_factory.mktemp("written")


@pytest.fixture(scope="module")
def before(tmp_path_factory, home):
    folder = tmp_path_factory.mktemp("before")
    git = shutil.which("git")
    packages = ("nas", "latency_db", "workers", "api", "pyproject.toml")
    archive = git and subprocess.run([git, "archive", COMMIT, *packages], cwd=ROOT, capture_output=True, check=False)
    if not archive or archive.returncode:
        pytest.skip(f"needs commit {COMMIT}: `git fetch --unshallow` in a clone of the repository")
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as packed:
        packed.extractall(folder, filter="data")
    return Before(folder, home)


@pytest.fixture(scope="module")
def killed(before, home):
    """The folder of a run that was killed in the middle, and a copy of it as it was then."""
    (home / "spec.json").write_text(json.dumps(SHORT))
    journal = home / "out" / "journal.jsonl"
    with before.running(MAIN, "run", home / "spec.json", "--out", home / "out", "--executor", "inline") as running:
        until(lambda: journal.exists() and '"told"' in journal.read_text(), running)
    assert '"trial": 5' not in journal.read_text(), "it was about to end; give its trials more to do"
    shutil.copytree(home / "out", home / "as it was")
    return home / "out", home / "as it was"


@pytest.fixture(scope="module")
def exported(before, home, killed):  # noqa: ARG001 - it has measured
    """The records of the device as a file of that version, and a copy of the database that they are in."""
    before.run(MAIN, "latency", "export", DEVICE, "--to", home / "records.parquet")
    return home / "records.parquet", shutil.copy(home / "latency.db", home / "copied.db")


def laid_out(home):
    """Whether the ledger has its tables."""
    with closing(sqlite3.connect(home / "nas.db")) as ledger:
        return ledger.execute("SELECT 1 FROM sqlite_master WHERE name = 'trial'").fetchall()


def told(home):
    """The search, number and accuracy of each trial that has succeeded, as that version wrote them."""
    query = "SELECT name, number, accuracy FROM search JOIN trial ON search_id = id WHERE trial.state = 'SUCCEEDED'"
    with closing(sqlite3.connect(home / "nas.db")) as ledger:
        assert ledger.execute("SELECT state_message FROM search WHERE state = 'FAILED'").fetchall() == []
        return ledger.execute(query).fetchall()


@pytest.fixture(scope="module")
def ledger(before, home, exported):  # noqa: ARG001 - kernels are measured
    """A ledger with a finished search and an interrupted one; returns the trials of both."""
    with before.running(MAIN, "worker", *WORKERS) as worker:
        until(lambda: laid_out(home), worker)
        with before.running(SUBMIT, spec=json.dumps(SHORT)):
            until(lambda: any(name == INTERRUPTED for name, *_ in told(home)), worker)
        worker.send_signal(signal.SIGTERM)
        finished(worker)
    return told(home)


def test_records_of_a_latency_database_are_found(exported):
    file, database = exported
    store = Store(database)

    assert store.records(find_device(store, DEVICE)) == read_records(file)


def test_a_run_that_was_killed_goes_on(killed, exported, home):
    """No trial is lost or done twice, no latency is lost, and its finalist runs."""
    (out, earlier), (file, database) = killed, exported
    command = [NAS, "run", home / "spec.json", "--out", out, "--executor", "inline", "--json"]
    given = environment(home, database)
    done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=PATIENCE_S, check=False)

    assert done.returncode == 0, done.stderr
    store = Store(database)
    before = read_records(file)
    assert store.records(find_device(store, DEVICE))[: len(before)] == before
    written = (earlier / "journal.jsonl").read_text()
    assert (out / "journal.jsonl").read_text().startswith(written)
    events = [(event["event"], event["trial"]) for event in rows(out / "journal.jsonl")]
    assert sorted(events) == [(event, trial) for event in ("asked", "told") for trial in range(TRIALS)]
    (finalist,) = json.loads(done.stdout)["finalists"]
    assert onnxruntime.InferenceSession(out / finalist["file"]).get_inputs()[0].shape[1:] == [1, 28, 28]


def test_a_ledger_goes_on(ledger, home):
    """The finished search is read over REST with its files, the interrupted one ends."""
    port = free_port()
    given = environment(home, home / "latency.db")
    options = ("--open", "--port", str(port), *WORKERS)
    with (
        process("serve", *options, environment=given),
        Client(f"http://127.0.0.1:{port}", patience_s=PATIENCE_S) as client,
    ):
        searches = {search.name: search for search in client.searches()}
        finished, ended = searches[FINISHED].refresh(), searches[INTERRUPTED].wait(timeout_s=PATIENCE_S)
        assert (finished.state, ended.state) == ("SUCCEEDED", "SUCCEEDED"), ended.state_message
        for search in (finished, ended):
            trials = {trial.number: trial.metrics["accuracy"] for trial in search.trials()}
            heard = [event.data["number"] for event in search.watch() if event.type == "trial.told"]
            assert sorted(heard) == sorted(trials) == list(range(TRIALS))
            assert {n: accuracy for name, n, accuracy in ledger if name == search.name}.items() <= trials.items()
            (finalist,) = search.pareto().finalists
            path = search.download(finalist, home / f"{search.name}.onnx")
            assert onnxruntime.InferenceSession(path).get_inputs()[0].shape[1:] == [1, 28, 28]
