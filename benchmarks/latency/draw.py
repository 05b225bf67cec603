"""Which random networks the latency benchmarks look at."""

from random import Random

from nas.ops import Network
from nas.spaces import load_space


def drawn(space_name: str, count: int, seed: int) -> list[Network]:
    """Distinct random members of a space."""
    space, rng = load_space(space_name), Random(seed)
    networks: dict[Network, None] = {}
    while len(networks) < count:
        networks[space.sample(rng).architecture.expand()] = None
    return list(networks)
