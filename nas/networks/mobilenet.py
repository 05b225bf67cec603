"""MobileNet (arXiv:1704.04861, table 1) and MobileNetV2 (arXiv:1801.04381, table 2) at any width and resolution."""

from dataclasses import dataclass

from nas.block import round_channels
from nas.blocks.mbconv import MBConv
from nas.blocks.separable import Separable
from nas.network import IMAGENET, Task, Width, WithStem, network
from nas.ops import Conv, GlobalPool, Linear, Op, Seq, seq

# (channels, stride) of each depthwise-separable convolution
V1_LAYERS = (
    (64, 1),
    *((128, 2), (128, 1)),
    *((256, 2), (256, 1)),
    *((512, 2), *((512, 1),) * 5),
    *((1024, 2), (1024, 1)),
)

# (expansion t, channels c, layers n, stride s of the first layer)
V2_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


@network("mobilenetv1")
@dataclass(frozen=True, kw_only=True)
class MobileNetV1(WithStem):
    """MobileNet: depthwise-separable convolutions.

    Scaled channels are cut to whole numbers, 8 at least, as in the authors' release.
    """

    published_stride = 2

    width: Width = 1.0
    task: Task = IMAGENET

    def op(self) -> Seq:
        c = self._scaled(32)
        ops: list[Op] = [Conv(c, 3, self.stride)]
        for channels, stride in V1_LAYERS:
            c_in, c = c, self._scaled(channels)
            ops.append(Separable(kernel=3).expand(c_in, c, stride))
        head = seq(GlobalPool(), Linear(self.task.classes))
        return seq(*ops, head)

    def _scaled(self, channels: int) -> int:
        return max(8, int(channels * self.width))


@network("mobilenetv2")
@dataclass(frozen=True, kw_only=True)
class MobileNetV2(WithStem):
    """MobileNetV2: inverted residuals with linear bottlenecks.

    Scaled channels are rounded to multiples of 8; the last convolution is scaled up, never down (section 5).
    """

    published_stride = 2

    width: Width = 1.0
    task: Task = IMAGENET

    def op(self) -> Seq:
        c = round_channels(32 * self.width)
        ops: list[Op] = [Conv(c, 3, self.stride, act="relu6")]
        for expansion, channels, repeats, stride in V2_STAGES:
            block = MBConv(expansion=expansion, kernel=3, act="relu6")
            for layer in range(repeats):
                c_in, c = c, round_channels(channels * self.width)
                ops.append(block.expand(c_in, c, stride if layer == 0 else 1))
        ops.append(Conv(round_channels(1280 * max(1.0, self.width)), act="relu6"))
        ops.append(seq(GlobalPool(), Linear(self.task.classes)))
        return seq(*ops)
