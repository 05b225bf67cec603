"""What a second device costs a search, as the benchmark's users call it."""

import json

import pytest
from problem_files import write_surrogate

import two_devices
from nas.errors import SpecError


@pytest.fixture
def files(tmp_path):
    """One space on two devices."""
    other = tmp_path / "other"
    other.mkdir()
    steady = {"model": "linear", "arrays": "lat", "steps": [{"scale": 0.2, "offset": 1.0}]}
    return write_surrogate(tmp_path, name="first"), write_surrogate(other, name="second", latency=steady)


def test_rows_are_made_once_and_compared_at_equal_fronts(files, tmp_path, capsys):
    arguments = ["--searcher", "random", "--evals", "25", "--seeds", "2", "--json", tmp_path / "out.json"]
    for _ in range(2):
        two_devices.main([str(word) for word in ("--problems", *files, *arguments)])
    rows = json.loads((tmp_path / "out.json").read_text())
    line = capsys.readouterr().out.splitlines()[-1]

    assert [row["kind"] for row in rows] == ["first", "second", "both"] * 2
    assert [sorted(row["hypervolume"]) for row in rows[:3]] == [["first"], ["second"], ["first", "second"]]
    assert len(rows[2]["hypervolume"]["first"]) == 37, "half as many trainings again"
    assert rows[0]["hypervolume"]["first"] == rows[2]["hypervolume"]["first"][:25], "random searches draw the same"
    assert float(line.split("|")[-2]) <= 1
    assert line.split("|")[4].strip() == "+0.000 (0.000)", "after as many trainings"


def test_files_of_two_accuracies_are_refused(files, tmp_path):
    third = tmp_path / "third"
    third.mkdir()
    steps = [{"scale": 3.0, "offset": 70.0}]
    accuracy = {"model": "network", "arrays": "acc", "members": 2, "steps": steps}

    with pytest.raises(SpecError, match="the accuracies differ"):
        two_devices.load_pair([files[0], write_surrogate(third, name="third", accuracy=accuracy)])
    with pytest.raises(SpecError, match="names of their own"):
        two_devices.load_pair([files[0], files[0]])
