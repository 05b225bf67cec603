"""A random arm beside a search: as many trials, apart from the searcher's, and compared with them."""

import json
from pathlib import Path

import pytest

from nas.errors import SpecError
from nas.spec import parse_spec
from workers.folder_run.run import run
from workers.searching.baseline import LINES, KeptJournal

SEED = 7


@pytest.fixture
def compared(spec, tmp_path):
    """A spec with a baseline; `log` has a line, seed and parameters, for each training."""
    evaluator = {"name": "noisy", "log": str(tmp_path / "trainings")}
    return spec | {"seed": SEED, "evaluator": evaluator, "max_trials": 3, "baseline": "random"}


def searched(spec, out, listener):
    return run(parse_spec(spec), out, listener, executor_name="inline")


def trainings(spec):
    return Path(spec["evaluator"]["log"]).read_text().splitlines()


def test_the_arm_has_as_many_trials_and_no_network_is_trained_twice(tmp_path, compared, listener):
    heard = listener()
    record = searched(compared, tmp_path / "run", heard)
    baseline = record["baseline"]

    assert baseline["trials"] == len(record["trials"]) == 3
    assert len(baseline["columns"]["reward"]) == 3
    assert baseline["columns"]["number"] == [0, 1, 2]
    done = trainings(compared)
    assert len(done) == len(set(done)) == 6 - baseline["reused"]
    figures = {row["figure"]: row for row in baseline["comparison"]}
    assert set(figures) == {"hypervolume", "best reward"}, "without finalists nothing is tested"
    assert figures["best reward"]["searcher"] == max(trial["reward"] for trial in record["trials"])
    assert figures["best reward"]["baseline"] == max(baseline["columns"]["reward"])
    assert json.loads((tmp_path / "run/pareto.json").read_text())["baseline"] == baseline
    assert "Against random draws at equal cost" in (tmp_path / "run/report.html").read_text()
    assert heard.phases.index("TRAINING") < heard.phases.index("BASELINE") < heard.phases.index("FINALISTS")


def test_the_search_does_not_hear_of_its_baseline(tmp_path, compared, listener):
    alone = {name: value for name, value in compared.items() if name != "baseline"}
    with_arm = searched(compared, tmp_path / "with", listener())
    without = searched(alone, tmp_path / "without", listener())

    assert without["baseline"] is None
    assert [trial["choices"] for trial in with_arm["trials"]] == [trial["choices"] for trial in without["trials"]]
    assert "baseline" not in parse_spec(alone).model_dump(mode="json")


def test_a_killed_arm_goes_on(tmp_path, compared, listener):
    whole = searched(compared, tmp_path / "whole", listener())["baseline"]
    with pytest.raises(KeyboardInterrupt):
        searched(compared, tmp_path / "killed", listener(stop_at=("baseline trial 2", 1)))
    before = len(trainings(compared))
    again = searched(compared, tmp_path / "killed", listener())["baseline"]

    assert again["columns"] == whole["columns"]
    assert again["comparison"] == whole["comparison"]
    assert len(trainings(compared)) <= before + 1


def test_finalists_of_both_arms_are_tested(tmp_path, compared, listener):
    tested = compared | {"finalists": {"count": 1, "epochs": 1}, "max_trials": 2}
    record = searched(tested, tmp_path / "run", listener())
    row = next(row for row in record["baseline"]["comparison"] if row["figure"].startswith("test accuracy"))

    assert row["searcher"] == record["finalists"][0]["metrics"]["test_accuracy"]
    assert row["low"] <= row["difference"] <= row["high"]
    assert len(record["finalists"]) == 1


def test_another_baseline_is_refused(spec):
    with pytest.raises(SpecError, match="baseline"):
        parse_spec(spec | {"baseline": "evolution"})


def test_a_kept_journal_has_its_lines_in_order_in_few_values():
    values = {}

    class Store:
        known = staticmethod(values.get)

        @staticmethod
        def keep(name, value):
            values[name] = json.loads(json.dumps(value))

    journal = KeptJournal(Store, "arm")
    for number in range(2 * LINES):
        journal.add({"trial": number})
        assert KeptJournal(Store, "arm").events() == journal.events()

    assert [line["trial"] for line in journal.events()] == [*range(2 * LINES)]
    assert len(values) == 2


def test_a_baseline_beside_a_pruner_is_refused(spec):
    with pytest.raises(SpecError, match=r"^baseline: a pruner stops"):
        parse_spec(spec | {"baseline": "random", "evaluator": {"name": "train"}, "pruner": {"name": "asha"}})
