"""What `nas run` prints at its end."""

import json

import pytest
from click.testing import CliRunner
from report_record import early, record

from nas.report.results import outcome, targets
from workers.commands import run as module
from workers.commands.run import run


@pytest.fixture
def printed(tmp_path, monkeypatch):
    """The output for a record, in lines."""

    def lines(given):
        spec = tmp_path / "spec.json"
        spec.write_text(json.dumps({"dataset": "cifar10"}), encoding="utf-8")
        found = {**given, **outcome(given, targets(given))}
        monkeypatch.setattr(module, "run_search", lambda *_, **__: found)
        done = CliRunner().invoke(run, [str(spec), "--out", str(tmp_path / "out")], env={"COLUMNS": "200"})
        assert done.exit_code == 0, done.output
        return done.output.splitlines()

    return lines


def test_a_choice_that_is_not_sure_is_told_in_a_line(printed):
    given = record()
    given["finalists"] = [{**given["finalists"][0], "trial": trial} for trial in (0, 1)]
    sure = printed(record())
    unsure = [line for line in printed(given) if line not in sure]

    assert (
        "The best finalist is chosen by 1,000 validation images, on which the 95 % interval of its accuracy overlaps "
        "that of another finalist: the choice between them is not sure. Test accuracy was not used to choose."
    ) in unsure


def test_no_table_is_printed_where_there_are_no_finalists_and_no_references(printed):
    lines = printed(early())

    assert len(lines) == 1
    assert lines[0].startswith("Pareto front of 0 among 0 trials: ")
