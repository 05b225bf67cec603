"""AlexNet (Krizhevsky et al., 2012) on one device with two groups, as Caffe ships it and SqueezeNet compares with."""

from dataclasses import dataclass

from nas.network import Task, WithStem, network
from nas.ops import Conv, Dropout, Linear, LocalResponseNorm, Pool, Seq, seq

TASK = Task(resolution=227)


@network("alexnet")
@dataclass(frozen=True, kw_only=True)
class AlexNet(WithStem):
    """AlexNet, three of its convolutions in two groups.

    Response normalisation has Caffe's bias of 1; the paper has 2.
    """

    published_stride = 4

    task: Task = TASK

    def op(self) -> Seq:
        pool = Pool(3, 2, padding=0, ceil=True)
        norm = LocalResponseNorm(5, alpha=1e-4, beta=0.75, bias=1.0)
        return seq(
            Conv(96, 11, self.stride, padding=0, norm=False),
            norm,
            pool,
            Conv(256, 5, groups=2, norm=False),
            norm,
            pool,
            Conv(384, 3, norm=False),
            Conv(384, 3, groups=2, norm=False),
            Conv(256, 3, groups=2, norm=False),
            pool,
            Linear(4096, act="relu"),
            Dropout(0.5),
            Linear(4096, act="relu"),
            Dropout(0.5),
            Linear(self.task.classes),
        )
