"""A search is paused where its space, objective, evaluator or images have changed, and can go on later."""

import pytest
from processes import PATIENCE_S

from nas import registry
from nas.dataset import dataset
from nas.errors import DataError, UnknownNameError
from nas.evaluator import evaluator
from nas.objective import objective
from nas.registry import Registry
from nas.searcher import searcher
from nas.spaces import load_space
from nas.spec import parse_spec
from nas.testing import halves
from workers.dispatching.assignment import Assignment
from workers.executing.executors.inline import InlineExecutor
from workers.executing.scheduler import Scheduler


@pytest.fixture
def begun(settings, ledger, spec, monkeypatch):
    """A search that a dispatcher has given up after its first trials; a function that carries it out further."""
    made, _ = ledger.searches.submit(parse_spec(spec).model_dump(mode="json"), name="begun")

    def carry_out():
        assignment = Assignment(ledger, settings, Scheduler(InlineExecutor(1)), ledger.claims.claim("the test"))
        carry_out.assignment = assignment
        assignment.start()
        assignment.join(PATIENCE_S)
        return ledger.searches.get(made.id)

    with monkeypatch.context() as patch:
        calls, evaluate = [], evaluator["pooled"].evaluate

        def given_up(self, network, report):
            calls.append(network)
            if len(calls) == 2:
                carry_out.assignment.stop()
            return evaluate(self, network, report)

        patch.setattr(evaluator["pooled"], "evaluate", given_up)
        assert 0 < carry_out().counts.succeeded < 4
    return ledger, made.id, carry_out


def other_searcher(patch):
    propose = searcher["random"].propose
    patch.setattr(searcher["random"], "propose", lambda self, count, rng: rng.random() and propose(self, count, rng))


def other_objective(patch):
    reward = objective["constrained"].reward
    patch.setattr(objective["constrained"], "reward", lambda self, metrics: 2 * reward(self, metrics))


def other_evaluator(patch):
    patch.setattr(evaluator["pooled"], "epochs", 7)


def other_space(patch):
    def wider(source):
        space = {**source, "stages": [{**source["stages"][0], "width": [4, 16]}]}
        return load_space(space)

    patch.setattr("workers.searching.pipeline.load_space", wider)


def other_images(patch):
    patch.setattr(dataset["halves"], "load", lambda *_: halves(seed=7))


def no_images(patch):
    def load(*_):
        raise DataError("halves: gone; get it again")

    patch.setattr(dataset["halves"], "load", load)


def no_plugin(patch):
    known = Registry.__getitem__

    def missing(self, name):
        if name == "pooled":
            raise UnknownNameError("evaluator", name, ["train"])
        return known(self, name)

    patch.setattr(Registry, "__getitem__", missing)


def other_parameters(patch):
    made = evaluator["pooled"].__init__

    def with_another(self, dataset, seed, *, needed: int):
        made(self, dataset, seed, steps=needed)

    for cached in ("_parameters", "_keywords"):  # what they have cached is of before
        patch.setattr(registry, cached, getattr(registry, cached).__wrapped__)
    patch.setattr(evaluator["pooled"], "__init__", with_another)


@pytest.mark.parametrize(
    ("change", "reason", "said"),
    [
        (other_objective, "OBJECTIVE_CHANGED", "the objective constrained gives trial 0"),
        (other_evaluator, "EVALUATOR_CHANGED", "the evaluator pooled is not as it was"),
        (other_space, "SPACE_CHANGED", "the space four is not as it was"),
        (other_images, "DATA_CHANGED", "not those that this search began with"),
        (no_images, "DATA_CHANGED", "halves: gone"),
        (no_plugin, "PLUGIN_MISSING", "no evaluator named 'pooled'"),
        (other_parameters, "PLUGIN_CHANGED", "evaluator.needed"),
    ],
)
def test_a_search_is_paused_until_what_it_depends_on_is_as_it_was(begun, monkeypatch, change, reason, said):
    ledger, name, carry_out = begun
    with monkeypatch.context() as patch:
        change(patch)
        paused = carry_out()
        assert (paused.state, paused.state_reason) == ("PAUSED", reason)
        assert said in paused.state_message
        assert "Resume the search when that is as it was, or fork it" in paused.state_message
        assert "folder" not in paused.state_message
        ledger.searches.request(name, "resume")
        assert carry_out().state_reason == reason, "no change has been undone"

    resumed = ledger.searches.request(name, "resume")
    assert (resumed.state, resumed.state_reason) == ("QUEUED", None)
    ended = carry_out()

    assert (ended.state, ended.counts.succeeded) == ("SUCCEEDED", 4)


def test_a_searcher_of_another_version_goes_on(begun, monkeypatch):
    _, _, carry_out = begun
    other_searcher(monkeypatch)

    ended = carry_out()

    assert (ended.state, ended.counts.succeeded) == ("SUCCEEDED", 4)


def test_a_cancelled_search_is_not_paused(begun, monkeypatch):
    ledger, name, carry_out = begun
    load = dataset["halves"].load

    def cancelled(self, seed):
        ledger.searches.request(name, "cancel")
        return load(self, seed + 1)

    monkeypatch.setattr(dataset["halves"], "load", cancelled)

    assert carry_out().state == "CANCELLED"
