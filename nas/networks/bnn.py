"""The networks of signs of the BNN paper (arXiv:1602.02830, section 2): a perceptron, and a ConvNet for CIFAR-10."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from nas.network import CIFAR, MNIST, ReferenceNetwork, Task, Width, network
from nas.ops import BatchNorm, Conv, Dropout, Linear, Op, Pool, Seq, seq
from nas.ops.limits import MAX_OPTION

Rate = Annotated[float, Field(ge=0, lt=1)]

STAGES = (128, 256, 512)
"""Channels of the two convolutions of each stage; a pool comes before the second batch norm."""
HIDDEN = 1024


@network("bnn_mlp")
@dataclass(frozen=True, kw_only=True)
class BinaryPerceptron(ReferenceNetwork):
    """Three hidden layers of signs: 4096 wide with dropout of 0.2 and 0.5, or 2048 wide without, in the paper."""

    hidden: Annotated[int, Field(ge=1, le=MAX_OPTION, description="numbers in each hidden layer")] = 4096
    input_dropout: Annotated[Rate, Field(description="dropout of the pixels")] = 0.2
    dropout: Annotated[Rate, Field(description="dropout of the hidden layers")] = 0.5
    task: Task = MNIST

    def op(self) -> Seq:
        ops: list[Op] = _dropped(self.input_dropout)
        for _ in range(3):
            ops += [Linear(self.hidden), BatchNorm("sign"), *_dropped(self.dropout)]
        return seq(*ops, Linear(self.task.classes), BatchNorm())


@network("bnn_cifar10")
@dataclass(frozen=True, kw_only=True)
class BinaryConvNet(ReferenceNetwork):
    """Six convolutions and two hidden layers of signs; the largest value of a pool is taken before the sign."""

    width: Width = 1.0
    task: Task = CIFAR

    def op(self) -> Seq:
        ops: list[Op] = []
        for channels in map(self._scaled, STAGES):
            conv = Conv(channels, 3, norm=False, act=None)
            ops += [conv, BatchNorm("sign"), conv, Pool(2, 2, padding=0), BatchNorm("sign")]
        hidden = (Linear(self._scaled(HIDDEN)), BatchNorm("sign"))
        return seq(*ops, *hidden, *hidden, Linear(self.task.classes), BatchNorm())

    def _scaled(self, numbers: int) -> int:
        return max(1, round(numbers * self.width))


def _dropped(rate: float) -> list[Op]:
    return [Dropout(rate)] if rate else []
