"""The fields of an ONNX file, a protocol buffer, read in place: without onnx, and without a copy of the weights."""

from collections.abc import Iterator

from nas.errors import ModelRefusedError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10
_MORE = 128
"""The bit of a byte of an integer that is set if another byte follows."""

Field = tuple[int, int | memoryview]


def messages(message: memoryview, field: int) -> Iterator[memoryview]:
    """What the fields of this number hold."""
    return (content(value) for number, value in fields(message) if number == field)


def content(value: int | memoryview) -> memoryview:
    """The value of a field that holds a message, text or bytes. ModelRefusedError if it is an integer."""
    if isinstance(value, int):
        raise _damaged()
    return value


def fields(message: memoryview) -> Iterator[Field]:
    """Number and value of each field: an integer, or the bytes of a message, text or packed list.

    ModelRefusedError if the message is cut off or damaged.
    """
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        value: int | memoryview
        if kind == _VARINT:
            value, at = _varint(message, at)
        elif kind in (_BYTES, _FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
            if kind == _BYTES:
                size, at = _varint(message, at)
            value, at = message[at : at + size], at + size
        else:
            raise _damaged()
        if at > len(message) or not number:
            raise _damaged()
        yield number, value


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(message[at : at + _MAX_VARINT_BYTES]):
        value |= (byte & ~_MORE) << 7 * place
        if byte < _MORE:
            return value, at + place + 1
    raise _damaged()


def varints(packed: memoryview) -> list[int]:
    """The integers of a packed list."""
    values, at = [], 0
    while at < len(packed):
        value, at = _varint(packed, at)
        values.append(value)
    return values


def _damaged() -> ModelRefusedError:
    return ModelRefusedError("the file is truncated or damaged: it is not an ONNX model")
