"""The time that is left, on searches whose steps take seconds that the test sets."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from nas.forecast import MEASURING_S, NETWORK_S, Pace, Plan, plan_of, step_seconds
from nas.spec import parse_spec
from nas.trial import State
from workers.searching.forecast import LEAST_S, Forecast

PLAN = Plan(
    evaluator="train", space="small", device="local-cpu-1t", trials=6, parallel=2, trial_epochs=2, references=2,
    finalists=2, networks=4, final_epochs=8, work=50.0, longer_work=50.0,
)  # fmt: skip
EPOCH_S, KERNEL_S, KERNELS, NET_S = 5.0, 0.5, 40, 4.0
TRUE_S = KERNELS * KERNEL_S + 3 * 2 * EPOCH_S + 2 * 8 * EPOCH_S + 4 * NET_S


class Clock:
    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s


class Heard:
    """A listener that keeps what is said."""

    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)

    def __getattr__(self, name):
        return lambda *_: None


def trial(number, state, reused=False):
    return SimpleNamespace(number=number, state=state, reused=reused)


def side_by_side(clock, forecast, names, epochs, each):
    """Trainings of so many epochs at the same time; each: called after an epoch of all."""
    for epoch in range(1, epochs + 1):
        clock.now_s += EPOCH_S
        for what, number in names:
            forecast.epoch(what, number, epoch, epochs, {})
        each()


def carry_out(clock, forecast, each=lambda: None):
    """A whole search; each is called after each thing that takes time."""
    forecast.phase("MEASURING")
    for done in range(1, KERNELS + 1):
        clock.now_s += KERNEL_S
        forecast.step("measuring kernels", done, KERNELS)
        each()
    forecast.phase("TRAINING")
    for first in range(0, PLAN.trials, 2):
        numbers = (first, first + 1)
        side_by_side(clock, forecast, [(f"trial {number}", number) for number in numbers], PLAN.trial_epochs, each)
        for number in numbers:
            forecast.trial(trial(number, State.SUCCEEDED), PLAN.trials)
            forecast.step("trials", number + 1, PLAN.trials)
    for phase in ("REFERENCES", "FINALISTS"):
        forecast.phase(phase)
        side_by_side(clock, forecast, [(f"{phase} {n}", None) for n in range(2)], PLAN.final_epochs, each)
    with forecast.measuring_networks(4):
        clock.now_s += 4 * NET_S
        each()


def test_the_first_search_on_a_machine_is_forecast_once_a_training_was_timed():
    clock = Clock()
    forecast = Forecast(Heard(), PLAN, Pace(), clock=clock)
    end_s, seen = clock.now_s + TRUE_S, []
    carry_out(clock, forecast, lambda: seen.append((end_s - clock.now_s, forecast.left_s())))

    assert {left for _, left in seen[:KERNELS]} == {None}
    trained = seen[KERNELS:]
    networks_s = 4 * (NET_S - NETWORK_S)  # measuring networks was not timed before
    for true_s, left_s in trained[:-1]:
        assert left_s == pytest.approx(true_s - networks_s)
    assert trained[-1] == (0.0, LEAST_S)


def test_a_later_search_is_forecast_from_before_its_submit_to_its_end():
    clock = Clock()
    first = Forecast(Heard(), PLAN, Pace(), clock=clock)
    carry_out(clock, first)
    other_space = replace(PLAN, space="mobile", work=2 * PLAN.work, longer_work=2 * PLAN.longer_work)
    past = [first.pace()]

    again = step_seconds(PLAN, Pace.of_past(PLAN, past))
    larger = step_seconds(other_space, Pace.of_past(other_space, past))

    assert sum(again.values()) == pytest.approx(TRUE_S - KERNELS * KERNEL_S), "its kernels are measured already"
    assert larger["MEASURING"] == pytest.approx(KERNELS * KERNEL_S)
    assert larger["TRAINING"] == pytest.approx(2 * again["TRAINING"])
    end_s, seen = clock.now_s + TRUE_S, []
    second = Forecast(Heard(), PLAN, Pace.of_past(other_space, past), clock=clock)
    carry_out(clock, second, lambda: seen.append((end_s - clock.now_s, second.left_s())))
    for true_s, left_s in seen:
        assert left_s == pytest.approx(max(LEAST_S, true_s))


def test_images_of_the_same_size_are_what_a_forecast_goes_by():
    small, large = replace(PLAN, side=28), replace(PLAN, side=96)
    past = [Pace(1.0, 2.0, 10.0).row(small), Pace(5.0, 6.0, 20.0).row(large), Pace(1.2, 2.2, 10.0).row(small)]
    timed = Pace(work_s=9.0, longer_s=9.5).row(replace(large, space="mobile"), measured=False)

    assert Pace.of_past(large, past).work_s == 5.0
    assert Pace.of_past(small, past) == Pace(1.1, 2.1, 0.0)
    assert Pace.of_past(replace(PLAN, side=64), past).work_s == 1.2, "the middle of all, where none has this size"
    mobile = Pace.of_past(replace(large, space="mobile"), [timed, *past])
    assert (mobile.work_s, mobile.longer_s) == (9.0, 9.5)
    assert mobile.measuring_s == 10.0, "timing trainings has measured no kernels"


def test_nothing_is_known_of_another_evaluator():
    past = [{"evaluator": "other", "space": "small", "device": "local-cpu-1t", "work_s": 1.0}]

    assert step_seconds(PLAN, Pace.of_past(PLAN, past)) is None


def test_measuring_takes_its_budget_at_most():
    clock = Clock()
    forecast = Forecast(Heard(), PLAN, Pace(work_s=0.1, measuring_s=30.0), clock=clock)
    rest = sum(step_seconds(PLAN, Pace(work_s=0.1, measuring_s=0.0)).values())
    forecast.phase("MEASURING")
    assert forecast.left_s() == pytest.approx(30 + rest)
    clock.now_s += 10
    forecast.step("measuring kernels", 100, 10_000)
    clock.now_s += 10
    forecast.step("measuring kernels", 110, 10_000)

    assert forecast.left_s() == pytest.approx(MEASURING_S - 20 + rest)
    clock.now_s += 500
    assert forecast.left_s() == pytest.approx(rest)


def test_a_listener_is_given_what_is_known_of_a_step():
    """With the seconds until it ends, which its pace alone does not tell of measuring within a budget."""
    given = []
    heard = SimpleNamespace(phase=lambda _: None, step=lambda *step: given.append(step))
    forecast = Forecast(heard, PLAN, Pace())
    forecast.phase("MEASURING")
    forecast.step("measuring kernels", 100, 10_000, 30.0)

    assert given == [("measuring kernels", 100, 10_000, 30.0)]


def test_a_resumed_search_counts_what_is_done_already_and_what_is_not_trained_again():
    clock = Clock()
    plan = replace(PLAN, trials=20, parallel=1, references=0, finalists=0, networks=0)
    forecast = Forecast(Heard(), plan, Pace(), clock=clock)
    forecast.resumed(10)
    forecast.phase("TRAINING")
    clock.now_s += 8
    forecast.trial(trial(10, State.SUCCEEDED), 20)
    forecast.step("trials", 11, 20)
    assert forecast.left_s() == pytest.approx(9 * 8)
    forecast.trial(trial(11, State.SUCCEEDED, reused=True), 20)
    forecast.step("trials", 12, 20)
    assert forecast.left_s() == pytest.approx(8 * 8 / 2)
    forecast.step("trials", 12, 14)  # a client wants fewer
    assert forecast.left_s() == pytest.approx(2 * 8 / 2)


def test_a_run_says_after_the_first_trials_and_with_each_phase_how_much_is_left():
    clock, heard = Clock(), Heard()
    carry_out(clock, Forecast(heard, PLAN, Pace(), clock=clock, say_left=True))
    silent = Heard()
    carry_out(clock, Forecast(silent, PLAN, Pace(), clock=clock))

    assert [line.replace("\N{NO-BREAK SPACE}", " ") for line in heard.lines] == [
        "about 1 min 52 s left",
        "about 1 min 32 s left",
        "about 52 s left",
        "about 12 s left",
    ]
    assert silent.lines == []


def test_a_phase_of_no_trainings_says_nothing():
    heard = Heard()
    forecast = Forecast(heard, replace(PLAN, references=0), Pace(), clock=(clock := Clock()), say_left=True)
    forecast.phase("TRAINING")
    side_by_side(clock, forecast, [("trial 0", 0), ("trial 1", 1)], PLAN.trial_epochs, lambda: None)
    before = len(heard.lines)
    forecast.phase("REFERENCES")

    assert len(heard.lines) == before
    forecast.phase("FINALISTS")
    assert len(heard.lines) == before + 1
    with forecast.measuring_networks(0):
        assert len(heard.lines) == before + 1


def test_the_plan_of_a_spec_counts_every_training():
    spec = parse_spec(
        {
            "dataset": "fashion_mnist_mini",
            "max_trials": 24,
            "parallel": 4,
            "evaluator": {"name": "train", "epochs": 3, "train_images": 500},
            "finalists": {"count": 2, "epochs": 8},
            "references": ["lenet_5"],
        }
    )
    images = SimpleNamespace(classes=range(10), channels=1)
    plan = plan_of(spec, images, train=9000, side=28, workers=2)
    all_images = plan_of(
        spec.model_copy(update={"evaluator": {"name": "train"}}), images, train=9000, side=28, workers=8
    )

    assert (plan.trials, plan.parallel, plan.trial_epochs, plan.final_epochs) == (24, 2, 3, 8)
    assert (plan.references, plan.finalists, plan.networks) == (1, 2, 3)
    assert (all_images.parallel, all_images.trial_epochs) == (4, 2)
    assert all_images.work == 18 * plan.work == plan.longer_work, "finalists are trained with all images"


def test_a_pruner_shortens_the_trials_but_not_the_finalists():
    images = SimpleNamespace(classes=range(10), channels=1)
    spec = {"dataset": "fashion_mnist_mini", "device": "local-cpu-1t", "evaluator": {"name": "train", "epochs": 9}}
    plans = [
        plan_of(parse_spec({**spec, **more}), images, train=9000, side=28, workers=2)
        for more in ({}, {"pruner": {"name": "asha"}})
    ]
    whole, pruned = (step_seconds(plan, Pace(work_s=1e-9)) for plan in plans)

    assert pruned["TRAINING"] == pytest.approx(whole["TRAINING"] * (1 + 2 * 0.4 + 6 * 0.4**2) / 9)
    assert {**pruned, "TRAINING": 0} == {**whole, "TRAINING": 0}
