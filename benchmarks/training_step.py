"""Claim: channels-last order in 32 bits is the fastest way to train small depthwise networks on a CPU.

Dense ones gain from it too; they alone gain more from bfloat16.

Times forward and backward of one batch for one network of each block family, in both memory formats and precisions, and
the optimizer with the moving average beside it. Best of n, as interruptions only ever add time.

Command: python benchmarks/training_step.py --batch 64 --rounds 15; results: docs/results/recipe.md
With --compile (needs a C++ compiler), the step as it is and by torch.compile, and how long the first one of that takes.
"""

import argparse
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from nas.ops import Network
from nas.ops.torch_reading.module import build
from nas.training import Recipe
from nas.training.averaging import Average
from nas.training.optimizers import optimizer
from recipe import networks

FORMATS = {"NCHW": torch.contiguous_format, "NHWC": torch.channels_last}


Clock = Callable[[], float]


def best_ms(step: Callable[[], None], rounds: int, clock: Clock = time.perf_counter) -> float:
    for _ in range(3):
        step()
    times = []
    for _ in range(rounds):
        started = clock()
        step()
        times.append(clock() - started)
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


def compiled_ms(network: Network, batch: int, rounds: int) -> tuple[float, float, float]:
    """CPU time of forward and backward of one batch, plain and compiled, and seconds of the first compiled one."""
    torch._dynamo.reset()  # noqa: SLF001 - no public name
    images = torch.randn(batch, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    images, labels = images.to(memory_format=torch.channels_last), torch.arange(batch) % 10
    module = build(network, 0).to(memory_format=torch.channels_last)

    def step(called: Callable[[Tensor], Tensor]) -> None:
        cross_entropy(called(images), labels).backward()
        module.zero_grad()

    plain = best_ms(lambda: step(module), rounds, time.process_time)
    compiled, started = torch.compile(module), time.perf_counter()
    step(compiled)
    first_s = time.perf_counter() - started
    return plain, best_ms(lambda: step(compiled), rounds, time.process_time), first_s


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--compile", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    print(f"torch {torch.__version__}, {given.threads} threads, batch {given.batch}, best of {given.rounds}, ms")
    if given.compile:
        print(f"{'network':10s} {'plain':>10s} {'compiled':>10s} {'first, s':>10s}")
        for name, network in networks().items():
            print(f"{name:10s}", *(f"{t:10.2f}" for t in compiled_ms(network, given.batch, given.rounds)), flush=True)
        return
    cases = [(layout, bf16) for bf16 in (False, True) for layout in FORMATS]
    titles = [f"{layout} {'bf16' if bf16 else 'fp32'}" for layout, bf16 in cases] + ["sgd", "adamw", "rmsprop"]
    print(f"{'network':10s}", *(f"{title:>10s}" for title in titles))
    for name, network in networks().items():
        times = [passes_ms(network, given.batch, given.rounds, layout=layout, bf16=bf16) for layout, bf16 in cases]
        times += [update_ms(network, kind, given.rounds) for kind in ("sgd", "adamw", "rmsprop")]
        print(f"{name:10s}", *(f"{t:10.2f}" for t in times), flush=True)


if __name__ == "__main__":
    main()
