"""The comparison of warm and cold starts on problem files, as its users call it."""

import json

import pytest
from problem_files import write_table

import warm_start
from nas.errors import SpecError


def compared(tmp_path, earlier, file, relation):
    given = ["--pair", earlier, file, relation, "--searchers", "evolution", "--before", 40, "--seeds", 1]
    warm_start.main([str(word) for word in (*given, "--json", tmp_path / "out.json")])
    return json.loads((tmp_path / "out.json").read_text())


def test_a_row_for_each_seed_and_relation_with_what_is_known_at_0_trainings(tmp_path, capsys):
    table = write_table(tmp_path)

    compared(tmp_path, table, table, "same")
    same, negated = compared(tmp_path, table, table, "negated")

    assert (same["relation"], same["seed"], negated["relation"]) == ("same", 0, "negated")
    assert list(same["warm"]) == list(same["cold"]) == ["0", "10", "25", "50", "100"]
    assert same["cold"]["0"] == negated["warm"]["0"] == 0
    assert 0.3 < same["warm"]["0"] <= same["warm"]["25"] <= same["warm"]["100"] <= 1
    assert "| tiny | tiny | same | evolution | 1 |" in capsys.readouterr().out


def test_files_of_two_spaces_are_refused(tmp_path):
    table, other = write_table(tmp_path), tmp_path / "other"
    other.mkdir()
    described = json.loads(table.read_text())
    described["decisions"][3]["options"] = ["thin", "normal", "wide", "wider"]
    (other / "tiny.json").write_text(json.dumps(described))
    (other / "tiny.parquet").write_bytes((tmp_path / "tiny.parquet").read_bytes())

    with pytest.raises(SpecError, match="are of different spaces"):
        compared(tmp_path, table, other / "tiny.json", "same")
