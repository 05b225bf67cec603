"""What fits into a time: finalists first, trials with the rest, and a refusal with the time that is needed."""

from math import ceil

import pytest

from nas.errors import InfeasibleError
from workers.suggesting.amounts import (
    FINALISTS_SHARE,
    LEAST_EPOCHS,
    LEAST_TRIALS,
    MOST_TRIALS,
    Counts,
    Time,
    TooShortError,
    amounts,
    final_epochs,
    wanted_epochs,
)
from workers.suggesting.suggestion import hours_for, time_for_trainings
from workers.tasks.time_training import Speed

FEW, MANY = Counts(3000, 340, 10), Counts(50_000, 5000, 10)
TYPICAL, LARGEST = Speed(0.004, 0.001, 2000), Speed(0.008, 0.002, 2000)


def spent_s(found, images, time):
    """Seconds of all trainings, counted one by one."""
    trial = found.trial_epochs * TYPICAL.epoch_s(found.train_images or images.train, images.validation)
    longer = found.final_epochs * LARGEST.epoch_s(images.train, images.validation)
    return found.trials * trial / time.parallel + longer * (1 + bool(found.references))


@pytest.mark.parametrize("images", [FEW, MANY], ids=["few", "many"])
@pytest.mark.parametrize("hours", [5, 12])
@pytest.mark.parametrize("references", [0, 1])
def test_all_of_it_fits_into_the_time(images, hours, references):
    time = Time(3600.0 * hours, 2)

    found = amounts(images, TYPICAL, LARGEST, time, references=references)

    assert spent_s(found, images, time) <= time.seconds
    assert found.finalists_s <= FINALISTS_SHARE * time.seconds
    assert found.trials_s + found.finalists_s == pytest.approx(spent_s(found, images, time))
    assert LEAST_TRIALS <= found.trials <= MOST_TRIALS
    assert found.final_epochs >= LEAST_EPOCHS > found.trial_epochs / 2
    assert found.finalists == 2


def test_more_time_is_more_of_everything():
    short, longer = (amounts(FEW, TYPICAL, LARGEST, Time(seconds, 2)) for seconds in (1800, 7200))

    assert longer.final_epochs > short.final_epochs
    assert longer.trials * longer.trial_epochs > short.trials * short.trial_epochs


def test_trials_see_some_of_many_images_and_all_of_few():
    assert amounts(FEW, TYPICAL, LARGEST, Time(7200, 2)).train_images is None
    some = amounts(MANY, TYPICAL, LARGEST, Time(7200, 2)).train_images
    assert 20 * MANY.classes <= some < MANY.train


def test_few_images_need_many_epochs():
    assert wanted_epochs(3000) == 20
    assert wanted_epochs(50_000) == LEAST_EPOCHS
    assert wanted_epochs(500) > wanted_epochs(1000) > wanted_epochs(3000)
    assert final_epochs(FEW, LARGEST, Time(100, 2)) < LEAST_EPOCHS


def test_too_little_time_is_refused_with_the_time_that_is_needed():
    with pytest.raises(
        InfeasibleError, match=r"2.min 00.s, what .* training, are too short for 12 trials .* take about"
    ):
        amounts(FEW, TYPICAL, LARGEST, Time(120, 2))


@pytest.mark.parametrize("train", [300, 331, 1000, 20_000])
@pytest.mark.parametrize("parallel", [1, 2, 3])
def test_the_time_that_is_said_to_be_needed_is_enough_and_all_beyond_it_is(train, parallel):
    images = Counts(train, train // 9, 4)
    typical, largest = Speed(0.01, 0.0025, 331), Speed(0.013, 0.003, 331)
    with pytest.raises(TooShortError) as refused:
        amounts(images, typical, largest, Time(1, parallel))
    needed_s = ceil(refused.value.needed_s)

    for seconds in (needed_s, *range(needed_s, 4 * needed_s, 7)):
        found = amounts(images, typical, largest, Time(seconds, parallel))
        assert found.trials >= LEAST_TRIALS
        assert found.final_epochs >= LEAST_EPOCHS
        assert found.trials_s + found.finalists_s <= seconds
    with pytest.raises(TooShortError):
        amounts(images, typical, largest, Time(needed_s - 2, parallel))


@pytest.mark.parametrize("trainings_s", [60, 200, 308, 3000, 30_000])
@pytest.mark.parametrize("parallel", [1, 8])
def test_the_hours_that_would_do_leave_the_time_for_trainings(trainings_s, parallel):
    """Both where measuring takes its share of a short time and where it takes what it needs."""
    hours = hours_for(trainings_s, parallel)

    assert time_for_trainings(3600 * hours, parallel).seconds >= trainings_s
    assert time_for_trainings(3600 * (hours - 0.02), parallel).seconds < trainings_s


def test_scoring_counts():
    """Each epoch is followed by a scoring, whose batch norms read some of the training images."""
    assert Speed(1.0, 0.5, 2000).epoch_s(1000, 100) == 1000 + 550
    assert Speed(1.0, 0.5, 2000).epoch_s(10_000, 100) == 10_000 + 1050
