"""Optuna's samplers as searchers: what they learn, what they are told, and which a spec may name."""

import sys
from types import ModuleType

import pytest
from optuna.samplers import RandomSampler

from nas.asking.problem import Problem
from nas.errors import SpecError
from nas.searcher import searcher
from nas.spaces import load_space
from nas.testing import bandit_space
from nas.trial import State, Trial

BANDIT = bandit_space()


def small_problem():
    """16 members; the reward is the share of its decisions that take the last option."""
    stage = {"blocks": [{"conv": {"kernel": [3, 5]}}], "layers": [1, 2], "width": [8, 16], "stride": [1, 2]}
    space = load_space({"name": "few", "resolution": 8, "stem": {"width": 8}, "stages": [stage], "classes": 2})
    return Problem(space, BANDIT.problem.objective)


def tried(made, trials, reward, batch=1):
    """Rewards and choices of a search in batches."""
    rewards, choices = [], []
    while len(rewards) < trials:
        asked = [Trial(len(rewards) + place, candidate) for place, candidate in enumerate(made.ask(batch))]
        for trial in asked:
            made.asked(trial)
        for trial in asked:
            rewards.append(reward(trial.candidate.choices))
            choices.append(dict(trial.candidate.choices))
            made.tell(Trial(trial.number, trial.candidate, State.SUCCEEDED, {"accuracy": rewards[-1]}, rewards[-1]))
    return rewards, choices


@pytest.mark.parametrize(("name", "trials"), [("tpe", 45), ("nsga2", 100), ("local", 100)])
def test_later_proposals_are_better(name, trials):
    rewards, _ = tried(searcher.make(name, BANDIT.problem, 0), trials, BANDIT.reward)

    assert sum(rewards[-15:]) > sum(rewards[:15]) + 15 * 0.08


def test_the_gaussian_process_finds_the_best_and_goes_on_from_its_history():
    problem = small_problem()

    def reward(choices):
        return sum(choices.values()) / 4

    config = {"name": "gp", "startup": 4}
    _, choices = tried(searcher.make(config, problem, 0), 10, reward)
    resumed = searcher.make(config, problem, 0)
    for number, each in enumerate(choices[:8]):
        candidate = problem.space.decode(each)
        resumed.asked(Trial(number, candidate))
        resumed.tell(Trial(number, candidate, State.SUCCEEDED, {"accuracy": reward(each)}, reward(each)))
    resumed.asks = 8

    assert max(map(reward, choices[:9])) == 1
    assert dict(resumed.ask()[0].choices) == choices[8]


def test_a_candidate_over_a_limit_is_told_as_infeasible():
    """TPE leaves the half of the space that is refused, though refused trials have no reward above others."""
    made = searcher.make("tpe", BANDIT.problem, 0)
    refused = []
    for number in range(60):
        (candidate,) = made.ask()
        made.asked(Trial(number, candidate, metrics={"params": 5e6 if candidate.choices["stage0.width"] > 1 else 1.0}))
        over = candidate.choices["stage0.width"] > 1
        refused.append(over)
        state, reward = (State.INFEASIBLE, -1.0) if over else (State.SUCCEEDED, 0.5)
        made.tell(Trial(number, candidate, state, {"accuracy": 0.5}, reward))

    assert sum(refused[-20:]) < sum(refused[:20])


def test_any_sampler_by_its_import_path():
    config = {"name": "optuna", "sampler": "optuna.samplers.TPESampler", "parameters": {"n_startup_trials": 5}}
    rewards, _ = tried(searcher.make(config, BANDIT.problem, 0), 12, BANDIT.reward, batch=3)

    assert len(rewards) == 12


@pytest.mark.parametrize(
    ("sampler", "parameters", "message"),
    [
        ("os.system", {}, "of the package 'os'; allowed are optuna. Name the package in NAS_SAMPLER_PACKAGES"),
        ("optuna.samplers.Nothing", {}, "is not a sampler of Optuna"),
        ("optuna.nowhere.Sampler", {}, "cannot be imported"),
        ("optuna.samplers.TPESampler", {"colour": 1}, "searcher.parameters: TPESampler"),
        ("optuna.samplers.NSGAIISampler", {"population_size": 1}, "searcher.parameters: NSGAIISampler"),
    ],
)
def test_a_sampler_that_cannot_be_made_is_refused_at_submit(sampler, parameters, message):
    with pytest.raises(SpecError, match=message.replace("(", r"\(")):
        searcher["optuna"].check(sampler=sampler, parameters=parameters)


def test_the_samplers_of_a_package_that_is_allowed(monkeypatch):
    """It is imported only once the one who runs nas has named it."""
    module = ModuleType("their_samplers")
    module.Theirs = type("Theirs", (RandomSampler,), {})
    monkeypatch.setitem(sys.modules, "their_samplers", module)
    given = {"sampler": "their_samplers.Theirs", "parameters": None}
    with pytest.raises(SpecError, match="their_samplers"):
        searcher["optuna"].check(**given)

    monkeypatch.setenv("NAS_SAMPLER_PACKAGES", "their_samplers")

    searcher["optuna"].check(**given)
