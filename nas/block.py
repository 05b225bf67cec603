"""Blocks: parameters with their options, and the expression that they expand to."""

from abc import ABC, abstractmethod
from dataclasses import Field, asdict, dataclass, field, fields
from typing import Any, ClassVar

from nas.ops import Identity, Op, Pool, Residual, Seq, SqueezeExcite, seq
from nas.ops.limits import MAX_OPTION
from nas.registry import Registry


@dataclass(frozen=True)
class Block(ABC):
    """One kind of layer. Fields are its searchable parameters, declared with choice().

    A field `kernel` is the side of its windows in pixels.
    """

    name: ClassVar[str]

    @property
    def window(self) -> int:
        """Side in pixels of the windows that are searched; 0 if none are."""
        return int(getattr(self, "kernel", 0))

    @abstractmethod
    def expand(self, c_in: int, c_out: int, stride: int) -> Op:
        """Expression from c_in to c_out channels that divides height and width by stride, rounding up.

        InvalidArchitectureError, here or when the expression is read, says why a combination cannot be built.
        """

    @classmethod
    def options(cls) -> dict[str, tuple[Any, ...]]:
        """The options of each parameter that a space searches when it gives only the block's name."""
        return {f.name: f.metadata["options"] for f in fields(cls)}

    @classmethod
    def known(cls) -> dict[str, tuple[Any, ...]]:
        """The options of each parameter, followed by the further values that a space may name."""
        return {f.name: (*f.metadata["options"], *f.metadata["also"]) for f in fields(cls)}

    @classmethod
    def refusal(cls, parameter: str, value: Any) -> str | None:
        """Why a parameter cannot take a value, or None if it can."""
        known = cls.known().get(parameter)
        if known is None:
            return f"{cls.name} has no parameter {parameter!r}; it has: {', '.join(cls.options()) or 'none'}"
        if value in known and type(value) in {type(k) for k in known}:
            return None
        kinds = {type(k) for k in known}
        number = isinstance(value, int | float) and not isinstance(value, bool) and type(value) in kinds
        if number and 0 < value <= MAX_OPTION:
            return None
        return f"{value!r} is not among {', '.join(map(repr, known))}" + (
            "" if str in kinds else f" and not another positive number of that kind up to {MAX_OPTION}"
        )

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """JSON schema of its parameters in a space: of each, one option or a list of those to search."""
        known = cls.known()
        searched = {name: _option_schema(known[name]) | {"default": list(own)} for name, own in cls.options().items()}
        return {"type": "object", "properties": searched, "additionalProperties": False}

    def parameters(self) -> dict[str, Any]:
        return asdict(self)


def _option_schema(known: tuple[Any, ...]) -> dict[str, Any]:
    """JSON schema of one of the known values or a list of them; numbers may have other positive values."""
    if any(isinstance(option, str) for option in known):
        item: dict[str, Any] = {"enum": list(known)}
    else:
        bound = "minimum" if 0 in known else "exclusiveMinimum"
        item = {"type": "number" if isinstance(known[0], float) else "integer", bound: 0, "maximum": MAX_OPTION}
    several = {"type": "array", "items": item, "minItems": 1, "uniqueItems": True}
    return {"anyOf": [item, several]}


def choice(*options: Any, also: tuple[Any, ...] = ()) -> Any:
    """Field that is searched over options, the first being the default; also: further values that a space may name."""
    made: Field[Any] = field(default=options[0], metadata={"options": options, "also": also})
    return made


def squeeze_excite(ratio: float, c_in: int) -> tuple[Op, ...]:
    """Squeeze-and-excitation to ratio times the block's input channels (MnasNet's rule); nothing for ratio 0."""
    return (SqueezeExcite(max(1, int(c_in * ratio))),) if ratio else ()


def with_skip(body: Seq, skip: str, c_in: int, c_out: int, stride: int) -> Op:
    """body with MnasNet's skip operation: identity, pooling or none.

    A skip keeps the channels: where they change it does not apply. The identity also needs stride 1; pooling averages
    3x3 windows with the body's stride.
    """
    if c_in != c_out or skip == "none" or (skip == "identity" and stride != 1):
        return body
    return Residual(body, Identity() if skip == "identity" else Pool(3, stride, kind="avg"))


def round_channels(channels: float) -> int:
    """The multiple of 8 nearest to channels that does not go below 90 % of it (MobileNet's rule)."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * channels else rounded + 8


def layers(*ops: Op | tuple[Op, ...]) -> Seq:
    """Ops one after the other; the ops of a tuple are inserted in its place."""
    return seq(*(part for op in ops for part in (op if isinstance(op, tuple) else (op,))))


block: Registry[Block] = Registry("block", "nas.blocks")
