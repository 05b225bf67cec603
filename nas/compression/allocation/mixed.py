"""Which members of a network stay in 32-bit floats, for a latency: those that lose most in integers, by measurement.

The losses of members add up nearly (HAWQ-V3, arXiv:2011.10680, section 3.4), and so do their latencies but for the
changes between floats and integers, which are counted. The best choice is then a knapsack along a chain.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import kl_div, log_softmax

from nas.compression.allocation.knapsack import least_loss_of_chain
from nas.compression.device_latencies import MemberLatencies
from nas.errors import CompressionError, InfeasibleError
from nas.quantization.qdq import quantised
from nas.quantization.recipes import StaticQuantization

NANOSECONDS = 1_000_000
"""In a millisecond."""

TRIES = 5
"""Files that are measured end to end, each chosen for less if the one before was too slow."""

_ERRORS = 3


@dataclass(frozen=True, slots=True)
class Mixed:
    """A choice: whether each member stays in floats, what it takes by its members, and as one file (None: unknown)."""

    floats: tuple[bool, ...]
    summed_ms: float
    measured_ms: float | None


def losses_in_integers(
    model: bytes, how: StaticQuantization, members: Sequence[Sequence[str]], batches: Sequence[NDArray[np.float32]]
) -> list[float]:
    """The divergence of a float32 ONNX model's scores with each member alone in integers, in nats for an image.

    members: the tensors that each computes. batches: of images [n, C, H, W].
    """
    before = _scores(model, batches)
    tensors = frozenset(name for member in members for name in member)
    found = []
    for member in members:
        alone = quantised(model, replace(how, floats=tensors - set(member))) if member else model
        divergence = kl_div(_scores(alone, batches), before, reduction="sum", log_target=True)
        found.append(max(0.0, float(divergence) / len(before)))
    return found


def chosen(
    losses: Sequence[float],
    latencies: MemberLatencies,
    *,
    device: str,
    max_latency_ms: float,
    file_ms: Callable[[Sequence[bool]], float | None],
) -> Mixed:
    """The members that stay in floats for the least loss at a latency of at most so much on the device of that name.

    file_ms: what the file takes with these members in floats, measured end to end; None if it cannot be measured, and
    the sum of its members counts. Where a file is too slow, the next is chosen for less, and the last is the fastest by
    its members. CompressionError, with the least latency, if none is fast enough.
    """
    free = [0.0] * len(losses)
    least_ms = latencies.sum_ms(_least_loss(free, latencies, inf)) + len(losses) / NANOSECONDS  # what rounding may add
    budget_ms, tried = max_latency_ms, []
    for left in reversed(range(TRIES)):
        floats = _least_loss(losses, latencies, max(budget_ms, least_ms) if left else least_ms)
        summed_ms, measured_ms = latencies.sum_ms(floats), file_ms(floats)
        took_ms = summed_ms if measured_ms is None else measured_ms
        if took_ms <= max_latency_ms:
            return Mixed(floats, summed_ms, measured_ms)
        tried.append(took_ms)
        if summed_ms <= least_ms:
            break
        budget_ms = min(budget_ms * max_latency_ms / took_ms, summed_ms - 1 / NANOSECONDS)
    floats_ms = latencies.sum_ms([True] * len(losses))
    raise CompressionError(
        f"max_latency_ms: {max_latency_ms:.4g} ms are too few on {device}, where the network takes {floats_ms:.4g} ms "
        f"in floats and at least {min(tried):.4g} ms with integers: give more than that, or a narrower network"
    )


def rows(losses: Sequence[float], latencies: MemberLatencies, mixed: Mixed) -> list[Mapping[str, Any]]:
    """What was known of each member, and whether it stays in floats, as JSON values."""
    each = zip(
        losses, latencies.floats_ms, latencies.integers_ms, [*latencies.borders_ms, 0.0], mixed.floats, strict=True
    )
    return [
        {
            "member": number,
            "loss": loss,
            "floats_ms": floats_ms,
            "integers_ms": integers_ms,
            "border_ms": border_ms,
            "floats": stays,
        }
        for number, (loss, floats_ms, integers_ms, border_ms, stays) in enumerate(each)
    ]


def _least_loss(losses: Sequence[float], latencies: MemberLatencies, most_ms: float) -> tuple[bool, ...]:
    """Whether each member stays in floats, which loses nothing; of equal losses, the fastest. InfeasibleError if none
    takes at most so long.
    """
    costs = [_nanoseconds(pair) for pair in zip(latencies.integers_ms, latencies.floats_ms, strict=True)]
    between = [_nanoseconds(((0, ms), (ms, 0))) for ms in latencies.borders_ms]
    lost = [np.array([loss, 0.0]) for loss in losses]
    all_of_it = sum(int(each.sum()) for each in (*costs, *between))
    budget = round(min(NANOSECONDS * (most_ms - latencies.fixed_ms), all_of_it))
    found = least_loss_of_chain(costs, lost, between, budget)
    if found is None:
        raise InfeasibleError(f"no choice takes {most_ms:.4g} ms")
    return tuple(bool(option) for option in found)


def _nanoseconds(latencies_ms: Any) -> NDArray[np.int64]:
    found: NDArray[np.int64] = np.rint(NANOSECONDS * np.array(latencies_ms)).astype(np.int64)
    return found


def _scores(model: bytes, batches: Sequence[NDArray[np.float32]]) -> Tensor:
    """Logarithms of the probabilities [images, classes]."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = _ERRORS
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return log_softmax(torch.cat([torch.from_numpy(session.run(None, {"image": images})[0]) for images in batches]), 1)
