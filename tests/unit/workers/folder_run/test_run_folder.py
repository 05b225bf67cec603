"""Whose a run's folder is."""

import pytest

from nas.errors import NasError, SpecError, UnknownNameError
from nas.spec import parse_spec
from workers.folder_run.folder import RunFolder
from workers.folder_run.run import run

FIRST = parse_spec({"dataset": "fashion_mnist_mini", "seed": 1})
SECOND = parse_spec({"dataset": "fashion_mnist_mini", "seed": 2})


def test_a_folder_in_which_nothing_began_takes_a_corrected_spec(tmp_path):
    """A spec refused for its data set or device leaves nothing behind that could be of the wrong spec."""
    with RunFolder(tmp_path, FIRST):
        pass

    with RunFolder(tmp_path, SECOND) as folder:
        folder.keep("begun", 1)
    with pytest.raises(SpecError, match="another seed"):
        RunFolder(tmp_path, FIRST)


def test_one_event_makes_the_folder_its_specs(tmp_path):
    with RunFolder(tmp_path, FIRST) as folder:
        folder.journal.add({"event": "asked"})

    with pytest.raises(SpecError, match="another seed"):
        RunFolder(tmp_path, SECOND)


def test_a_run_goes_on_with_more_trials_and_with_nothing_else(tmp_path):
    more, fewer = FIRST.model_copy(update={"max_trials": 80}), FIRST.model_copy(update={"max_trials": 8})
    with RunFolder(tmp_path, FIRST) as folder:
        folder.keep("begun", 1)

    with RunFolder(tmp_path, more):
        pass

    for wrong, said in ((fewer, r"another max_trials \(80; it can only be raised\)"), (FIRST, "max_trials")):
        with pytest.raises(SpecError, match=said):
            RunFolder(tmp_path, wrong)
    with pytest.raises(SpecError, match="another max_trials, seed"):
        RunFolder(tmp_path, SECOND.model_copy(update={"max_trials": 100}))


def test_a_folder_is_held_by_one_run(tmp_path):
    with RunFolder(tmp_path, FIRST), pytest.raises(NasError, match="in use"):
        RunFolder(tmp_path, FIRST)


def test_an_unknown_executor_is_refused_before_the_folder_is_made(tmp_path):
    with pytest.raises(UnknownNameError, match="inline, process"):
        run(FIRST, tmp_path / "out", None, executor_name="threads")

    assert not (tmp_path / "out").exists()
