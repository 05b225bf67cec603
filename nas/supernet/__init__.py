"""Weight sharing: one training of one bank of weights, of which every network of a space is a part.

The networks are parts of one-shot training (Bender et al., 2018; Once-for-All, arXiv:1908.09791). This module needs no
torch.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from nas.registry import described
from nas.training import FRACTION


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which networks a step of the training is of, and at which rate.

    sampling: `fair` permutes the kinds of blocks in each stage, so that each kind is trained equally often
        (FairNAS, arXiv:1907.01845); all other decisions are drawn uniformly. `uniform` draws all decisions uniformly
        (arXiv:1904.00420). `sandwich` trains the largest network, two random ones and the smallest on each batch; the
        largest learns the labels, the others its scores (BigNAS, arXiv:2003.11142, section 3.1).
    largest_first: the share of the steps, at the start, that train the largest network alone (DepS, arXiv:2407.06167).
    rate_by_size: the learning rate of smaller networks falls earlier, as they converge earlier: the share of it that
        the schedule leaves is taken to the power of 1 for the largest network up to 2 for the smallest, by the
        logarithm of their multiply-adds.
    """

    sampling: Annotated[
        Literal["fair", "uniform", "sandwich"],
        described(
            "which networks share a step: one with each kind of block as often (fair), any (uniform), or the largest, "
            "the smallest and two others on each batch, taught by the largest (sandwich: four times the time)",
            "uniform where every stage has one kind of block; sandwich in spaces of one kind and long trainings",
        ),
    ] = "fair"
    largest_first: Annotated[
        float,
        described(
            "share of the training that is of the largest network alone",
            "up to 0.5 in spaces of one kind of block; it costs the other kinds their share",
            **FRACTION,
        ),
    ] = 0.0
    rate_by_size: Annotated[
        bool,
        described(
            "lower the learning rate of small networks earlier than that of large ones",
            "where small networks are overrated: compare with some that are trained alone",
        ),
    ] = False


@dataclass(frozen=True, slots=True)
class Check:
    """Networks that are trained by themselves before the first trial, as nas.evaluator.RankCheck says."""

    check: Annotated[
        int | None,
        described(
            "networks that are trained by themselves before the first trial, to see how shared weights order them "
            "beside multiply-adds, and to correct scores by kinds of blocks where that pays; none for no check",
            "12 to 20 where trials have to be right; each costs a training of check_epochs",
            ge=8,
            le=100,
        ),
    ] = None
    check_epochs: Annotated[
        int,
        described("epochs of these trainings", "nearer to those of finalists where the time allows it", gt=0),
    ] = 2
    otherwise: Annotated[
        Literal["go_on", "stop", "train"],
        described(
            "what follows if multiply-adds order these networks as well: the search says so and goes on (go_on), ends "
            "(stop), or trains each trial for check_epochs (train)",
            "train where the time allows it, with as many trials as that lets you have",
        ),
    ] = "go_on"
