"""What is believed of noisy scores: on problem files whose networks' true accuracies are known."""

import numpy as np
import pytest
from problem_files import write_table

from nas.asking.codes import choices_of, encode, random_codes
from nas.asking.problem import Problem
from nas.objective import objective
from nas.tabular.problem import load_problem
from nas.trial import State, Trial
from nas.winner.beliefs import ENOUGH
from nas.winner.choice import by_reward, ranking
from nas.winner.method import Method

NOISE = 0.02


@pytest.fixture
def problem(tmp_path):
    return load_problem(write_table(tmp_path))


def trained(problem, count, seed, noise=NOISE, goal=None):
    """Trials of random networks with noisy accuracies; and how to train one again."""
    rng = np.random.default_rng(seed)
    goal = goal or objective.make({"name": "pareto", "target_latency_ms": 1.0})
    codes = np.unique(random_codes(problem.space, 4 * count, rng), axis=0)
    trials = []
    for row in rng.permutation(codes)[:count]:
        candidate = problem.space.decode(choices_of(problem.space, row))
        known = {name: float(values[0]) for name, values in problem.known(row[None]).items()}
        accuracy = float(problem.accuracy(row[None])[0] + noise * rng.standard_normal())
        metrics = {**known, "accuracy": accuracy}
        trials.append(Trial(len(trials), candidate, State.SUCCEEDED, metrics, goal.reward(metrics)))
    return Problem(problem.space, goal, problem.known), trials, rng


def truth(problem, trial):
    return float(problem.accuracy(encode(problem.space, [trial.candidate.choices]))[0])


def repeats_of(problem, trials, rng, count=3):
    return {
        trial.number: [truth(problem, trial) + NOISE * draw for draw in rng.standard_normal(count)] for trial in trials
    }


@pytest.mark.parametrize(("count", "method"), [(ENOUGH + 20, Method.PROCESS), (8, Method.SHRUNKEN)])
def test_the_first_by_posterior_mean_is_better_than_the_luckiest_and_its_value_is_honest(problem, count, method):
    lost, claimed = [], []
    for seed in range(20):
        search, trials, rng = trained(problem, count, seed)
        found = ranking(search, trials, repeats_of(problem, by_reward(trials)[:5], rng))
        assert found.method is method
        luckiest, best = by_reward(trials)[0], found.standings[0]
        lost.append((truth(problem, luckiest), truth(problem, best.trial)))
        claimed.append((luckiest.metrics["accuracy"] - lost[-1][0], best.mean - lost[-1][1]))

    lucky, chosen = np.mean(lost, axis=0)
    assert chosen > lucky
    flattered, honest = np.mean(claimed, axis=0)
    assert flattered > 0.5 * NOISE
    assert abs(honest) < 0.5 * flattered


def test_the_noise_is_found_from_repeats_and_most_intervals_hold_the_truth(problem):
    noises, held = [], []
    for seed in range(10):
        search, trials, rng = trained(problem, 40, seed)
        found = ranking(search, trials, repeats_of(problem, by_reward(trials)[:8], rng))
        noises.append(found.noise)
        held += [each.low <= truth(problem, each.trial) <= each.high for each in found.standings]

    assert np.median(noises) == pytest.approx(NOISE, rel=0.25)
    assert np.mean(held) > 0.8


def test_few_networks_without_repeats_are_ranked_as_observed(problem):
    search, trials, _ = trained(problem, 8, 0)
    found = ranking(search, trials, {})

    assert found.method is Method.OBSERVED
    assert found.noise is None
    assert [each.trial for each in found.standings] == by_reward(trials)
    assert all(each.low is None and each.mean == each.observed for each in found.standings)


def test_scores_without_noise_keep_their_order(problem):
    search, trials, _ = trained(problem, 60, 3, noise=0.0)
    best = by_reward(trials)[:8]
    same = {trial.number: [trial.metrics["accuracy"]] * 2 for trial in best}
    found = ranking(search, trials, same)

    assert found.trials[:3] == best[:3]
    assert found.noise < 0.005


def test_the_reward_is_that_of_the_posterior_mean(problem):
    soft = objective.make({"name": "mnasnet", "target_latency_ms": 3.0, "alpha": -0.5, "beta": -0.5})
    search, trials, rng = trained(problem, 40, 1, goal=soft)
    found = ranking(search, trials, repeats_of(problem, by_reward(trials)[:4], rng))

    for each in found.standings:
        assert each.reward == soft.reward({**each.trial.metrics, "accuracy": each.mean})


def test_equal_scores_are_no_error(problem):
    search, trials, _ = trained(problem, 30, 0)
    flat = [Trial(t.number, t.candidate, t.state, {**t.metrics, "accuracy": 0.5}, 0.5) for t in trials]
    found = ranking(search, flat, {})

    assert found.method is Method.OBSERVED
    assert found.trials[:2] == flat[:2]
    assert ranking(search, [], {}).standings == ()
