"""Zero-cost scores: how good a network looks before it is trained, from its initial weights and a few images."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Annotated, ClassVar

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, WithJsonSchema

from nas.dataset import Dataset, Split
from nas.ops import Network
from nas.plugins import Plugins
from nas.registry import described

IMAGES = 64
"""Training images that scores are computed on."""

DIGITS = 6
"""Significant digits of a score: further ones depend on the processor and the number of threads."""


@dataclass(frozen=True)
class Sample:
    """Images to score networks on, mean and deviation of the channels in their data set, and the seed of weights."""

    split: Split
    moments: tuple[tuple[float, ...], tuple[float, ...]]
    seed: int

    @classmethod
    def of(cls, images: Dataset, seed: int, count: int = IMAGES) -> "Sample":
        """So many of the training images, or all if there are fewer, drawn by the seed."""
        drawn = np.random.default_rng((seed, count)).permutation(len(images.train))[:count]
        return cls(images.train[drawn], (images.mean, images.std), seed)


class ZeroCost(ABC):
    """A score of untrained networks, without a unit; higher is better. Scores have no state.

    It depends on the network and the sample alone. nas.training.initial has what scores are computed from; torch is
    imported where it is used, so that specs are checked without it.
    """

    name: ClassVar[str]

    @abstractmethod
    def score(self, network: Network, sample: Sample) -> float:
        """The score; a number that is not finite where it says nothing of the network."""


zero_cost: Plugins[ZeroCost] = Plugins("zero-cost score", "nas.zero_costs")


def zero_cost_scores(networks: Sequence[Network], names: Sequence[str], sample: Sample) -> list[Mapping[str, float]]:
    """The scores of each network by name, with DIGITS significant digits; without those that say nothing of it.

    UnknownNameError lists the known names.
    """
    scores = [zero_cost.make(name) for name in names]
    return [_finite({score.name: score.score(network, sample) for score in scores}) for network in networks]


def _finite(found: Mapping[str, float]) -> Mapping[str, float]:
    return {name: float(f"{value:.{DIGITS}g}") for name, value in found.items() if isfinite(value)}


def _check_names(names: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [name for name in names if name not in [*zero_cost]]
    if unknown or len({*names}) < len(names):
        what = f"no zero-cost score is named {unknown[0]!r}" if unknown else "a score is named twice"
        raise ValueError(f"{what}; there are: {', '.join(zero_cost)}")
    return names


class ZeroCostUse(BaseModel):
    """What a search does with zero-cost scores. Trials have them among their metrics, and reports say how well they
    order the trials.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    scores: Annotated[
        tuple[str, ...],
        described(
            "the scores that each trial gets", "those that order the trials of a first search best", min_length=1
        ),
        AfterValidator(_check_names),
        WithJsonSchema({"type": "array", "items": {"type": "string", "enum": [*zero_cost]}, "minItems": 1}),
    ] = ("naswot", "synflow")
    pre_filter: Annotated[
        int,
        described(
            "of so many proposals of similar cost, the one whose scores are best is trained; 1 trains each proposal",
            "4 where scores order networks better than their multiply-adds do",
            ge=1,
            le=32,
            strict=True,
        ),
    ] = 1
    sample: Annotated[
        int,
        described(
            "random networks that are scored when the search begins, so that `predictor`, and `auto`, learn what looks "
            "good in the space; 0 for none",
            "0 where the trials of a first search show that scores tell nothing",
            ge=0,
            le=2000,
            strict=True,
        ),
    ] = 200
