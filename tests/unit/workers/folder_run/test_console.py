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


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


def told(file):
    """The lines without the seconds in front, and with plain spaces."""
    return [line.partition(" s  ")[2].replace("\N{NO-BREAK SPACE}", " ") for line in file.getvalue().splitlines()]


def test_in_a_log_a_long_step_is_told_every_half_minute(file):
    """By its own pace, or by what the caller knows of its end."""
    clock = Clock()
    listener = ConsoleListener(Console(file=file), clock)
    for done in range(0, 1001, 10):
        listener.step("measuring kernels", done, 1000)
        clock.now_s += 1

    assert told(file) == [
        "measuring kernels: 300 of 1,000, about 1 min 10 s left",
        "measuring kernels: 600 of 1,000, about 40 s left",
        "measuring kernels: 900 of 1,000, about 10 s left",
    ]
    clock.now_s += 30
    listener.step("measuring others", 20, 1000, 12.0)
    assert told(file)[-1] == "measuring others: 20 of 1,000, about 12 s left"


def test_in_a_log_a_step_is_not_told_where_other_lines_follow_each_other(file):
    clock = Clock()
    listener = ConsoleListener(Console(file=file), clock)
    for epoch in range(1, 10):
        clock.now_s += 20
        listener.epoch("mobilenetv2", None, epoch, 10, {})
        listener.say("another line")

    assert set(told(file)) == {"another line"}
    clock.now_s += 40
    listener.epoch("resnet", None, 1, 10, {})
    assert told(file)[-1] == "resnet, epochs: 1 of 10"


def test_on_a_terminal_a_step_is_a_bar_alone(file):
    clock = Clock()
    listener = ConsoleListener(Console(file=file, force_terminal=True), clock)
    listener.step("measuring kernels", 0, 10)
    clock.now_s += 60
    listener.step("measuring kernels", 5, 10)

    assert not file.getvalue()
