"""nas::binary_matmul, an operator of torch that torch.export and torch.compile keep as one node."""

import numpy as np
import torch
from torch import Tensor

from nas.binary import product


@torch.library.custom_op("nas::binary_matmul", mutates_args=())
def binary_matmul(a: Tensor, b: Tensor, bits: int) -> Tensor:
    """a @ b.T of values +1 and -1, int32 [m, n], of their words int64 [m, words] and [n, words] on the CPU: those of
    nas.binary.words.pack, seen as int64, which torch knows better.
    """
    rows, columns = (np.ascontiguousarray(words.numpy()).view(np.uint64) for words in (a, b))
    return torch.from_numpy(product.binary_matmul(rows, columns, bits))


@binary_matmul.register_fake
def _(a: Tensor, b: Tensor, bits: int) -> Tensor:  # noqa: ARG001 - the operator's arguments
    return a.new_empty((a.shape[0], b.shape[0]), dtype=torch.int32)
