"""Values that linear forms and small neural networks compute from masked one-hot encodings."""

import zipfile
from collections.abc import Mapping
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas.errors import DataError, SpecError
from nas.tabular.file import Linear, Networks, Scale, SurrogateProblem
from nas.tabular.space import Rows, TabularSpace

Floats = NDArray[np.float32]

BLOCK = 128
"""Rows that are computed at once, always: products of matrices round by their shapes, and the value of a network is to
be the same whether it is asked alone or among thousands.
"""

LAYERS = ("linear", "hidden1", "hidden2", "output")
STEEP = 80
"""silu(-v) is 0 in float32 well below v = 80; exp(80) still is a number."""


class Surrogate:
    """The surrogates of a problem.

    SpecError if its encoding does not fit its decisions; DataError names an array that is missing, of another shape or
    not finite.
    """

    def __init__(self, problem: SurrogateProblem, space: TabularSpace, path: Path) -> None:
        self._space = space
        sizes = [entry.size for entry in problem.decisions]
        groups = _groups(problem)
        self._groups = [np.array(group) for group in groups]
        self._factors = np.zeros((len(sizes), len(groups)), np.int64)
        for number, group in enumerate(groups):
            for place, decision in enumerate(group):  # the first decision counts most
                self._factors[decision, number] = prod(sizes[i] for i in group[place + 1 :])
        widths = [prod(sizes[i] for i in group) for group in groups]
        self._starts = np.cumsum([0, *widths])[:-1]
        self._inputs = sum(widths)
        if self._inputs != problem.surrogate.inputs:
            raise SpecError(f"surrogate.inputs: {problem.surrogate.inputs}, but the encoding has {self._inputs}")
        arrays = _load(path)
        self._weights = {
            source.arrays: _weights(path, arrays, source, self._inputs)
            for source in (problem.accuracy, problem.latency, *problem.features)
        }

    def of(self, sources: Mapping[str, Linear | Networks], rows: Rows) -> dict[str, NDArray[np.float64]]:
        """[n] values of these networks from each source, in the unit of the file; a network's is the same in every
        call.
        """
        found = {name: np.empty(len(rows)) for name in sources}
        for start in range(0, len(rows), BLOCK):
            block = rows[start : start + BLOCK]
            x = self._encode(np.concatenate([block, np.zeros((BLOCK - len(block), rows.shape[1]), np.int64)]))
            for name, source in sources.items():
                found[name][start : start + BLOCK] = self._raw(source, x)[: len(block)]
        return {name: _stepped(source, found[name]) for name, source in sources.items()}

    def _raw(self, source: Linear | Networks, x: Floats) -> Floats:
        weights = self._weights[source.arrays]
        if isinstance(source, Linear):
            raw: Floats = x @ weights["weight"]
            return raw
        members = []
        for member in range(source.members):
            layer = {name: (weights[f"{name}.weight"][member].T, weights[f"{name}.bias"][member]) for name in LAYERS}
            hidden = _silu(_affine(_silu(_affine(x, *layer["hidden1"])), *layer["hidden2"]))
            members.append((_affine(x, *layer["linear"]) + _affine(hidden, *layer["output"]))[:, 0])
        mean: Floats = np.mean(members, axis=0)
        return mean

    def _encode(self, rows: Rows) -> Floats:
        """[n, inputs]: a one-hot block for each group, of zeros if a decision of the group does not matter."""
        active = self._space.active(rows)
        matters = np.stack([active[:, group].all(axis=1) for group in self._groups], axis=1)
        network, group = np.nonzero(matters)
        x = np.zeros((len(rows), self._inputs), np.float32)
        x[network, (rows @ self._factors + self._starts)[network, group]] = 1
        return x


def _affine(x: Floats, weight: Floats, bias: Floats) -> Floats:
    return x @ weight + bias


def _silu(v: Floats) -> Floats:
    activation: Floats = v / (1 + np.exp(np.minimum(-v, np.float32(STEEP))))
    return activation


def _stepped(source: Linear | Networks, values: NDArray[np.float64]) -> NDArray[np.float64]:
    for step in source.steps:
        if isinstance(step, Scale):
            values = step.scale * values + step.offset
        else:
            values = np.exp(values) if step.function == "exp" else np.log(values)
    return values


def _groups(problem: SurrogateProblem) -> list[list[int]]:
    """For each group of the encoding the places of its decisions."""
    places = {entry.name: i for i, entry in enumerate(problem.decisions)}
    for name in {name for group in problem.surrogate.encoding for name in group} - places.keys():
        raise SpecError(f"surrogate.encoding: no decision named {name!r}")
    return [[places[name] for name in group] for group in problem.surrogate.encoding]


def _load(path: Path) -> dict[str, Floats]:
    try:
        with path.open("rb") as file, zipfile.ZipFile(file):  # np.load leaves an archive that is cut open
            file.seek(0)
            with np.load(file, allow_pickle=False) as archive:
                return {name: archive[name].astype(np.float32) for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path}: not a readable .npz archive of plain arrays: {error}; copy or write it again"
        ) from None


def _weights(path: Path, arrays: Mapping[str, Floats], source: Linear | Networks, inputs: int) -> dict[str, Floats]:
    """The arrays of a source; the widths of hidden layers are those of their biases."""
    if isinstance(source, Linear):
        return {"weight": _array(path, arrays, f"{source.arrays}.weight", (inputs,))}
    first, second = (_width(path, arrays, f"{source.arrays}.{name}.bias") for name in ("hidden1", "hidden2"))
    shapes = {"linear": (1, inputs), "hidden1": (first, inputs), "hidden2": (second, first), "output": (1, second)}
    found = {}
    for name, shape in shapes.items():
        for kind, wanted in (("weight", shape), ("bias", shape[:1])):
            key = f"{name}.{kind}"
            found[key] = _array(path, arrays, f"{source.arrays}.{key}", (source.members, *wanted))
    return found


def _width(path: Path, arrays: Mapping[str, Floats], key: str) -> int:
    shape = _array(path, arrays, key).shape
    return shape[-1] if shape else 0


def _array(path: Path, arrays: Mapping[str, Floats], key: str, shape: tuple[int, ...] | None = None) -> Floats:
    if key not in arrays:
        raise DataError(f"{path}: no array {key!r}; there are: {', '.join(sorted(arrays))}")
    array = arrays[key]
    if shape is not None and array.shape != shape:
        raise DataError(f"{path}: {key} has the shape {array.shape}, not {shape} as the problem file says")
    if not np.isfinite(array).all():
        raise DataError(f"{path}: {key} has values that are not finite numbers; write the file again")
    return array
