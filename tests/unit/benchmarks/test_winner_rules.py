"""The comparison of rules by which a winner is chosen, as its users call it."""

import json

import pytest
from problem_files import write_surrogate, write_table

import winner
from nas.errors import SpecError


def run(problem, out, *more):
    fixed = ["--problem", problem, "--searchers", "random", "--evals", "25", "--seeds", "2", "--candidates", "4"]
    winner.main([str(word) for word in (*fixed, "--json", out, *more)])
    return json.loads(out.read_text())


def test_a_row_for_each_seed_with_all_rules_once(tmp_path, capsys):
    problem, out = write_surrogate(tmp_path), tmp_path / "out.json"
    rows = run(problem, out)

    assert [row["seed"] for row in rows] == [0, 1]
    for row in rows:
        assert set(row["regret"]) == set(row["excess"]) == {
            "luckiest", "luckiest+", "posterior", "posterior+", "average", "repeated",
        }  # fmt: skip
        assert 0 <= row["held"] <= 1
    assert run(problem, out) == rows
    assert "| random | x1 | 25 | 2 |" in capsys.readouterr().out


def test_a_problem_without_noise_to_draw_is_refused(tmp_path):
    problem = write_table(tmp_path, observation={"kind": "column", "model": "column", "column": "accuracy"})

    with pytest.raises(SpecError, match="no noise"):
        run(problem, tmp_path / "out.json")
