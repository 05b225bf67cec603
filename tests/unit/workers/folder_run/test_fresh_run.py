"""`nas retarget --candidates`: a search for another target or device over the shared weights of a run."""

import json
import shutil
from random import Random

import pytest
from click.testing import CliRunner
from made_up import pocket, table, tablet

from latency_db.storing.store import Store
from nas.errors import SpecError
from nas.spaces import load_space
from nas.spec import parse_spec
from workers.commands.retarget import retarget
from workers.folder_run.run import run

POCKET, TABLET = (f"{each.device.name}@{each.device.machine_id}" for each in (pocket(), tablet()))


@pytest.fixture
def before(tmp_path, spec, latency_file, listener, monkeypatch):
    """The folder of a run that has scored two of four networks, on a machine that has forgotten the weights."""
    monkeypatch.setenv("NAS_CACHE_DIR", str(tmp_path / "cache"))
    space, rng = load_space(spec["space"]), Random(0)
    Store(latency_file).add(table(tablet(), [space.sample(rng).architecture.expand() for _ in range(40)], mac_ms=1e-5))
    spec |= {"evaluator": {"name": "supernet", "epochs": 1}, "max_trials": 2}
    run(parse_spec(spec), tmp_path / "before", listener(), executor_name="inline")
    shutil.rmtree(tmp_path / "cache")
    return tmp_path / "before"


def called(folder, *options):
    return CliRunner().invoke(retarget, [str(folder), "--executor", "inline", *options], catch_exceptions=False)


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and "retargeted" not in path.parts}


def test_networks_that_were_not_scored_are_scored_for_another_device_and_none_is_trained(before):
    kept = files(before)

    answered = called(before, "--device", TABLET, "--target", "5", "--candidates", "4", "--json")

    found = json.loads(answered.stdout)
    assert (found["device"], found["target_latency_ms"], found["estimated"]) == (TABLET, 5.0, False)
    assert found["networks"] == 4, "all of the space, of which the run had scored two"
    assert found["winner"] is not None
    assert "prepared before" not in answered.stderr
    assert "preparing the evaluator" not in answered.stderr
    assert "2 trainings of" in answered.stderr
    assert files(before) == kept
    again = called(before, "--device", TABLET, "--target", "5", "--candidates", "4", "--json")
    assert json.loads(again.stdout) == found


def test_the_answer_says_where_the_new_search_is(before):
    out = called(before, "--candidates", "3").stdout

    (folder,) = (before / "retargeted").iterdir()
    assert out.startswith(f"Searched anew: {folder}\n")
    assert f"wins on {POCKET} with a target of 1.00" in out


def test_a_run_without_shared_weights_is_refused(tmp_path, spec, listener):
    run(
        parse_spec(spec | {"evaluator": {"name": "train", "epochs": 1}, "max_trials": 1}),
        tmp_path,
        listener(),
        executor_name="inline",
    )

    with pytest.raises(SpecError, match="train has none"):
        called(tmp_path, "--candidates", "4")
    assert not (tmp_path / "retargeted").exists()
