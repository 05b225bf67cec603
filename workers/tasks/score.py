"""Score untrained networks on images of a search."""

from collections.abc import Mapping, Sequence

from nas.dataset import Dataset
from nas.ops.notation import read_network
from nas.trial import Report
from nas.zero_cost import Sample, zero_cost_scores
from workers.tasks.train import Setup, images_of, memory_errors


def score(
    setup: Setup,
    shared: Dataset | None,
    notations: Sequence[str],
    names: Sequence[str],
    *,
    report: Report,  # noqa: ARG001 - a task
) -> list[Mapping[str, float]]:
    """The zero-cost scores of these names for each network, without those that say nothing of it."""
    import torch  # noqa: PLC0415 - the parent, which imports this module too, has no need of torch

    torch.set_num_threads(setup.threads)
    with memory_errors():
        sample = Sample.of(images_of(setup, shared), setup.seed)
        return zero_cost_scores([read_network(notation) for notation in notations], names, sample)
