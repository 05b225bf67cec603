"""Entries of a compressed file: one tensor each, as bytes of the manifest and of the payload."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas.coder import Alphabet, Coder, coder
from nas.container.fields import Reader, varint
from nas.errors import FormatError
from nas.ops import Shape
from nas.ops.coded import MAX_LEVELS, CodedTensor, Floats, ascending, zero_of

ZEROS, FP32, FP16, CODES = range(4)
TABLE_32, TABLE_16, LINEAR = range(3)
NO_SCALE = 0
FORMATS = {FP32: "<f4", FP16: "<f2"}
TABLES = {TABLE_32: "<f4", TABLE_16: "<f2"}


@dataclass(frozen=True, slots=True)
class Entry:
    """manifest, and the parts of the payload by component: `floats`, or `levels`, `scales` and `codes`.

    content is what the checksum is of.
    """

    manifest: bytes
    payload: dict[str, bytes]
    content: bytes


@dataclass(frozen=True, slots=True)
class Precision:
    """How numbers that are no codes are stored: in 16 bits, where all of a tensor have such a value, or in 32."""

    half: bool

    def stored(self, values: Floats) -> tuple[int, bytes]:
        """FP32 or FP16, and the bytes."""
        if self.half:
            with np.errstate(over="ignore"):
                halves = values.astype("<f2")
            if np.isfinite(halves).all():
                return FP16, halves.tobytes()
        return FP32, values.astype("<f4").tobytes()


def float_entry(values: Floats, precision: Precision) -> Entry:
    if not values.any():
        return Entry(bytes([ZEROS]), {}, b"")
    kind, data = precision.stored(values.ravel())
    return Entry(bytes([kind]), {"floats": data}, data)


def coded_entry(tensor: CodedTensor, field: Shape, writer: Coder, precision: Precision) -> Entry:
    """The entry of codes [outputs, *field]."""
    form, levels = _stored_levels(tensor.levels, precision)
    scale_kind, scale = (NO_SCALE, b"") if tensor.scale is None else precision.stored(tensor.scale)
    read, _ = _read_levels(Declared(CODES, levels=len(tensor.levels), form=form), Reader(levels))
    alphabet = Alphabet(len(tensor.codes), field, len(read), zero_of(read))  # a small level may have become 0
    stream = writer.encode(tensor.codes.ravel(), alphabet)
    head = bytes([CODES, writer.number, len(tensor.levels) - 1, form, scale_kind])
    payload = {"levels": levels, "scales": scale, "codes": stream}
    return Entry(head + varint(len(stream)), payload, levels + scale + tensor.codes.tobytes())


def _stored_levels(levels: Floats, precision: Precision) -> tuple[int, bytes]:
    """The form of the levels and their bytes: the shortest that keeps them ascending."""
    if ends := _ends(levels):
        return LINEAR, np.array(ends, "<f4").tobytes()
    kind, data = precision.stored(levels)
    if kind == FP16 and ascending(np.frombuffer(data, "<f2")):
        return TABLE_16, data
    return TABLE_32, levels.astype("<f4").tobytes()


def _ends(levels: Floats) -> tuple[np.float32, np.float32] | None:
    """First and step of levels that linear gives, or None."""
    if len(levels) < 3:  # noqa: PLR2004 - a table is as short
        return None
    step = np.float32((np.float64(levels[-1]) - np.float64(levels[0])) / (len(levels) - 1))
    for tried in (step, np.nextafter(step, np.float32(0)), np.nextafter(step, np.float32(np.inf))):
        if np.array_equal(linear(float(levels[0]), float(tried), len(levels)), levels):
            return levels[0], tried
    return None


def linear(first: float, step: float, count: int) -> NDArray[np.float32]:
    """Evenly spaced levels [count], computed in 64 bits and rounded once; infinite beyond the largest number."""
    with np.errstate(over="ignore"):
        return (np.float64(np.float32(first)) + np.arange(count) * np.float64(np.float32(step))).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Declared:
    """An entry as the manifest declares it. For codes: the coder's name, the number of levels, forms, and bytes."""

    kind: int
    coder: str = ""
    levels: int = 0
    form: int = 0
    scale: int = NO_SCALE
    stream: int = 0


def declared(manifest: Reader) -> Declared:
    """The next entry of a manifest."""
    kind = manifest.byte()
    if kind in {ZEROS, FP32, FP16}:
        return Declared(kind)
    numbers = {coder[name].number: name for name in coder}
    if kind != CODES or (number := manifest.byte()) not in numbers:
        raise FormatError("an entry is of no kind that this version reads; update nas, or copy the whole file again")
    levels, form, scale = manifest.byte() + 1, manifest.byte(), manifest.byte()
    if form > LINEAR or scale > FP16:
        raise FormatError("an entry has levels of no form that this version reads; update nas")
    return Declared(kind, numbers[number], levels, form, scale, manifest.varint())


def read_entry(
    entry: Declared, payload: Reader, shape: tuple[int, ...], field: Shape
) -> tuple[Floats | CodedTensor, bytes]:
    """The tensor of this shape, and what its checksum is of."""
    size = int(np.prod(shape))
    if entry.kind == ZEROS:
        return np.zeros(shape, np.float32), b""
    if entry.kind != CODES:
        kind = FORMATS[entry.kind]
        values = payload.floats(size, kind)
        return values.reshape(shape), values.astype(kind).tobytes()
    levels, stored = _read_levels(entry, payload)
    scale = payload.floats(shape[0], FORMATS[entry.scale]) if entry.scale != NO_SCALE else None
    if scale is not None:
        stored += scale.astype(FORMATS[entry.scale]).tobytes()
    stream = payload.take(entry.stream)
    codes = coder.make(entry.coder).decode(stream, Alphabet(shape[0], field, len(levels), zero_of(levels)))
    return CodedTensor(codes.reshape(shape), levels, scale), stored + codes.tobytes()


def _read_levels(entry: Declared, payload: Reader) -> tuple[Floats, bytes]:
    if entry.form == LINEAR:
        ends = payload.floats(2, "<f4")
        levels, stored = linear(ends[0], ends[1], entry.levels), ends.astype("<f4").tobytes()
    else:
        levels = payload.floats(entry.levels, TABLES[entry.form])
        stored = levels.astype(TABLES[entry.form]).tobytes()
    if len(levels) > MAX_LEVELS or not ascending(levels):
        raise FormatError("the levels of a weight do not ascend; the file is damaged")
    return levels, stored
