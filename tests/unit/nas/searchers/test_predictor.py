"""The searcher `predictor` on a space of a million networks whose accuracy and latencies are formulas."""

from dataclasses import dataclass

import numpy as np
import pytest

from nas.asking.codes import encode, random_codes
from nas.asking.problem import NothingKnown, Problem, Scored
from nas.objective import objective
from nas.pareto import Better, hypervolume
from nas.searcher import searcher
from nas.searchers.predictor.surrogates import MOST, _kept
from nas.tabular.file import DecisionEntry
from nas.tabular.space import TabularSpace
from nas.trial import State, Trial

SPACE = TabularSpace("formula", tuple(DecisionEntry(name=f"d{i}", options=[0, 1, 2, 3]) for i in range(10)))
WEIGHTS = np.random.default_rng(7).random((3, 10))
HIGHER, LOWER = Better.HIGHER, Better.LOWER
TARGET = 6.0


@dataclass
class Formula:
    """What is known of codes [n, 10]."""

    names: tuple[str, ...] = ("latency_ms", "latency_ms@b", "macs")
    digest: str = "formula"

    def __call__(self, codes):
        return {name: values for name, values in measured(codes).items() if name in self.names}


def measured(codes):
    """Accuracy grows with each option, and with options that are equal to their neighbours'."""
    x = codes.astype(float)
    values, first, second = WEIGHTS
    equal = (codes[:, 1:] == codes[:, :-1]).sum(axis=1)
    return {
        "accuracy": 1 - np.exp(-0.12 * (np.sqrt(x) @ values + 0.4 * equal)),
        "latency_ms": 1 + x @ first,
        "latency_ms@b": 1 + x @ second,
        "macs": 1e6 * (1 + x.sum(axis=1)),
    }


def searched(name, aim, trials, *, known=None, batch=1, scored=None):
    """The metrics of the trials that succeeded, and how many proposals were over a limit."""
    problem = Problem(SPACE, aim, known or Formula(), scored=scored)
    made, found, refused, number = searcher.make(name, problem, 0), [], 0, 0
    noise = np.random.default_rng(0)
    while len(found) < trials:
        asked = [Trial(number + i, candidate) for i, candidate in enumerate(made.ask(batch))]
        number += len(asked)
        for trial in asked:
            made.asked(trial)
        for trial in asked:
            metrics = {k: float(v[0]) for k, v in measured(encode(SPACE, [trial.candidate.choices])).items()}
            over = aim.violation(metrics)
            if over:
                refused += 1
                made.tell(Trial(trial.number, trial.candidate, State.INFEASIBLE, metrics, -over))
                continue
            found.append(metrics)
            shown = metrics | {"accuracy": metrics["accuracy"] + 0.002 * noise.standard_normal()}
            made.tell(Trial(trial.number, trial.candidate, State.SUCCEEDED, shown, aim.reward(shown)))
    return found, refused


def volume(found, *names):
    """Of accuracy and latencies, up to the corner of an average network."""
    better = (HIGHER, *[LOWER] * len(names))
    points = [(m["accuracy"], *(m[name] for name in names)) for m in found]
    return hypervolume(points, (0.3, *[12.0] * len(names)), better)


PARETO = objective.make({"name": "pareto", "target_latency_ms": 1.0})
CONSTRAINED = objective.make({"name": "constrained", "target_latency_ms": TARGET})


def test_the_front_of_40_trials_is_that_of_many_random_ones():
    found, _ = searched("predictor", PARETO, 40)
    random, _ = searched("random", PARETO, 400)

    assert volume(found, "latency_ms") > volume(random, "latency_ms")


def scored(score):
    """200 random networks with a score that says nothing of every tenth."""
    codes = random_codes(SPACE, 200, np.random.default_rng(5))
    values = score(measured(codes)["accuracy"])
    values[::10] = np.nan
    return Scored(codes, {"score": values})


def test_scores_of_random_networks_lead_to_better_ones_sooner():
    """Already the first networks are chosen by what the scores say, if they are right."""
    plain, _ = searched("predictor", PARETO, 16)
    helped, _ = searched("predictor", PARETO, 16, scored=scored(lambda accuracy: 100 * accuracy**3))

    assert volume(helped, "latency_ms") > 1.1 * volume(plain, "latency_ms")


def test_scores_that_tell_nothing_do_little_harm():
    noise = np.random.default_rng(2)
    plain, _ = searched("predictor", PARETO, 32)
    misled, _ = searched("predictor", PARETO, 32, scored=scored(lambda values: noise.random(len(values))))

    assert volume(misled, "latency_ms") > 0.9 * volume(plain, "latency_ms")


def test_asks_for_many_at_once_lose_little():
    one, _ = searched("predictor", PARETO, 48)
    sixteen, _ = searched("predictor", PARETO, 48, batch=12)

    assert volume(sixteen, "latency_ms") > 0.8 * volume(one, "latency_ms")


def test_the_best_under_a_limit_without_a_proposal_over_it():
    found, refused = searched("predictor", CONSTRAINED, 40)
    random, _ = searched("random", CONSTRAINED, 100)

    assert refused == 0
    assert max(m["accuracy"] for m in found) > max(m["accuracy"] for m in random)


def test_a_limit_that_one_network_in_twenty_thousand_keeps():
    tight = objective.make({"name": "constrained", "target_latency_ms": 2.0})
    found, refused = searched("predictor", tight, 15)

    assert refused == 0
    assert len({tuple(m.values()) for m in found}) == 15


@pytest.mark.parametrize("name", ["mnasnet", "tunas"])
def test_a_reward_of_accuracy_and_latency(name):
    aim = objective.make({"name": name, "target_latency_ms": TARGET})
    found, _ = searched("predictor", aim, 30)
    random, _ = searched("random", aim, 100)

    assert max(map(aim.reward, found)) > max(map(aim.reward, random))


def test_two_devices_at_once():
    aim = objective.make({"name": "pareto", "target_latency_ms": {"a": 1.0, "b": 1.0}})
    found, _ = searched("predictor", aim, 40)
    random, _ = searched("random", aim, 200)

    assert volume(found, "latency_ms", "latency_ms@b") > volume(random, "latency_ms", "latency_ms@b")


def test_latencies_that_nobody_knows_are_learned():
    found, _ = searched("predictor", PARETO, 40, known=NothingKnown())
    random, _ = searched("random", PARETO, 100, known=NothingKnown())

    assert volume(found, "latency_ms") > volume(random, "latency_ms")


def test_limits_on_what_nobody_knows_are_learned():
    aim = objective.make({"name": "constrained", "target_latency_ms": 7.5})
    _, refused = searched("predictor", aim, 30, known=NothingKnown())
    _, by_chance = searched("random", aim, 30, known=NothingKnown())

    assert refused < by_chance


def test_of_many_results_the_best_of_each_latency_and_an_even_choice_are_kept():
    rng = np.random.default_rng(0)
    latency = rng.random(3000)
    accuracy = latency + rng.random(3000)

    kept = _kept(accuracy, latency)

    assert len(set(kept.tolist())) == MOST
    for low in (0.0, 0.4, 0.9):
        band = np.flatnonzero((latency >= low) & (latency < low + 0.1))
        assert set(band[np.argsort(-accuracy[band])[:20]]) <= set(kept.tolist())
    assert kept.min() < 10
    assert kept.max() > 2990
