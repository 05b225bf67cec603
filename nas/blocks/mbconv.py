"""Mobile inverted bottleneck (MobileNetV2, arXiv:1801.04381, table 1), with MnasNet's squeeze-and-excitation."""

from dataclasses import dataclass

from nas.block import Block, block, choice, layers, squeeze_excite, with_skip
from nas.ops import Conv, Op


@block("mbconv")
@dataclass(frozen=True)
class MBConv(Block):
    """expansion 1 leaves the expanding convolution out."""

    expansion: int = choice(3, 6)
    kernel: int = choice(3, 5)
    se: float = choice(0.0)
    skip: str = choice("identity", also=("pooling", "none"))
    act: str = choice("relu", also=("relu6", "hswish"))

    def expand(self, c_in: int, c_out: int, stride: int) -> Op:
        mid = c_in * self.expansion
        expand = (Conv(mid, act=self.act),) if self.expansion > 1 else ()
        depthwise = Conv(mid, self.kernel, stride, groups=mid, act=self.act)
        body = layers(expand, depthwise, squeeze_excite(self.se, c_in), Conv(c_out, act=None))
        return with_skip(body, self.skip, c_in, c_out, stride)
