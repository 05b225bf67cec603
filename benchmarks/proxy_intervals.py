"""How often the 95 % interval of a proxy check's tau holds, and how wide it is.

Claim: 95 to 98 % for 10 and 20 networks. Networks are drawn from a normal distribution of two scores with a known tau.
Machine and versions: docs/results/proxy_check.md. n: 1,000 checks a row.

python benchmarks/proxy_intervals.py [--repeats 1000]
"""

import argparse

import numpy as np

from nas.proxy.ranks import agreement


def held(count: int, tau: float, repeats: int, rng: np.random.Generator) -> tuple[float, float]:
    """The share of intervals that hold the true tau, and their mean width."""
    correlation = np.sin(np.pi * tau / 2)  # of normal scores with this tau
    hits = width = 0.0
    for seed in range(repeats):
        proxy = rng.normal(size=count)
        longer = correlation * proxy + np.sqrt(1 - correlation**2) * rng.normal(size=count)
        found = agreement(proxy, longer, rng.normal(size=count), seed=seed).tau
        if found is not None:
            hits += found.low <= tau <= found.high
            width += found.high - found.low
    return hits / repeats, width / repeats


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=1000)
    repeats, rng = parser.parse_args().repeats, np.random.default_rng(0)
    print("networks  tau   held  width")
    for count in (10, 20):
        for tau in (0.0, 0.3, 0.6, 0.8):
            share, width = held(count, tau, repeats, rng)
            print(f"{count:8}  {tau:.1f}  {share:.3f}   {width:.2f}")


if __name__ == "__main__":
    main()
