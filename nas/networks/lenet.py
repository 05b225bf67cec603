"""LeNet-300-100 and LeNet-5 (LeCun et al., 1998) in the form that Caffe ships and Deep Compression compresses."""

from dataclasses import dataclass

from nas.network import MNIST, ReferenceNetwork, Task, network
from nas.ops import Conv, Linear, Pool, Seq, seq


@network("lenet_300_100")
@dataclass(frozen=True, kw_only=True)
class LeNet300100(ReferenceNetwork):
    """LeNet-300-100: two hidden layers, no convolution."""

    task: Task = MNIST

    def op(self) -> Seq:
        return seq(Linear(300, act="relu"), Linear(100, act="relu"), Linear(self.task.classes))


@network("lenet_5")
@dataclass(frozen=True, kw_only=True)
class LeNet5(ReferenceNetwork):
    """LeNet-5 with 20 and 50 channels; the convolutions are linear, the hidden layer of 500 is rectified."""

    task: Task = MNIST

    def op(self) -> Seq:
        pool = Pool(2, 2, padding=0)
        return seq(
            Conv(20, 5, padding=0, norm=False, act=None),
            pool,
            Conv(50, 5, padding=0, norm=False, act=None),
            pool,
            Linear(500, act="relu"),
            Linear(self.task.classes),
        )
