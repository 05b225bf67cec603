"""Proxy checks and what they have found (docs/proxy.md)."""

from typing import Annotated, Literal

from pydantic import Field

from api.schemas.common import DescribedBy, Json, Sent, Stored, one_of
from api.schemas.inquiry import InquirySummary
from nas.proxy.grade import Grade
from nas.proxy.options import CheckOptions


class UncertainOut(Stored):
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


class NoiseOut(Stored):
    """Repeated trainings of one network, the candidate of this id. deviation: the standard deviation of the accuracies;
    variation: as a share of their mean.
    """

    candidate: str
    accuracies: list[float]
    mean: float
    deviation: UncertainOut
    variation: float | None = None


class ValidOut(Stored):
    """Random members of the space: draws of them, how many the space, the device and the limits refused, and the share
    that can be trained.
    """

    draws: int
    refused: dict[str, int]
    share: UncertainOut


class CheckedNetwork(Stored):
    """A network with its accuracies on validation images, and its places by them, 1 for the best.

    reason: why one of its trainings failed.
    """

    id: str
    notation: str
    macs: float
    params: float
    latency_ms: float | None = None
    proxy_accuracy: float | None = None
    longer_accuracy: float | None = None
    proxy_rank: int | None = None
    longer_rank: int | None = None
    reason: str | None = None


class CorrectedOut(Stored):
    """Scores with shared weights, corrected by kinds of blocks, each by what the others show. tau and so on as in
    ProxyCheckResult. error, plain_error: root mean square of what accuracies are off by, with the correction and with a
    line of the scores alone. pays: whether the correction is better. points: by kind of block, how far networks of that
    kind alone are underrated, in accuracy.
    """

    tau: UncertainOut | None = None
    tau_size: UncertainOut | None = None
    gain: UncertainOut | None = None
    tau_given_size: UncertainOut | None = None
    pays: bool
    error: float
    plain_error: float
    points: dict[str, float]


class CostOut(Stored):
    """What the search will take on so many cores; null: not known."""

    search_seconds: float | None = None
    cores: int


class ProxyCheckResult(Stored):
    """epochs: of the short training; 0 if trials are scored without one of their own. tau: of the orders by
    the short and by the longer training; tau_size: of multiply-adds alone; gain: their difference; tau_given_size: the
    partial tau; ceiling: the tau that the right order is expected to show with the noise. top: how many count as the
    best; shared: how many of them both orders have; by_chance: two random orders. loss: how far the proxy's best is
    below the best. verdict_lowest, verdict_highest: at the ends of tau's interval.
    """

    verdict: Annotated[str, one_of(Grade)]
    verdict_lowest: Annotated[str, one_of(Grade)]
    verdict_highest: Annotated[str, one_of(Grade)]
    thresholds: dict[str, float]
    reasons: list[str]
    remedies: list[str]
    epochs: int
    longer_epochs: int
    tau: UncertainOut | None = None
    tau_size: UncertainOut | None = None
    gain: UncertainOut | None = None
    tau_given_size: UncertainOut | None = None
    corrected: CorrectedOut | None = Field(None, description="null where scores are not of shared weights")
    top: int
    shared: int
    by_chance: float
    loss: float
    noise: NoiseOut
    ceiling: UncertainOut
    valid: ValidOut
    candidates: list[CheckedNetwork]
    cost: CostOut


class ProxyCheckSummary(InquirySummary):
    """A proxy check, without its spec and result."""


class ProxyCheckOut(ProxyCheckSummary):
    """A proxy check. result: once it has SUCCEEDED."""

    spec: Json
    options: Annotated[Json, DescribedBy(CheckOptions)]
    result: Annotated[Json, DescribedBy(ProxyCheckResult)] | None = None


class ProxyCheckList(Sent):
    items: list[ProxyCheckSummary]


class ProxyCheckEffort(Sent):
    """What POST /v1/proxy-checks?validate_only=true answers. trainings: short and longer ones together. seconds: of the
    check, search_seconds: of the search, where nothing else runs; null as long as no training was timed.
    """

    valid: Literal[True] = True
    trainings: int
    seconds: float | None = None
    search_seconds: float | None = None
    notes: Annotated[list[str], Field(default_factory=list, description="as of POST /v1/searches")]
