"""What a trial is reckoned to take: between a random network and the slowest one that the target allows."""

from dataclasses import fields

from workers.suggesting.suggestion import Timed
from workers.tasks.time_training import Speed


def test_a_trial_takes_the_mean_of_the_middle_and_the_slowest_network():
    speeds = {"typical": Speed(0.004, 0.001, 2000), "largest": Speed(0.012, 0.002, 2000)}

    timed = Timed(**{field.name: None for field in fields(Timed)} | speeds)

    assert timed.trial == Speed(0.008, 0.0015, 2000)
