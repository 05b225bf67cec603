"""SqueezeNet 1.0 (arXiv:1602.07360, table 1) and its authors' cheaper revision 1.1: no batch norm, ceiling pools."""

from dataclasses import dataclass, replace
from typing import ClassVar

from nas.blocks.fire import fire
from nas.network import IMAGENET, Task, WithStem, network
from nas.ops import Conv, Dropout, GlobalPool, Op, Pool, Seq, seq

POOL = Pool(3, 2, padding=0, ceil=True)


@dataclass(frozen=True, kw_only=True)
class SqueezeNet(WithStem):
    published_stride = 4

    stem: ClassVar[Conv]
    features: ClassVar[tuple[Op, ...]]
    """All after the first pool, which ends the stem; a stem of a smaller stride has no pool."""

    task: Task = IMAGENET

    def op(self) -> Seq:
        head = (Dropout(0.5), Conv(self.task.classes, norm=False), GlobalPool())
        stem = replace(self.stem, stride=min(self.stride, 2))
        pool = (POOL,) if self.stride == self.published_stride else ()
        return seq(stem, *pool, *self.features, *head)


def _fires(*modules: tuple[int, int]) -> tuple[Op, ...]:
    """Fire modules of (squeezed, expanded) channels."""
    return tuple(fire(squeezed, expanded, norm=False) for squeezed, expanded in modules)


@network("squeezenet_1_0")
class SqueezeNet10(SqueezeNet):
    """SqueezeNet 1.0: fire modules, AlexNet's accuracy with a fiftieth of its parameters."""

    stem = Conv(96, 7, 2, padding=0, norm=False)
    features = (
        *_fires((16, 64), (16, 64), (32, 128)),
        POOL,
        *_fires((32, 128), (48, 192), (48, 192), (64, 256)),
        POOL,
        *_fires((64, 256)),
    )


@network("squeezenet_1_1")
class SqueezeNet11(SqueezeNet):
    """SqueezeNet 1.1: a smaller stem and earlier pools, for fewer than half of the multiply-adds."""

    stem = Conv(64, 3, 2, padding=0, norm=False)
    features = (
        *_fires((16, 64), (16, 64)),
        POOL,
        *_fires((32, 128), (32, 128)),
        POOL,
        *_fires((48, 192), (48, 192), (64, 256), (64, 256)),
    )
