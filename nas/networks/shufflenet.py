"""ShuffleNet (arXiv:1707.01083, table 1) for every number of groups and any scale of its channels."""

from dataclasses import dataclass
from itertools import count
from math import ceil
from typing import Annotated, Literal

from pydantic import Field

from nas.blocks.shuffle import shuffle_unit
from nas.network import IMAGENET, Task, Width, WithStem, network
from nas.ops import Conv, GlobalPool, Linear, Op, Pool, Seq, seq

STEM = 24
STAGE_2 = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}
"""Output channels of stage 2 by groups; stages 3 and 4 double them."""
UNITS = (4, 8, 4)


@network("shufflenet")
@dataclass(frozen=True, kw_only=True)
class ShuffleNet(WithStem):
    """ShuffleNet: grouped pointwise convolutions with a channel shuffle between them.

    Scaled stages are rounded up until their bottlenecks, a quarter of them, divide into the groups. A
    stem of a smaller stride has no pool; with 1, its convolution keeps the resolution too.
    """

    published_stride = 4

    groups: Annotated[Literal[1, 2, 3, 4, 8], Field(description="groups of the pointwise convolutions")] = 3
    width: Width = 1.0
    task: Task = IMAGENET

    def op(self) -> Seq:
        c = self._stem()
        ops: list[Op] = [
            Conv(c, 3, min(self.stride, 2)),
            *([Pool(3, 2)] if self.stride == self.published_stride else []),
        ]
        for stage, units in enumerate(UNITS):
            for unit in range(units):
                c_in, c = c, self._stage(stage)
                # The first pointwise convolution has too few input channels for groups (section 3.3).
                first = 1 if stage == unit == 0 else self.groups
                ops.append(shuffle_unit(c_in, c, 1 if unit else 2, groups=(first, self.groups)))
        ops.append(seq(GlobalPool(), Linear(self.task.classes)))
        return seq(*ops)

    def _stage(self, stage: int) -> int:
        divisor = 4 * self.groups
        channels = STAGE_2[self.groups] << stage
        return ceil(channels * self.width / divisor) * divisor

    def _stem(self) -> int:
        """Channels of the first convolution: above scale 1 they grow by whole multiples, as released by the authors.

        They are raised until the channels that the first unit adds to them divide into the groups.
        """
        scaled = STEM * (int(self.width) if self.width >= 1 else self.width)
        return next(c for c in count(max(1, ceil(scaled))) if (self._stage(0) - c) % self.groups == 0)
