"""Depthwise-separable convolution (MobileNet, arXiv:1704.04861, section 3.1)."""

from dataclasses import dataclass

from nas.block import Block, block, choice, layers, squeeze_excite, with_skip
from nas.ops import Conv, Op


@block("separable")
@dataclass(frozen=True)
class Separable(Block):
    kernel: int = choice(3, 5)
    se: float = choice(0.0)
    skip: str = choice("none", also=("identity", "pooling"))

    def expand(self, c_in: int, c_out: int, stride: int) -> Op:
        depthwise = Conv(c_in, self.kernel, stride, groups=c_in)
        body = layers(depthwise, squeeze_excite(self.se, c_in), Conv(c_out))
        return with_skip(body, self.skip, c_in, c_out, stride)
