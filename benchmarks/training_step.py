"""Claim: channels-last order in 32 bits is the fastest way to train small depthwise networks on a CPU.

Dense ones gain from it too; they alone gain more from bfloat16.

Times forward and backward of one batch for one network of each block family, in both memory formats and precisions, and
the optimizer with the moving average beside it. Best of n, as interruptions only ever add time.

Command: python benchmarks/training_step.py --batch 64 --rounds 15; results: docs/results/recipe.md
"""

import argparse
import time
from collections.abc import Callable

import torch
from torch.nn.functional import cross_entropy

from nas.ops import Network
from nas.ops.torch_reading.module import build
from nas.training import Recipe
from nas.training.averaging import Average
from nas.training.optimizers import optimizer
from recipe import networks

FORMATS = {"NCHW": torch.contiguous_format, "NHWC": torch.channels_last}


def best_ms(step: Callable[[], None], rounds: int) -> float:
    for _ in range(3):
        step()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        step()
        times.append(time.perf_counter() - started)
    return 1000 * min(times)


def passes_ms(network: Network, batch: int, rounds: int, *, layout: str, bf16: bool) -> float:
    """Forward and backward of one batch."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(batch, 1, 28, 28, generator=generator).to(memory_format=FORMATS[layout])
    labels = torch.randint(10, (batch,), generator=generator)
    module = build(network, 0).to(memory_format=FORMATS[layout])

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            scores = module(images)
        cross_entropy(scores.float(), labels).backward()
        module.zero_grad()

    return best_ms(step, rounds)


def update_ms(network: Network, name: str, rounds: int) -> float:
    """Optimizer step and update of the average."""
    module = build(network, 0)
    recipe = Recipe(optimizer=name)
    made, average = optimizer(module, recipe), Average(module, 0.99)
    for parameter in module.parameters():
        parameter.grad = torch.zeros_like(parameter)

    def step() -> None:
        made.step()
        average.update(1)

    return best_ms(step, rounds)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    print(f"torch {torch.__version__}, {given.threads} threads, batch {given.batch}, best of {given.rounds}, ms")
    cases = [(layout, bf16) for bf16 in (False, True) for layout in FORMATS]
    titles = [f"{layout} {'bf16' if bf16 else 'fp32'}" for layout, bf16 in cases] + ["sgd", "adamw", "rmsprop"]
    print(f"{'network':10s}", *(f"{title:>10s}" for title in titles))
    for name, network in networks().items():
        times = [passes_ms(network, given.batch, given.rounds, layout=layout, bf16=bf16) for layout, bf16 in cases]
        times += [update_ms(network, kind, given.rounds) for kind in ("sgd", "adamw", "rmsprop")]
        print(f"{name:10s}", *(f"{t:10.2f}" for t in times), flush=True)


if __name__ == "__main__":
    main()
