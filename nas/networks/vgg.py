"""VGG-16 (arXiv:1409.1556, table 1, configuration D)."""

from dataclasses import dataclass

from nas.network import IMAGENET, ReferenceNetwork, Task, network
from nas.ops import Conv, Dropout, Linear, Op, Pool, Seq, seq

# (channels, convolutions) of each stage; a pool follows
STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


@network("vgg_16")
@dataclass(frozen=True, kw_only=True)
class VGG16(ReferenceNetwork):
    """VGG-16: thirteen 3x3 convolutions and three fully connected layers, no batch norm."""

    task: Task = IMAGENET

    def op(self) -> Seq:
        ops: list[Op] = []
        for channels, convolutions in STAGES:
            ops += [*[Conv(channels, 3, norm=False)] * convolutions, Pool(2, 2, padding=0)]
        hidden = (Linear(4096, act="relu"), Dropout(0.5))
        return seq(*ops, *hidden, *hidden, Linear(self.task.classes))
