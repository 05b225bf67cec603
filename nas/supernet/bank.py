"""The shared weights as torch parameters, and the networks that take their weights from them."""

from collections.abc import Mapping
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.func import functional_call

from nas.ops import Network, Op, Shape
from nas.ops.torch_reading.module import build, module
from nas.space import SearchSpace
from nas.supernet.roles import Roles
from nas.supernet.sharing import KERNEL, Share, Sizes, stored_shape
from nas.supernet.sizes import tensor_sizes
from nas.training.batches import resized

LAYERS = 2048
"""Layers whose modules are kept: those of a space of mixed kinds, as networks share most of them."""


class Bank:
    """Shared tensors by key, and any network's weights as views of them or as copies of what is no view.

    Sizes are as in nas.supernet.sharing; tensors have the shapes of torch's parameters.
    """

    def __init__(self, roles: Roles, sizes: Mapping[str, Sizes], tensors: Mapping[str, Tensor]) -> None:
        self.roles, self.sizes, self.tensors = roles, sizes, tensors

    def weights(self, network: Network) -> dict[str, Tensor]:
        """The network's parameters by their paths in the torch reading. SpecError if it is not of the space."""
        return {share.path: self._part(share.key, share.sizes) for share in self.roles.shares(network)}

    def _part(self, key: str, sizes: Sizes) -> Tensor:
        whole, largest = self.tensors[key], self.sizes[key]
        return whole if sizes == largest else self._window(key, sizes).reshape(stored_shape(sizes))

    def put(self, share: Share, values: Tensor) -> None:
        """Set a part of a tensor; values in torch's shape of a parameter with its sizes."""
        self._window(share.key, share.sizes).copy_(values.view(share.sizes))

    def _window(self, key: str, sizes: Sizes) -> Tensor:
        """A view of the part of a tensor, dimension by dimension."""
        largest = self.sizes[key]
        windows = 2 if len(sizes) == KERNEL else 0
        first = len(sizes) - windows
        starts = [0] * first + [(most - size) // 2 for size, most in zip(sizes[first:], largest[first:], strict=True)]
        cut = tuple(slice(start, start + size) for start, size in zip(starts, sizes, strict=True))
        return self.tensors[key].view(largest)[cut]


class Supernet(nn.Module):
    """All networks of a space, one at a time: `chosen` is the one that images [N, C, H, H] go through.

    Batch norms normalise by the batch, as while training; it has no running statistics.
    """

    chosen: Network
    started_from: str | None = None
    """The digest of the trained networks that its weights start from; None for random ones alone."""

    def __init__(self, space: SearchSpace, seed: int) -> None:
        super().__init__()
        sizes = tensor_sizes(space)
        for key, of in sizes.items():
            self.register_parameter(key, nn.Parameter(torch.empty(stored_shape(of))))
        self.bank = Bank(Roles(space), sizes, self._parameters)  # type: ignore[arg-type]  # torch allows None as one
        self._layer = lru_cache(LAYERS)(_without_weights)
        _initialise(self.bank, seed)

    def forward(self, images: Tensor) -> Tensor:
        return self.scores(self.chosen, images)

    def scores(self, network: Network, images: Tensor) -> Tensor:
        """Scores [N, classes] of a network on images [N, C, H, H], which are resized to its input."""
        net = nn.Sequential(*(self._layer(*layer) for layer in self.bank.roles.of(network)))
        found: Tensor = functional_call(net, self.bank.weights(network), resized(images, network.input.height))
        return found

    def extra_repr(self) -> str:
        """With what a checkpoint is known by."""
        start = "" if self.started_from is None else f", started from {self.started_from}"
        return f"space {self.bank.roles.space.id}{start}"


def _without_weights(op: Op, x: Shape, _role: str) -> nn.Module:
    """The module of a layer, which has to be given its weights. A network may have equal layers in several roles."""
    with torch.random.fork_rng(devices=[]):
        made = module(op, x)
    for part in made.modules():
        for name, parameter in part.named_parameters(recurse=False):
            setattr(part, name, nn.Parameter(parameter.new_empty(0)))
        if isinstance(part, nn.BatchNorm2d):
            part.track_running_stats = False
            part.running_mean = part.running_var = part.num_batches_tracked = None
    return made


def _initialise(bank: Bank, seed: int) -> None:
    """As nas.ops.torch_reading.module.initialise does: the same rules, of the whole tensors."""
    generator = torch.Generator().manual_seed(seed)
    for key, tensor in bank.tensors.items():
        parameter = key.rpartition("/")[2]
        with torch.no_grad():
            if parameter == "linear-weight":
                nn.init.kaiming_normal_(tensor, nonlinearity="linear", generator=generator)
            elif len(bank.sizes[key]) == KERNEL:
                nn.init.kaiming_normal_(tensor, mode="fan_out", nonlinearity="relu", generator=generator)
            else:
                tensor.fill_(float(parameter == "norm-weight"))


def loaded(network: Network, weights: Mapping[str, Tensor]) -> nn.Module:
    """The network on its own, with copies of these weights by path; its running statistics are the initial ones."""
    made = build(network, seed=0)
    own = made.state_dict()
    made.load_state_dict({**own, **weights})
    return made
