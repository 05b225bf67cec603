"""Networks spread over a space, and the share of its members that can be trained."""

from itertools import pairwise
from random import Random

import pytest
from small_spaces import TINY

from nas.decision import uniform
from nas.errors import InfeasibleError, SpecError
from nas.metric import network_metrics
from nas.objective import objective
from nas.proxy.candidates import draw
from nas.proxy.options import CheckOptions
from nas.proxy.request import budgets, with_longer
from nas.spec import parse_spec
from nas.trial import REFUSED_KERNELS

ANY = objective.make({"name": "constrained", "target_latency_ms": 1.0})


def known(candidate, latency_ms=0.5):
    return {**network_metrics(candidate.architecture.expand()), "latency_ms": latency_ms}


def macs(candidate):
    return known(candidate)["macs"]


def test_the_networks_are_different_and_one_of_each_band_of_sizes():
    found = draw(TINY, ANY, known, count=6, seed=0)
    rng = Random(0)
    walks = [TINY.walk(uniform(rng)) for _ in range(found.draws)]
    valid = {each.architecture.network_id: macs(each) for each in walks if each.architecture.refusal() is None}
    everything = sorted(valid.values())

    sizes = [macs(each) for each in found.chosen]
    assert len({each.architecture.network_id for each in found.chosen}) == 6
    assert sizes == sorted(sizes)
    edges = [len(everything) * band // 6 for band in range(7)]
    for size, (low, high) in zip(sizes, pairwise(edges), strict=True):
        assert everything[low] <= size <= everything[high - 1]


def test_the_draw_depends_on_the_seed_alone():
    def notations(seed):
        return [each.architecture.id for each in draw(TINY, ANY, known, count=5, seed=seed).chosen]

    assert notations(1) == notations(1) != notations(2)


def test_the_valid_share_says_who_refused_the_others():
    middle = sorted(macs(each) for each in draw(TINY, ANY, known, count=100, seed=0).chosen)[50]

    def refusing(candidate):
        metrics = known(candidate, latency_ms=2.0 if macs(candidate) > middle else 0.5)
        return metrics | ({REFUSED_KERNELS: 1} if macs(candidate) < middle / 4 else {})

    found = draw(TINY, ANY, refusing, count=5, seed=0)

    assert all(found.refused[who] > 0 for who in ("space", "device", "limits"))
    assert found.valid.value == pytest.approx(1 - sum(found.refused.values()) / found.draws)
    assert 0 < found.valid.low < found.valid.value < found.valid.high < 1
    assert all(middle / 4 <= macs(each) <= middle for each in found.chosen)


def test_limits_that_leave_too_few_networks_are_named():
    with pytest.raises(InfeasibleError, match=r"0 different networks .* over a limit \(latency_ms <= 1\): raise it"):
        draw(TINY, ANY, lambda candidate: known(candidate, latency_ms=2.0), count=5, seed=0)


def test_a_longer_training_that_is_none_is_refused_with_the_remedy():
    spec = parse_spec({"dataset": "fashion_mnist_mini", "evaluator": {"name": "train", "epochs": 10}})

    with pytest.raises(SpecError, match=r"finalists\.epochs: trials train for 10 epochs.*longer_epochs to 11 or more"):
        budgets(spec, CheckOptions())
    with pytest.raises(SpecError, match=r"^longer_epochs: "):
        budgets(spec, CheckOptions(longer_epochs=9))
    shared = parse_spec({"dataset": "fashion_mnist_mini", "evaluator": {"name": "supernet", "epochs": 64}})
    assert budgets(shared, CheckOptions(longer_epochs=1)).epochs == 0, "any training is longer than none"
    found = budgets(spec, CheckOptions(longer_epochs=40))
    assert (found.epochs, found.longer_epochs) == (10, 40)
    assert with_longer(spec, 40).finalists.training.epochs == 40
