"""`nas papers`: the list, and a result with the paper's number beside ours."""

import json

import pytest
from click.testing import CliRunner

from nas.command_line.groups import cli
from nas.paper import Finding, Paper, Reproduction, Setting, Table, paper


class Made(Paper):
    """A reproduction without work."""

    source = "arXiv:0000.00000, table 1"
    duration = "no time"
    data = ("mnist",)

    def reproduce(self, setting: Setting) -> Reproduction:
        setting.progress("half way")
        ours = [1.25 + seed for seed in setting.seeds]
        return Reproduction(
            [Finding("error, %", 1.58, ours, "<= 1.58", is_met=False)],
            [Table("By layer", ("layer", "bits"), [("fc", "5")])],
            ["Other data."],
        )


@pytest.fixture
def made(monkeypatch):
    list(paper)
    monkeypatch.setitem(paper._classes, "made", Made)
    monkeypatch.setattr(Made, "name", "made", raising=False)


@pytest.mark.usefixtures("made")
def test_a_result_has_the_papers_number_beside_ours(tmp_path):
    result = CliRunner().invoke(cli, ["papers", "run", "made", "--seeds", "2", "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "half way" in result.stderr
    written = json.loads((tmp_path / "made.json").read_text())
    assert written["findings"][0]["ours"] == [1.25, 2.25]
    assert written["seeds"] == [0, 1]
    assert {"machine", "versions", "command"} <= set(written)
    page = (tmp_path / "made.md").read_text()
    for text in ("| error, % | 1.58 | 1.75 | 1.25, 2.25 | <= 1.58 | not met |", "## By layer", "Other data."):
        assert text in page
    assert all(text in result.stdout for text in ("1.58", "1.75", "not met", "Other data."))


def test_every_reproduction_is_listed():
    result = CliRunner().invoke(cli, ["papers", "list", "--json"])
    listed = {row["name"]: row for row in json.loads(result.stdout)}
    assert set(listed) == set(paper)
    assert all(row["source"] and row["duration"] and row["summary"] for row in listed.values())


def test_an_unknown_name_is_answered_with_the_known_ones():
    result = CliRunner().invoke(cli, ["papers", "run", "lenet"])
    assert "deep-compression-accounting" in str(result.exception or result.output)
