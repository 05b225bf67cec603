"""Powers of two in place of products, which hardware computes by shifting bits (BNN, arXiv:1602.02830, section 1.4)."""

import torch
from torch import Tensor


def nearest_power(values: Tensor) -> Tensor:
    """AP2 of the paper: sign(z) 2^round(log2 |z|) for each element, and 0 for 0."""
    power: Tensor = values.sign() * values.abs().log2().round().exp2()
    return torch.where(values == 0, torch.zeros_like(values), power)
