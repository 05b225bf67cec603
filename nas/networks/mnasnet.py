"""MnasNet-A1, -B1 and -small as searched (arXiv:1807.11626, figure 7) and released by the authors."""

from dataclasses import asdict, dataclass, replace
from typing import ClassVar

from nas.architecture import Architecture, Stage, Stem
from nas.block import round_channels
from nas.blocks.mbconv import MBConv
from nas.network import IMAGENET, Task, Width, WithStem, network
from nas.ops import Seq


@dataclass(frozen=True, kw_only=True)
class MnasNet(WithStem):
    """Channels of the stem and the stages are scaled and rounded to multiples of 8; the head of 1280 is not scaled."""

    published_stride = 2
    stem: ClassVar[int] = 32
    stages: ClassVar[tuple[Stage, ...]]

    width: Width = 1.0
    task: Task = IMAGENET

    def op(self) -> Seq:
        stem = Stem(round_channels(self.stem * self.width), stride=self.stride)
        stages = tuple(replace(stage, width=round_channels(stage.width * self.width)) for stage in self.stages)
        return Architecture(**asdict(self.task), stem=stem, stages=stages, head=1280).expand().op


@network("mnasnet_a1")
class MnasNetA1(MnasNet):
    """MnasNet-A1: with squeeze-and-excitation."""

    stages = (
        Stage(MBConv(expansion=1, kernel=3, skip="none"), layers=1, width=16, stride=1),
        Stage(MBConv(expansion=6, kernel=3), layers=2, width=24, stride=2),
        Stage(MBConv(expansion=3, kernel=5, se=0.25), layers=3, width=40, stride=2),
        Stage(MBConv(expansion=6, kernel=3), layers=4, width=80, stride=2),
        Stage(MBConv(expansion=6, kernel=3, se=0.25), layers=2, width=112, stride=1),
        Stage(MBConv(expansion=6, kernel=5, se=0.25), layers=3, width=160, stride=2),
        Stage(MBConv(expansion=6, kernel=3), layers=1, width=320, stride=1),
    )


@network("mnasnet_b1")
class MnasNetB1(MnasNet):
    """MnasNet-B1: without squeeze-and-excitation."""

    stages = (
        Stage(MBConv(expansion=1, kernel=3, skip="none"), layers=1, width=16, stride=1),
        Stage(MBConv(expansion=3, kernel=3), layers=3, width=24, stride=2),
        Stage(MBConv(expansion=3, kernel=5), layers=3, width=40, stride=2),
        Stage(MBConv(expansion=6, kernel=5), layers=3, width=80, stride=2),
        Stage(MBConv(expansion=6, kernel=3), layers=2, width=96, stride=1),
        Stage(MBConv(expansion=6, kernel=5), layers=4, width=192, stride=2),
        Stage(MBConv(expansion=6, kernel=3, skip="none"), layers=1, width=320, stride=1),
    )


@network("mnasnet_small")
class MnasNetSmall(MnasNet):
    """MnasNet-small: searched for a quarter of the multiply-adds."""

    stem = 8
    stages = (
        Stage(MBConv(expansion=1, kernel=3, skip="none"), layers=1, width=8, stride=1),
        Stage(MBConv(expansion=3, kernel=3), layers=1, width=16, stride=2),
        Stage(MBConv(expansion=6, kernel=3), layers=2, width=16, stride=2),
        Stage(MBConv(expansion=6, kernel=5, se=0.25), layers=4, width=32, stride=2),
        Stage(MBConv(expansion=6, kernel=3, se=0.25), layers=3, width=32, stride=1),
        Stage(MBConv(expansion=6, kernel=5, se=0.25), layers=3, width=88, stride=2),
        Stage(MBConv(expansion=6, kernel=3), layers=1, width=144, stride=1),
    )
