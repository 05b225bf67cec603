"""The comparison of searchers on problem files, as its users call it."""

import json
from statistics import mean
from xml.etree import ElementTree as ET

import pytest
from problem_files import write_surrogate, write_table

import searchers
from nas.errors import NasError
from nas.tabular.problem import load_problem


@pytest.fixture
def compare(tmp_path, capsys):
    """Runs the benchmark; returns the rows of its file and what it printed."""
    table = write_table(tmp_path)

    def run(*more, names="random,evolution:population=8", evals=30, seeds=2):
        fixed = ["--problem", table, "--searchers", names, "--evals", evals, "--seeds", seeds]
        searchers.main([str(word) for word in (*fixed, "--json", tmp_path / "out.json", *more)])
        return json.loads((tmp_path / "out.json").read_text()), capsys.readouterr().out

    return run


def test_a_row_for_each_seed_of_each_searcher(compare):
    rows, printed = compare("--first", 5)

    assert [(row["searcher"], row["seed"]) for row in rows] == [
        (name, seed) for name in ("random", "evolution:population=8") for seed in (5, 6)
    ]
    for row in rows:
        assert set(row) == {"problem", "searcher", "seed", "hypervolume", "regret", "seconds"}
        assert set(row["hypervolume"]) == {"25"}
        assert 0.2 < row["hypervolume"]["25"] <= 1
        assert set(row["regret"]) == {"25", "50", "75"}
        assert 0 <= min(row["regret"].values()) <= max(row["regret"].values()) < 25
    assert "| tiny | evolution:population=8 | 2 |" in printed


def test_rows_are_made_once(compare):
    rows, _ = compare()
    first = (rows[0]["hypervolume"], rows[0]["seconds"])

    more, printed = compare(seeds=3)

    assert printed.startswith("2 of 6 rows to make")
    assert (more[0]["hypervolume"], more[0]["seconds"]) == first
    assert [row["seed"] for row in more] == [0, 1, 0, 1, 2, 2]


def test_rows_of_other_settings_are_apart(compare):
    one, _ = compare(names="random", seeds=1)
    rows, printed = compare("--workers", 16, "--noise", 3, "--regret-of", "front", names="random", seeds=1)

    assert rows[0] == one[0]
    assert {key: rows[1][key] for key in ("workers", "noise", "regret_of")} == {
        "workers": 16,
        "noise": 3.0,
        "regret_of": "front",
    }
    assert "random, workers 16, noise 3" in printed


def test_a_search_of_all_networks_has_the_whole_front(compare):
    rows, _ = compare(names="random", evals=200, seeds=1)

    assert list(rows[0]["hypervolume"]) == ["25", "50", "100", "200"]
    assert rows[0]["hypervolume"]["200"] == pytest.approx(1, abs=0.01)


def test_the_plot_has_a_line_for_each_searcher(compare, tmp_path):
    compare("--problem", write_surrogate(tmp_path))
    drawn = ET.fromstring((tmp_path / "out.svg").read_text())  # noqa: S314 - it is our own

    names = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]

    assert {"random", "evolution:population=8", "tiny: normalised hypervolume"} <= set(names)
    assert len(list(drawn.iter("{http://www.w3.org/2000/svg}polyline"))) == 2 * 2 * 2


def test_processes_make_the_same_rows(compare, tmp_path):
    rows, _ = compare(names="random")
    (tmp_path / "out.json").unlink()

    others, _ = compare("--processes", 2, names="random")

    def without_seconds(rows):
        return sorted(json.dumps({**row, "seconds": 0}) for row in rows)

    assert without_seconds(others) == without_seconds(rows)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("annealing", "no searcher named 'annealing'"),
        ("evolution:8", "write parameters as evolution:parameter=value"),
        ("evolution:population=1", r"searcher\.population: "),
        ("evolution:population=8:tournament=9", "cannot be drawn from a population of 8"),
    ],
)
def test_a_searcher_that_is_not_there(compare, names, message):
    with pytest.raises(NasError, match=message):
        compare(names=names)


def test_a_file_that_is_not_of_the_benchmark(compare, tmp_path):
    (tmp_path / "out.json").write_text("[{}]", encoding="utf-8")

    with pytest.raises(NasError, match="is not a list of rows of this benchmark; move it away"):
        compare()


def test_names_of_problems_differ(compare, tmp_path):
    (tmp_path / "copy").mkdir()

    with pytest.raises(NasError, match="two files have the same name"):
        compare("--problem", write_table(tmp_path / "copy"))


def test_regret_is_of_searches_within_the_target(tmp_path):
    """They train more networks within a low target than the search of the whole front does."""
    path = write_table(tmp_path)
    problem = load_problem(path)

    def mean_regret(of):
        runs = [searchers.Run(path, "tiny", "random", seed, 20, 1, 1.0, of) for seed in range(8)]
        return mean(searchers.made(run, problem)["regret"]["25"] for run in runs)

    assert mean_regret("targets") < mean_regret("front")
