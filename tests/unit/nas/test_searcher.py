"""What each searcher does beyond the promises of its contract."""

from dataclasses import replace

import pytest

from nas.decision import Decision
from nas.errors import SpecError
from nas.searcher import searcher
from nas.testing import bandit_space
from nas.trial import State, Trial

BANDIT = bandit_space()


def searched(config, trials, seed=0, reward=BANDIT.reward):
    """The rewards of a search in the bandit space, one trial after the other."""
    made = searcher.make(config, BANDIT.problem, seed)
    rewards = []
    for number in range(trials):
        candidate = one(made)
        rewards.append(BANDIT.reward(candidate.choices))
        made.tell(Trial(number, candidate, State.SUCCEEDED, {}, reward(candidate.choices)))
    return rewards


def one(made):
    """The one proposal of the next ask, which is a trial then."""
    (candidate,) = made.ask()
    made.asked(Trial(made.asks - 1, candidate))
    return candidate


def mean(values):
    return sum(values) / len(values)


def test_evolution_learns():
    """Its last proposals are far better than random ones, and the same first proposals come from any reward."""
    rewards = searched("evolution", 150)

    assert mean(rewards[-20:]) > mean(rewards[:20]) + 0.15
    blind = searched("evolution", 150, reward=lambda _: 0.5)
    assert blind[:32] == rewards[:32]
    assert mean(blind[-20:]) < mean(rewards[-20:]) - 0.1


def test_evolution_changes_one_decision():
    """A child shares its parent's answers but for one, and for decisions that the changed answer opens."""
    made = searcher.make({"name": "evolution", "population": 2, "tournament": 2}, BANDIT.problem, 0)
    first, second = one(made), one(made)
    made.tell(Trial(0, first, State.SUCCEEDED, {}, 0.9))
    made.tell(Trial(1, second, State.SUCCEEDED, {}, 0.1))

    child = one(made)

    shared = child.choices.keys() & first.choices.keys()
    assert sum(child.choices[name] != first.choices[name] for name in shared) == 1


def test_evolution_lets_the_oldest_die():
    """The best member leaves when `population` younger ones were told."""
    made = searcher.make({"name": "evolution", "population": 4, "tournament": 4}, BANDIT.problem, 0)
    asked = [one(made) for _ in range(8)]
    for number, candidate in enumerate(asked):
        made.tell(Trial(number, candidate, State.SUCCEEDED, {}, 1.0 if number == 3 else number / 100))
    dead = asked[3].choices

    child = one(made)

    assert sum(child.choices.get(name) != option for name, option in dead.items()) > 1


def test_evolution_prefers_feasible_parents():
    made = searcher.make({"name": "evolution", "population": 4, "tournament": 4}, BANDIT.problem, 0)
    asked = [one(made) for _ in range(4)]
    for number, candidate in enumerate(asked):
        infeasible = Trial(number, candidate, State.INFEASIBLE, {}, -0.1)
        feasible = Trial(number, candidate, State.SUCCEEDED, {}, 0.01)
        made.tell(feasible if number == 2 else infeasible)

    child = one(made)

    shared = child.choices.keys() & asked[2].choices.keys()
    assert sum(child.choices[name] != asked[2].choices[name] for name in shared) == 1


def test_evolution_proposes_nothing_twice():
    made = searcher.make({"name": "evolution", "population": 8, "tournament": 4}, BANDIT.problem, 3)
    ids = []
    for number in range(120):
        candidate = one(made)
        ids.append(candidate.architecture.id)
        made.tell(Trial(number, candidate, State.SUCCEEDED, {}, BANDIT.reward(candidate.choices)))

    assert len(set(ids)) == len(ids)


def test_reinforce_learns():
    """With the paper's constants its last proposals are far better than its first."""
    rewards = searched("reinforce", 150)

    assert mean(rewards[-20:]) > mean(rewards[:20]) + 0.1


def test_reinforce_learns_from_late_tells():
    """Asks ten ahead of the tells, which come last first."""
    made = searcher.make("reinforce", BANDIT.problem, 0)
    rewards, running = [], []
    for number in range(200):
        running.append(Trial(number, one(made), State.SUCCEEDED))
        if len(running) == 10:
            while running:
                trial = running.pop()
                rewards.append(BANDIT.reward(trial.candidate.choices))
                made.tell(replace(trial, reward=rewards[-1]))

    assert mean(rewards[-30:]) > mean(rewards[:30]) + 0.1


def test_reinforce_leaves_out_trials_it_did_not_ask_for():
    """PPO needs the probability that its policy gave to a candidate."""
    own, other = (searcher.make({"name": "reinforce", "batch": 1}, BANDIT.problem, 0) for _ in range(2))
    (foreign,) = searcher.make("random", BANDIT.problem, 99).ask()

    own.tell(Trial(0, foreign, State.SUCCEEDED, {}, 0.9))

    assert [own.ask() for _ in range(3)] == [other.ask() for _ in range(3)]


def test_decisions_are_found_without_chance():
    found = BANDIT.space.decisions()

    assert found == BANDIT.space.decisions()
    assert found[0] == Decision("stage0.block", ("conv", "separable", "mbconv"))
    assert {d.name for d in found} >= {"stage3.mbconv.expansion", "stage3.stride", "stage0.separable.skip"}
    assert len({d.name for d in found}) == len(found)


@pytest.mark.parametrize(("population", "tournament"), [(32, 8), (100, 25), (4, 2), (2, 2)])
def test_tournaments_are_a_quarter_of_the_population(population, tournament):
    given = {"name": "evolution", "population": population}
    own, same = (searcher.make(given | more, BANDIT.problem, 5) for more in ({}, {"tournament": tournament}))

    for each in (own, same):
        for number in range(population + 10):
            each.tell(Trial(number, one(each), State.SUCCEEDED, reward=float(number % 7)))

    assert own.ask() == same.ask()


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"name": "evolution", "population": 1}, "population"),
        ({"name": "evolution", "population": 4, "tournament": 5}, "tournament"),
        ({"name": "evolution", "tournament": 0}, "tournament"),
        ({"name": "reinforce", "learning_rate": 0.0}, "learning_rate"),
        ({"name": "reinforce", "baseline_decay": 1.0}, "baseline_decay"),
        ({"name": "reinforce", "batch": 0}, "batch"),
        ({"name": "random", "population": 4}, "population"),
    ],
)
def test_wrong_parameters_are_named(config, field):
    with pytest.raises(SpecError, match=rf"searcher\.{field}: "):
        searcher.make(config, BANDIT.problem, 0)


def test_bandit_optimum_is_the_best_of_many():
    """No member of a sample beats the optimum, whose reward is 1."""
    rewards = searched("random", 500) + searched("evolution", 300)

    assert BANDIT.reward(BANDIT.best) == 1
    assert max(rewards) <= 1
    assert dict(BANDIT.space.decode(BANDIT.best).choices) == dict(BANDIT.best)
