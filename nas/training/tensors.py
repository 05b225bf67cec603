"""Arrays as tensors over the same memory."""

import warnings
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor


def tensor(values: NDArray[Any]) -> Tensor:
    """The values as a tensor over the same memory, to be read only: a data set may be shared between processes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(values)
