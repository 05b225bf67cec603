"""The spaces and resolutions that may fit, and what their networks cost: latency on the device, seconds of training."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from latency_db.estimating.estimate import Estimate
from latency_db.measuring.measure import QUICK
from latency_db.profiling.measurer import Measurer
from nas.dataset import Outline, dataset
from nas.errors import InfeasibleError
from nas.ops import Network
from nas.ops.cost import network_cost
from nas.ops.kernels import kernels
from nas.space import SearchSpace
from nas.spaces import load_space

DRAWN = 12
"""Random networks of a space at one resolution that stand for all of them."""
SMALL_UP_TO = 64
"""Sides up to which the space `small` is for, in pixels."""
SIDES = (64, 96, 128, 160, 192, 224)
"""Resolutions at which `photos` is offered."""
ENOUGH = 0.25
"""Share of a space's networks that should meet the target: a search has to have a choice."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A space at one resolution, with random networks of it and their latencies, the fastest first.

    named: the space as a spec names it.
    """

    space: SearchSpace
    named: str | dict[str, Any]
    side: int
    networks: tuple[Network, ...]
    latencies_ms: tuple[float, ...]

    def within(self, target_ms: float | None) -> int:
        """How many of the networks meet the target; all without one."""
        return sum(target_ms is None or latency <= target_ms for latency in self.latencies_ms)

    @property
    def macs(self) -> list[int]:
        return sorted(network_cost(network).macs for network in self.networks)


def sides_for(images: Outline, config: dict[str, Any]) -> list[int]:
    """Resolutions of the images that may be searched at, ascending: none beyond their own."""
    if "size" in config:
        return [int(config["size"])]
    resizable = "size" in dataset.parameters(config["name"]).model_fields
    if images.side is not None and (images.side <= SMALL_UP_TO or not resizable):
        return [images.side]
    return [side for side in SIDES if images.side is None or side <= images.side]


def named_space_at(side: int) -> str | dict[str, Any]:
    """The space for images of this side, as a spec names it."""
    return "small" if side < SMALL_UP_TO else {"name": "photos", "resolution": side}


def offers(images: Outline, sides: Sequence[int], measurer: Measurer, *, seed: int) -> list[Offer]:
    """An offer for each resolution. Networks whose kernels are not measured are measured whole."""
    drawn = []
    for side in sides:
        named = named_space_at(side)
        space = load_space(named).for_images(images.channels, side, len(images.classes))
        rng = Random(seed)
        drawn.append((space, named, side, [space.sample(rng).architecture.expand() for _ in range(DRAWN)]))
    known = _latencies_ms(measurer, [network for *_, networks in drawn for network in networks])
    found = []
    for space, named, side, networks in drawn:
        ordered = sorted(networks, key=lambda network: known[network])
        found.append(Offer(space, named, side, tuple(ordered), tuple(known[network] for network in ordered)))
    return found


def _latencies_ms(measurer: Measurer, networks: Sequence[Network]) -> dict[Network, float]:
    """Measured whole, now or before, where this is possible; else estimated, or an error says what is missing."""
    estimator = measurer.estimator
    records = {
        network: estimator.predictor.network_records.get(estimator.signature(network).key) for network in networks
    }
    missing = {
        str(number): network
        for number, (network, record) in enumerate(records.items())
        if record is None and measurer.can_measure and estimator.unmeasured(kernels(network))
    }
    now = measurer.measure_networks(missing, QUICK) if missing else {}
    records |= {network: now[name] for name, network in missing.items()}
    return {
        network: estimator.estimate(network).ms if record is None else Estimate.of_record(record).ms
        for network, record in records.items()
    }


def check_target(found: Sequence[Offer], target_ms: float | None, device: str) -> list[Offer]:
    """The offers of which enough networks meet the target, or else the one of which most do. InfeasibleError if none
    of any does.
    """
    shares = {offer.side: offer.within(target_ms) / len(offer.networks) for offer in found}
    best = max(found, key=lambda offer: (shares[offer.side], -offer.side))
    if not shares[best.side]:
        fastest = min(offer.latencies_ms[0] for offer in found)
        raise InfeasibleError(
            f"no network drawn meets {target_ms} ms on {device}; the fastest takes {fastest:.3g} ms: give a target "
            "above that, or a faster device"
        )
    return [offer for offer in found if shares[offer.side] >= ENOUGH] or [best]
