"""Networks spread over a space, and which share of its random members can be trained at all."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from nas.decision import uniform
from nas.errors import InfeasibleError, NotMeasuredError
from nas.metric import network_metrics
from nas.objective import Objective
from nas.proxy.options import FEWEST
from nas.proxy.ranks import Uncertain
from nas.space import Candidate, SearchSpace
from nas.statistics.proportions import wilson
from nas.trial import REFUSED_KERNELS, Metrics

DRAWS = 200

SPACE, DEVICE, LIMITS = "space", "device", "limits"
"""Who refuses a random member: it cannot be built; the device does not run it; it is over a limit."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """draws: how many random members of the space were examined. refused: how many of them each of SPACE, DEVICE and
    LIMITS refused. chosen: the networks to train, by rising multiply-adds.
    """

    draws: int
    refused: Mapping[str, int]
    chosen: Sequence[Candidate]

    @property
    def valid(self) -> Uncertain:
        """The share of members that nobody refused."""
        share = 1 - sum(self.refused.values()) / self.draws
        return Uncertain(share, *wilson(share, self.draws))


def draw(
    space: SearchSpace, objective: Objective, known: Callable[[Candidate], Metrics], *, count: int, seed: int
) -> Drawn:
    """Examine DRAWS random members of the space, and choose count networks: one of each band between quantiles of the
    multiply-adds.

    known: the metrics that need no training, of a candidate that can be built. Fewer are chosen if there are not so
    many different ones; InfeasibleError if there are fewer than FEWEST.
    """
    rng = Random(seed)
    refused: Counter[str] = Counter({SPACE: 0, DEVICE: 0, LIMITS: 0})
    found: dict[str, tuple[float, Candidate]] = {}
    draws = max(DRAWS, 2 * count)
    for _ in range(draws):
        candidate = space.walk(uniform(rng))
        metrics = None if candidate.architecture.refusal() else known(candidate)
        who = SPACE if metrics is None else _refuses(metrics, objective)
        if who is not None:
            refused[who] += 1
        elif metrics is not None:
            found.setdefault(candidate.architecture.network_id, (metrics["macs"], candidate))
    if len(found) < FEWEST:
        raise InfeasibleError(_too_few(len(found), draws, refused, objective))
    return Drawn(draws, dict(refused), _of_bands([*found.values()], count, rng))


def spread(space: SearchSpace, *, count: int, seed: int | str) -> list[Candidate]:
    """Networks by rising multiply-adds as draw chooses them, of all that can be built: a device and limits say nothing.

    Fewer than count if there are not so many different ones.
    """
    rng = Random(seed)
    drawn = [space.sample(rng) for _ in range(max(DRAWS, 2 * count))]
    found = {each.architecture.network_id: each for each in drawn}
    return _of_bands([(network_metrics(e.architecture.expand())["macs"], e) for e in found.values()], count, rng)


def _of_bands(found: Sequence[tuple[float, Candidate]], count: int, rng: Random) -> list[Candidate]:
    """One of each band between quantiles; found: with the multiply-adds."""
    by_macs = [candidate for _, candidate in sorted(found, key=lambda pair: pair[0])]
    bands = min(count, len(by_macs))
    edges = [len(by_macs) * band // bands for band in range(bands + 1)]
    return [by_macs[rng.randrange(low, high)] for low, high in pairwise(edges)]


def _refuses(metrics: Metrics, objective: Objective) -> str | None:
    if REFUSED_KERNELS in metrics:
        return DEVICE
    try:
        return LIMITS if objective.violation(metrics) > 0 else None
    except NotMeasuredError:
        return DEVICE


def _too_few(found: int, draws: int, refused: Mapping[str, int], objective: Objective) -> str:
    who = max(refused, key=lambda name: refused[name])
    said = {
        SPACE: "most cannot be built: widen the options of the stages",
        DEVICE: "the device does not run most, or their latency is not known: `nas device measure` lists the blocks",
        LIMITS: f"most are over a limit ({objective.describe_limits()}): raise it",
    }[who]
    what = f"{found} different networks among {draws} random members of the space can be trained"
    why = said if refused[who] else "the space has no more, so train them all"
    return f"{what}, too few to compare their order; {why}"
