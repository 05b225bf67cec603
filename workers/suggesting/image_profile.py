"""What a space costs on a data set, one resolution after the other: networks, kernels, latency, a trial's seconds."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from time import monotonic
from typing import Any

from latency_db.profiling.kernel_frequencies import kernel_frequencies
from latency_db.profiling.measurer import Measurer
from latency_db.profiling.space_profile import profile_latency, profile_space
from nas.dataset import Outline
from nas.ops.cost import network_cost
from nas.ops.notation import write_network
from nas.space import SearchSpace
from nas.training import Recipe
from nas.trial import unheard
from workers.executing.executor import Executor
from workers.tasks.time_training import time_training

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """count, seed: of the random networks. budget_s: to measure kernels with, at all resolutions together. recipe: of a
    trial. measurer: of the device, None for no latencies.
    """

    count: int
    seed: int
    budget_s: float
    recipe: Recipe
    measurer: Measurer | None


def image_profile(
    space: SearchSpace, images: Outline, asked: Asked, pool: Executor, say: Say
) -> Iterator[dict[str, Any]]:
    """A row for each resolution; space: for these images. The network with the median multiply-adds is trained, for
    seconds; trial_s is of a trial on all training images.
    """
    for side in space.resolution:
        at = replace(space, resolution=(side,))
        say(f"{side} px: costs of {asked.count} networks")
        found = profile_space(at, asked.count, asked.seed)
        middle = sorted(found.networks, key=lambda network: network_cost(network).macs)[len(found.networks) // 2]
        frequencies = kernel_frequencies(at)
        row: dict[str, Any] = {
            "resolution": side,
            "params": asdict(found.params),
            "macs": asdict(found.macs),
            "kernels": len(frequencies),
        }
        if asked.measurer:
            say(f"{side} px: measuring kernels")
            row |= _latency(asked.measurer, found.networks, asked.budget_s / len(space.resolution))
            missing = len(asked.measurer.estimator.unmeasured(frequencies))
            kernel_s = row.pop("kernel_s")
            row |= {"kernels_missing": missing, "measuring_s": kernel_s and kernel_s * missing}
        say(f"{side} px: timing a training")
        timed = pool.submit(time_training, write_network(middle), asked.recipe, pool.threads, report=unheard)
        epoch_s = timed.result().epoch_s(images.train, images.validation)
        yield row | {"epoch_s": epoch_s, "trial_s": asked.recipe.epochs * epoch_s}


def _latency(measurer: Measurer, networks: Any, budget_s: float) -> dict[str, Any]:
    """Latencies, and the seconds that a kernel took to measure; None where none was measured."""
    began = monotonic()
    latency = profile_latency(measurer, networks, budget_s=budget_s)
    kernel_s = (monotonic() - began) / latency.measured_now if latency.measured_now else None
    return {"latency_ms": asdict(latency.latency_ms), "latency_networks": latency.networks, "kernel_s": kernel_s}
