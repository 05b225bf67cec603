"""Fire module: squeeze to few channels, expand by 1x1 and 3x3 (SqueezeNet, arXiv:1602.07360, section 3.2)."""

from dataclasses import dataclass

from nas.block import Block, block, choice
from nas.errors import InvalidArchitectureError
from nas.ops import Concat, Conv, Op, seq


@block("fire")
@dataclass(frozen=True)
class Fire(Block):
    """squeeze is the paper's squeeze ratio: squeezed over expanded channels. Half of those are 3x3 (pct_3x3 = 0.5)."""

    squeeze: float = choice(0.125, 0.25)

    def expand(self, c_in: int, c_out: int, stride: int) -> Op:  # noqa: ARG002 - the contract's argument
        if c_out % 2:
            raise InvalidArchitectureError(f"a fire module needs an even number of output channels, not {c_out}")
        return fire(max(1, round(self.squeeze * c_out)), c_out // 2, stride)


def fire(squeezed: int, expanded: int, stride: int = 1, *, norm: bool = True) -> Op:
    """squeezed channels, then expanded channels by 1x1 and as many by 3x3; the stride is in the expanding layer."""
    wide = (Conv(expanded, 1, stride, norm=norm), Conv(expanded, 3, stride, norm=norm))
    return seq(Conv(squeezed, norm=norm), Concat(wide))
