"""How large and how steady the gradients of the first step are (ZiCo: Li et al., arXiv:2301.11300, definition 1)."""

from math import inf

from nas.ops import Network
from nas.zero_cost import Sample, ZeroCost, zero_cost

BATCHES = 4
"""Parts of the sample between which gradients are compared; two in the paper's code."""


@zero_cost("zico")
class Zico(ZeroCost):
    """Sum over convolutions and linear layers of log sum over their weights of mean |g| / deviation of |g|.

    g are the gradients of the cross-entropy on BATCHES parts of the sample, at the initial weights. A weight whose
    gradient is the same on all parts is left out, and so is a layer without others; -inf if no layer is left.
    """

    def score(self, network: Network, sample: Sample) -> float:
        import torch  # noqa: PLC0415 - specs are checked without torch
        from torch.nn.functional import cross_entropy  # noqa: PLC0415 - as above

        from nas.training.initial import initial_module, inputs  # noqa: PLC0415 - as above

        net = initial_module(network, sample.seed)
        images = inputs(network, sample.split, sample.moments)
        labels = torch.from_numpy(sample.split.labels)
        weights = [weight for weight in net.parameters() if weight.ndim > 1]
        count = max(1, min(BATCHES, len(labels) // 2))  # batch norms need two images
        parts = zip(images.chunk(count), labels.chunk(count), strict=True)
        found = [torch.autograd.grad(cross_entropy(net(x), y), weights) for x, y in parts]
        layers = []
        for gradients in zip(*found, strict=True):
            sizes = torch.stack(gradients).abs().double()
            mean, deviation = sizes.mean(0), sizes.std(0, correction=0)
            layers.append((mean / deviation)[deviation > 0].sum())
        logs = [float(total.log()) for total in layers if total > 0]
        return sum(logs) if logs else -inf
