"""Sources of weights for the ONNX reading: a trained torch state, or a seed."""

from collections.abc import Mapping
from functools import lru_cache
from math import prod, sqrt
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nas.ops.coded import CodedTensor

Array = NDArray[np.float32]

BATCH_NORM_EPS = 1e-5
NEGLIGIBLE = 2.0**-63
"""Weights nearer to 0 than this are written as 0.

Processors take up to a hundred times longer for a subnormal number (below 2^-126) than for another, and regularisation
leads unused channels there. A bound at 2^-126 would not do, as the product of two small weights may be subnormal.
Beside a weight of more than 2^-39, one below 2^-63 is less than the rounding of the sum that both are part of.
"""

POOL = 65_521
"""How many random numbers a seed gives; a prime, so that the rows of a layer differ."""


class Weights(Protocol):
    """Weights by the path of an op and the name of its part, as nas.ops.torch_reading names them."""

    def layer(self, path: str, shape: tuple[int, ...]) -> tuple[Array | CodedTensor, Array]:
        """Weight of this shape and bias [shape[0]] of the convolution or linear layer at path."""

    def folded(self, path: str, shape: tuple[int, ...]) -> tuple[Array | CodedTensor, Array]:
        """Weight and bias of the convolution `path.conv` with the batch norm `path.norm` folded into them."""

    def norm(self, path: str, channels: int) -> tuple[Array, Array]:
        """Scale and shift [channels] of the batch norm at path: it computes scale x + shift, rounded after each."""


def without_negligible(array: Array) -> Array:
    """The numbers with 0 in place of those below NEGLIGIBLE."""
    negligible = np.abs(array) < NEGLIGIBLE
    return np.where(negligible, np.float32(0), array) if negligible.any() else array


class RandomWeights:
    """He-normal weights and zero biases, from a seed: for timing graphs before anything is trained.

    They repeat after POOL numbers, and each layer starts at another one: drawing millions would take longer than
    building the graph.
    """

    def __init__(self, seed: int) -> None:
        self._numbers = _normal(seed)
        self._begin = 0

    def layer(self, path: str, shape: tuple[int, ...]) -> tuple[Array, Array]:  # noqa: ARG002 - the same law everywhere
        scale = np.float32(sqrt(2 / prod(shape[1:])))
        turned = np.concatenate((self._numbers[self._begin :], self._numbers[: self._begin])) * scale
        self._begin = (self._begin + prod(shape)) % POOL
        return np.resize(turned, shape), np.zeros(shape[0], np.float32)

    folded = layer

    def norm(self, path: str, channels: int) -> tuple[Array, Array]:  # noqa: ARG002 - as they are before a training
        return np.ones(channels, np.float32), np.zeros(channels, np.float32)


@lru_cache(maxsize=4)
def _normal(seed: int) -> Array:
    return np.random.default_rng(seed).standard_normal(POOL, np.float32)


class StateWeights:
    """Weights of a torch state dict, given by name as arrays, or as codes."""

    def __init__(self, state: Mapping[str, NDArray[np.generic] | CodedTensor]) -> None:
        self._state = state

    def layer(self, path: str, shape: tuple[int, ...]) -> tuple[Array | CodedTensor, Array]:
        found = self._state[f"{path}.weight"]
        weight = found if isinstance(found, CodedTensor) else np.asarray(found, np.float32)
        if weight.shape != shape:
            raise ValueError(f"{path}.weight is {weight.shape}, the network needs {shape}")
        has_bias = f"{path}.bias" in self._state
        return weight, self._vector(f"{path}.bias").astype(np.float32) if has_bias else np.zeros(shape[0], np.float32)

    def folded(self, path: str, shape: tuple[int, ...]) -> tuple[Array | CodedTensor, Array]:
        weight, _ = self.layer(f"{path}.conv", shape)
        scale, shift = self._affine(f"{path}.norm")
        bias = shift.astype(np.float32)
        if isinstance(weight, CodedTensor):
            return weight.scaled(scale.astype(np.float32)), bias
        folded = weight * scale.reshape(-1, *[1] * (weight.ndim - 1))
        return folded.astype(np.float32), bias

    def norm(self, path: str, channels: int) -> tuple[Array, Array]:
        scale, shift = self._affine(path)
        if scale.shape != (channels,):
            raise ValueError(f"{path} is for {len(scale)} channels, the network has {channels}")
        return scale.astype(np.float32), shift.astype(np.float32)

    def _affine(self, path: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scale and shift of a batch norm in 64 bits: gamma (x - mean) / sqrt(var + eps) + beta = scale x + shift."""
        gamma, beta, mean, var = (
            self._vector(f"{path}.{name}").astype(np.float64)
            for name in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gamma / np.sqrt(var + BATCH_NORM_EPS)
        return scale, beta - mean * scale

    def _vector(self, name: str) -> NDArray[np.generic]:
        found = self._state[name]
        return found.values() if isinstance(found, CodedTensor) else found
