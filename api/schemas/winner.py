"""The winner of a search for a target on a device, as a response."""

from typing import Annotated

from pydantic import Field

from api.schemas.common import Sent, one_of
from nas.winner.method import Method


class TrainedNetwork(Sent):
    """A network that the search has trained, with its latency on the device.

    observed: the accuracy of its trial; average: over all its trainings. mean: the posterior mean of its accuracy over
    seeds, with its 95 % interval, which is null where nothing is known of the noise. latency_low_ms, latency_high_ms:
    the 90 % interval of the estimate, null where it has none. reward: of the objective that decides, with the mean as
    the accuracy.
    """

    trial: int
    latency_ms: float
    latency_low_ms: float | None = None
    latency_high_ms: float | None = None
    observed: float
    average: float
    trainings: int
    mean: float
    mean_low: float | None = None
    mean_high: float | None = None
    reward: float


class WinningNetwork(TrainedNetwork):
    """The first of them by reward, within the limits."""

    id: str
    architecture_id: str
    notation: str


class WinnerOut(Sent):
    """The best of the networks that a search has trained, for a target on a device. Nothing is trained for it.

    objective: the name of the one that decides: that of the search, or `constrained` where the target has no part in
    that. estimated: whether latencies are estimated for this answer, as the device is not one of the search's.
    networks: how many distinct ones were trained; unknown: how many of them have no latency on the device; within: how
    many keep the target. explanation: where the means come from; noise: the standard deviation of one training's
    accuracy, if anything is known of it. winner: null where no network keeps the limits. front: of latency and
    posterior mean, by rising latency. fastest_ms and slowest_ms: of all networks. notes: what there is to say, for
    people. Before the first trial has succeeded there are no networks, and what follows from them is null.
    """

    search_id: str
    seq: int
    device: str
    target_latency_ms: float | None = None
    objective: str | None = None
    estimated: bool = False
    networks: int = 0
    unknown: int = 0
    within: int = 0
    method: Annotated[str, one_of(Method)] | None = None
    explanation: str | None = None
    noise: float | None = None
    winner: WinningNetwork | None = None
    front: list[TrainedNetwork] = Field(default_factory=list)
    fastest_ms: float | None = None
    slowest_ms: float | None = None
    notes: list[str] = Field(default_factory=list)
