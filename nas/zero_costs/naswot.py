"""How differently rectifiers react to different images (NASWOT: Mellor et al., arXiv:2006.04647v3, section 3)."""

import numpy as np

from nas.ops import Network
from nas.zero_cost import Sample, ZeroCost, zero_cost


@zero_cost("naswot")
class Naswot(ZeroCost):
    """log |det K|, where K[i, j] is the number of rectifiers that images i and j both switch on, or both off.

    Rectifiers are all activations but sigmoid; each value of their input counts. It is -inf for a network without any,
    and where two images are not told apart.
    """

    def score(self, network: Network, sample: Sample) -> float:
        import torch  # noqa: PLC0415 - specs are checked without torch

        from nas.ops.torch_reading.activations import RECTIFIERS  # noqa: PLC0415 - as above
        from nas.training.initial import initial_module, inputs  # noqa: PLC0415 - as above

        net = initial_module(network, sample.seed)
        images = inputs(network, sample.split, sample.moments)
        kernel = np.zeros((len(images), len(images)))

        def add(_module: object, given: tuple[torch.Tensor, ...]) -> None:
            on = (given[0] > 0).flatten(1).float()
            off = 1 - on
            kernel.__iadd__((on @ on.T + off @ off.T).numpy())

        for part in net.modules():
            if isinstance(part, RECTIFIERS):
                part.register_forward_pre_hook(add)
        with torch.no_grad():
            net(images)
        return float(np.linalg.slogdet(kernel).logabsdet)
