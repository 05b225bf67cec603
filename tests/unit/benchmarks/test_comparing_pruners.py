"""The comparison of pruners, as its users call it."""

import json

from problem_files import write_table

import pruners


def test_a_row_for_each_seed_says_what_a_third_of_the_epochs_reaches(tmp_path, capsys):
    fixed = ["--problem", write_table(tmp_path), "--trials", 30, "--epochs", 9, "--seeds", 2]
    pruners.main([str(word) for word in (*fixed, "--pruners", "asha", "--json", tmp_path / "out.json")])

    rows = json.loads((tmp_path / "out.json").read_text())
    assert [row["seed"] for row in rows] == [0, 1]
    for row in rows:
        assert 0 < row["whole_third"] <= row["whole"] <= 1
        assert row["third"] <= row["end"] <= 1
        assert row["reached_at"] is None or 0 < row["reached_at"] <= 1
    assert "| tiny | random | asha | 2 |" in capsys.readouterr().out
