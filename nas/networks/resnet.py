"""Residual networks for CIFAR (arXiv:1512.03385, section 4.2) with parameter-free shortcuts (option A)."""

from dataclasses import dataclass
from typing import ClassVar

from nas.network import CIFAR, ReferenceNetwork, Task, network
from nas.ops import Conv, GlobalPool, Linear, Op, PadChannels, Pool, Residual, Seq, seq


@dataclass(frozen=True, kw_only=True)
class CifarResNet(ReferenceNetwork):
    """6 n + 2 layers: three stages of n units of 16, 32 and 64 channels."""

    units: ClassVar[int]

    task: Task = CIFAR

    def op(self) -> Seq:
        ops: list[Op] = [Conv(16, 3)]
        for stage, channels in enumerate((16, 32, 64)):
            ops += [_unit(channels, narrower=stage > 0 and unit == 0) for unit in range(self.units)]
        ops.append(seq(GlobalPool(), Linear(self.task.classes)))
        return seq(*ops)


def _unit(channels: int, *, narrower: bool) -> Residual:
    """Two convolutions around a shortcut; one that comes from narrower channels takes every second pixel."""
    body = seq(Conv(channels, 3, 2 if narrower else 1), Conv(channels, 3, act=None))
    if not narrower:
        return Residual(body, act="relu")
    return Residual(body, seq(Pool(1, 2), PadChannels(channels)), act="relu")


@network("resnet_20")
class ResNet20(CifarResNet):
    """ResNet-20 for 32 px images."""

    units = 3


@network("resnet_32")
class ResNet32(CifarResNet):
    """ResNet-32 for 32 px images."""

    units = 5


@network("resnet_44")
class ResNet44(CifarResNet):
    """ResNet-44 for 32 px images."""

    units = 7


@network("resnet_56")
class ResNet56(CifarResNet):
    """ResNet-56 for 32 px images."""

    units = 9
