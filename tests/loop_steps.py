"""What the search loop needs besides a searcher, in short: spaces, made-up latencies, trainings that end at once."""

from concurrent.futures import Future

from nas.objective import Objective, objective
from nas.ops.cost import network_cost
from nas.search.loop import Steps
from nas.space import Candidate, SearchSpace
from nas.spaces import load_space
from nas.trial import Metrics, Trial

FOUR = {
    "name": "four",
    "resolution": 16,
    "channels": 1,
    "classes": 4,
    "stem": {"width": 8, "kernel": 3, "stride": 2},
    "head": 0,
}


class Killed(BaseException):
    """Stands for kill -9: no handler sees it."""


def four(*stages) -> SearchSpace:
    return load_space({**FOUR, "stages": [*stages]})


def skips_that_do_not_apply() -> SearchSpace:
    """Half of the choices make no other network: the skip of the first stage, which widens."""
    skip = ["none", "identity"]
    return four(
        {"blocks": [{"conv": {"kernel": [3, 5], "skip": skip}}], "layers": 1, "width": [16, 24, 32]},
        {"blocks": [{"separable": {"kernel": [3, 5], "skip": skip}}], "layers": [1, 2], "width": [40, 48], "stride": 2},
    )


def within(target_latency_ms: float = 1.0) -> Objective:
    return objective.make({"name": "constrained", "target_latency_ms": target_latency_ms})


def known(candidate: Candidate) -> Metrics:
    cost = network_cost(candidate.architecture.expand())
    return {"latency_ms": cost.macs / 1e7, "params": cost.params}


def accuracy(trial: Trial) -> float:
    return int(trial.candidate.architecture.id, 16) / 16**16


def done(metrics: Metrics) -> Future[Metrics]:
    future: Future[Metrics] = Future()
    future.set_result(metrics)
    return future


def failed(error: Exception) -> Future[Metrics]:
    future: Future[Metrics] = Future()
    future.set_exception(error)
    return future


def trained(trial: Trial) -> Future[Metrics]:
    return done({"accuracy": accuracy(trial)})


def steps(train=trained, report=lambda _: None, cached_training=lambda _: None) -> Steps:
    return Steps(known, train, cached_training, lambda _, __: None, report)
