"""How much signal flows through all weights at once (SynFlow: Tanaka et al., arXiv:2006.05467, equation 2)."""

from dataclasses import replace
from math import inf, log

from nas import ops
from nas.ops import Network, Op
from nas.ops.rewriting import rewritten
from nas.zero_cost import Sample, ZeroCost, zero_cost


@zero_cost("synflow")
class Synflow(ZeroCost):
    """log sum of w * dR/dw over the weights w of convolutions and linear layers.

    R is the sum of the outputs for an image of ones, with the absolute values of all weights, in double precision.
    Batch norms are left out, as they would undo what the weights scale, and activations, but for sigmoid gates, pass
    positive numbers unchanged. It reads no image. The logarithm does not change the order.
    """

    def score(self, network: Network, sample: Sample) -> float:
        import torch  # noqa: PLC0415 - specs are checked without torch

        from nas.training.initial import initial_module  # noqa: PLC0415 - as above

        net = initial_module(rewritten(network, _linear), sample.seed).double().eval()
        weights = [weight for weight in net.parameters() if weight.ndim > 1]
        with torch.no_grad():
            for weight in weights:
                weight.abs_()
        flow = net(torch.ones(1, *network.input, dtype=torch.float64)).sum()
        gradients = torch.autograd.grad(flow, weights)
        total = sum(float((w.detach() * g).sum()) for w, g in zip(weights, gradients, strict=True))
        return log(total) if total > 0 else -inf


def _linear(op: Op) -> Op:
    """The node without normalisation, and with rectifiers that pass every positive number unchanged."""
    match op:
        case ops.Conv():
            return replace(op, norm=False, act=_passing(op.act))
        case ops.Linear() | ops.Concat() | ops.Residual():
            return replace(op, act=_passing(op.act))
        case ops.BatchNorm() | ops.Activation():
            act = _passing(op.act)
            return ops.Activation(act) if act else ops.Identity()
        case ops.LocalResponseNorm():
            return ops.Identity()
    return op


def _passing(act: str | None) -> str | None:
    return act if act in {None, "sigmoid"} else "relu"
