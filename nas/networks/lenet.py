"""LeNet-300-100 and LeNet-5 (LeCun et al., 1998) in the form that Caffe ships and Deep Compression compresses."""

from dataclasses import dataclass

from nas.network import Channels, Classes, ReferenceNetwork, Resolution, network
from nas.ops import Conv, Linear, Network, Pool, Shape, seq


@network("lenet_300_100")
@dataclass(frozen=True, kw_only=True)
class LeNet300100(ReferenceNetwork):
    """LeNet-300-100: two hidden layers, no convolution."""

    resolution: Resolution = 28
    channels: Channels = 1
    classes: Classes = 10

    def expand(self) -> Network:
        op = seq(Linear(300, act="relu"), Linear(100, act="relu"), Linear(self.classes))
        return Network(op, Shape(self.channels, self.resolution, self.resolution))


@network("lenet_5")
@dataclass(frozen=True, kw_only=True)
class LeNet5(ReferenceNetwork):
    """LeNet-5 with 20 and 50 channels; the convolutions are linear, the hidden layer of 500 is rectified."""

    resolution: Resolution = 28
    channels: Channels = 1
    classes: Classes = 10

    def expand(self) -> Network:
        pool = Pool(2, 2, padding=0)
        op = seq(
            Conv(20, 5, padding=0, norm=False, act=None),
            pool,
            Conv(50, 5, padding=0, norm=False, act=None),
            pool,
            Linear(500, act="relu"),
            Linear(self.classes),
        )
        return Network(op, Shape(self.channels, self.resolution, self.resolution))
