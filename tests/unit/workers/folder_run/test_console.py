"""What a run says on a console."""

from io import StringIO
from random import Random

import pytest
from rich.console import Console

from nas.spaces import load_space
from nas.trial import State, Trial
from workers.folder_run.console import ConsoleListener

REMEDY = "install it by `pip install 'nas[openvino]'`"


@pytest.fixture
def file():
    return StringIO()


def test_brackets_of_a_text_are_shown(file):
    """They are no markup."""
    ConsoleListener(Console(file=file)).say(REMEDY)

    assert REMEDY in file.getvalue()


def test_a_failed_trial_is_shown_with_its_reason(file):
    trial = Trial(3, load_space("small").sample(Random(0)), State.FAILED, reason=REMEDY)

    ConsoleListener(Console(file=file)).trial(trial, 8)

    assert f"trial 3 (of 8)  {trial.candidate.architecture.id}  failed: {REMEDY}" in file.getvalue()


def test_a_trial_that_begins_and_progress_leave_no_lines(file):
    listener = ConsoleListener(Console(file=file))
    with listener.drawn():
        listener.trial(Trial(0, load_space("small").sample(Random(0))), 8)
        listener.epoch("trial 0", 0, 1, 2, {"accuracy": 0.5})
        listener.step("trials", 8, 8)

    assert not file.getvalue()
