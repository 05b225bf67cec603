"""ShuffleNet unit: grouped pointwise convolutions with a channel shuffle between (arXiv:1707.01083, figure 2)."""

from dataclasses import dataclass

from nas.block import Block, block, choice
from nas.errors import InvalidArchitectureError
from nas.ops import Concat, Conv, Op, Pool, Residual, Shuffle, seq


@block("shuffle")
@dataclass(frozen=True)
class ShuffleUnit(Block):
    """The bottleneck has a quarter of the unit's output channels.

    Where size or channels change, the pooled input is concatenated rather than added, so the unit must widen.
    """

    groups: int = choice(2, 4)
    kernel: int = choice(3)

    def expand(self, c_in: int, c_out: int, stride: int) -> Op:
        return shuffle_unit(c_in, c_out, stride, groups=(self.groups, self.groups), kernel=self.kernel)


def shuffle_unit(c_in: int, c_out: int, stride: int, *, groups: tuple[int, int], kernel: int = 3) -> Op:
    """The unit with the groups of its first and its second pointwise convolution.

    They are equal, but for the start of ShuffleNet's stage 2, whose first has one group.
    """
    first, second = groups
    mid = c_out // 4
    if mid % second or mid == 0:
        raise InvalidArchitectureError(
            f"a shuffle unit to {c_out} channels needs c_out / 4 divisible by {second} groups"
        )
    same = stride == 1 and c_in == c_out
    branch = c_out if same else c_out - c_in
    if branch <= 0:
        raise InvalidArchitectureError(f"a shuffle unit that concatenates must widen, not go from {c_in} to {c_out}")
    body = seq(
        Conv(mid, groups=first),
        Shuffle(second),
        Conv(mid, kernel, stride, groups=mid, act=None),
        Conv(branch, groups=second, act=None),
    )
    if same:
        return Residual(body, act="relu")
    return Concat((Pool(3, stride, kind="avg"), body), act="relu")
