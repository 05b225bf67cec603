"""What the steps of a run work with."""

from collections.abc import Callable
from dataclasses import dataclass

from latency_db.estimate import Estimator
from nas.dataset import Dataset
from nas.ops import Network
from nas.ops.cost import network_cost
from nas.spec import SearchSpec
from nas.trial import Metrics
from workers.executor import Executor
from workers.folder import RunFolder
from workers.tasks import Setup
from workers.watch import Watch


@dataclass(frozen=True, slots=True)
class Bench:
    """One run's spec, folder and tools; setup is what its workers need to know."""

    spec: SearchSpec
    folder: RunFolder
    watch: Watch
    images: Dataset
    estimator: Estimator
    pool: Executor
    setup: Setup


def sizes(network: Network) -> dict[str, float]:
    """The metrics that follow from the expression alone."""
    cost = network_cost(network)
    return {
        "params": cost.params,
        "macs": cost.macs,
        "size_bytes": cost.size_bytes,
        "peak_memory_bytes": cost.peak_memory_bytes,
    }


def epoch_bar(watch: Watch, what: str, epochs: int) -> Callable[[int, Metrics], None]:
    """A report that draws the epochs of one training."""
    return lambda epoch, _: watch.step(what, epoch, max(epoch, epochs))
