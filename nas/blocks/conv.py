"""Plain convolution, the first of MnasNet's convolution operations (arXiv:1807.11626, section 4.1)."""

from dataclasses import dataclass

from nas.block import Block, block, choice, layers, squeeze_excite, with_skip
from nas.ops import Conv, Op


@block("conv")
@dataclass(frozen=True)
class Convolution(Block):
    kernel: int = choice(3, 5)
    se: float = choice(0.0)
    skip: str = choice("none", also=("identity", "pooling"))

    def expand(self, c_in: int, c_out: int, stride: int) -> Op:
        body = layers(Conv(c_out, self.kernel, stride), squeeze_excite(self.se, c_in))
        return with_skip(body, self.skip, c_in, c_out, stride)
