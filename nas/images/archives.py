"""Readers of the files of published image sets: packed .npz, IDX, CIFAR batches, class folders, parquet.

Each returns whole splits in the order of the file, and raises a DataError that names the file when it is damaged.
"""

import gzip
import hashlib
import io
import json
import pickle
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from nas.dataset import Images, Labels, Split, Splits
from nas.errors import DataError
from nas.images.decoded_sets import KEY_DIGITS, Block, decoded_once, is_large
from nas.images.formats import Picture
from nas.images.pictures import decode, pixels

DAMAGE = (
    OSError, EOFError, LookupError, ValueError, TypeError, zlib.error,
    zipfile.BadZipFile, tarfile.TarError, pickle.UnpicklingError,
)  # fmt: skip
IDX_LABELS, IDX_IMAGES = 0x801, 0x803
"""Magic numbers: unsigned bytes in one and in three dimensions."""
IDX_FILES = (
    "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz",
)  # fmt: skip
CIFAR_BATCHES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
PARQUET_FILES = ("train-00000-of-00001.parquet", "test-00000-of-00001.parquet")


@contextmanager
def whole(path: Path) -> Iterator[None]:
    """Turn an error that a damaged file causes while it is read into a DataError that names the file."""
    try:
        yield
    except DAMAGE as fault:
        reason = f"{type(fault).__name__}: {fault}"
        raise DataError(f"{path} is truncated or damaged ({reason}); delete it and get it again") from fault


# Packed .npz: `meta` as JSON, and for each split s its labels s_y, its pictures s_blob and their offsets s_off. A
# picture holds one image ("single"), or a mosaic ("tiles") of `per` images, `cols` to a row.

MOSAICS = 1
"""Another number wherever the pixels that `_mosaics` gives change."""

PACKED_SPLITS = {"train": "train", "validation": "val", "test": "test"}


def read_packed(path: Path) -> Splits:
    """The splits of a packed .npz."""
    with whole(path), path.open("rb") as raw, np.load(raw) as file:
        meta = json.loads(str(file["meta"]))
        return {
            split: _packed_split(path, stored, meta["codec"][stored], file)
            for split, stored in PACKED_SPLITS.items()
            if stored in meta["splits"]
        }


def _packed_split(path: Path, stored: str, codec: Mapping[str, Any], file: Mapping[str, Any]) -> Split:
    labels, blob, offsets = (
        file[f"{stored}_y"].astype(np.int64),
        file[f"{stored}_blob"].tobytes(),
        file[f"{stored}_off"],
    )
    if len(blob) != offsets[-1]:
        raise ValueError(f"{stored} has {len(blob)} bytes of pictures, not {offsets[-1]}")
    height, _, channels = codec["tile"]
    pictures = [
        Picture(f"{path}: {stored} picture {number}", blob[start:end])
        for number, (start, end) in enumerate(pairwise(offsets))
    ]
    if codec["kind"] == "single":
        return Split(pixels(pictures, height, channels), labels)
    if not is_large(shape := (len(labels), height, height, channels)):
        return Split(np.concatenate([*_mosaics(pictures, codec, len(labels))]), labels)
    key = hashlib.sha256(json.dumps([MOSAICS, stored, codec, len(labels)]).encode() + blob).hexdigest()[:KEY_DIGITS]
    blocks = partial(_mosaics, pictures, codec, len(labels))
    images, _ = decoded_once(key, shape, pictures[0].where, lambda: (Block(tiles, {}) for tiles in blocks()))
    return Split(images, labels)


def _mosaics(pictures: Sequence[Picture], codec: Mapping[str, Any], count: int) -> Iterator[Images]:
    """The first so many images of mosaics, mosaic by mosaic."""
    for number, picture in enumerate(pictures):
        tiles = _tiles(decode(picture, None, codec["tile"][2]), codec)
        yield np.ascontiguousarray(tiles[: max(0, count - number * codec["per"])])


def _tiles(mosaic: Images, codec: Mapping[str, Any]) -> Images:
    height, width, channels = codec["tile"]
    rows = mosaic.reshape(-1, height, codec["cols"], width, channels)
    return rows.swapaxes(1, 2).reshape(-1, height, width, channels)[: codec["per"]]


# IDX (yann.lecun.com/exdb/mnist): a magic number, the size of each dimension, bytes.


def read_idx(*files: Path) -> Splits:
    """MNIST's four files, in the order of IDX_FILES."""
    parts = [_idx(file, magic) for file, magic in zip(files, (IDX_IMAGES, IDX_LABELS) * 2, strict=True)]
    return {
        "train": Split(parts[0][..., None], parts[1].astype(np.int64)),
        "test": Split(parts[2][..., None], parts[3].astype(np.int64)),
    }


def _idx(path: Path, magic: int) -> Images:
    with whole(path):
        content = gzip.decompress(path.read_bytes())
        dimensions = 1 + (magic & 0xFF)
        header = np.frombuffer(content, ">i4", dimensions)
        if header[0] != magic:
            raise ValueError(f"magic number {header[0]:#x}, not {magic:#x}")
        return np.frombuffer(content, np.uint8, offset=4 * dimensions).reshape(header[1:]).copy()


# CIFAR-10's batches: dictionaries pickled by Python 2, rows of 1024 red, 1024 green, 1024 blue bytes.


def read_cifar(*files: Path) -> Splits:
    """CIFAR-10's batches, in the order of CIFAR_BATCHES."""
    return _cifar({file: file.read_bytes for file in files})


def read_cifar_tar(path: Path) -> Splits:
    """CIFAR-10's batches in their .tar.gz."""
    with whole(path):
        batches = {inside.name: content for inside, content in _tarred(path)}
    return _cifar({path / name: partial(batches.__getitem__, name) for name in CIFAR_BATCHES})


def _cifar(batches: Mapping[Path, Callable[[], bytes]]) -> Splits:
    """The batches as splits; the last one is test. Each is named in errors by the path beside its content."""
    images, labels = [], []
    for where, content in batches.items():
        with whole(where):
            batch = _PlainUnpickler(io.BytesIO(content()), encoding="bytes").load()
            images.append(batch[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
            labels.append(np.asarray(batch[b"labels"], np.int64))
    train = Split(np.concatenate(images[:-1]), np.concatenate(labels[:-1]))
    return {"train": train, "test": Split(np.ascontiguousarray(images[-1]), labels[-1])}


class _PlainUnpickler(pickle.Unpickler):
    """Reads arrays and plain values and calls nothing else, as a pickle from the network may hold any code."""

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("numpy") and name == "_reconstruct":
            return np.empty(0).__reduce__()[0]
        if (module, name) == ("numpy", "ndarray"):
            return np.ndarray
        if (module, name) == ("numpy", "dtype"):
            return lambda code, *flags: np.dtype(code, *map(bool, flags))  # Python 2 pickled the flags as 0 and 1
        if (module, name) == ("_codecs", "encode"):
            return str.encode
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no batch of images needs")


# Archives and folders of picture files; the class is the name of the folder a picture lies in.


SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
"""Of the pictures in published sets; other files in them are ignored."""


def read_files(path: Path) -> Iterator[tuple[PurePosixPath, Picture]]:
    """Pictures in a .zip, a .tgz or a folder at any depth, with their paths inside it, sorted by path."""
    if path.is_dir():
        found = {PurePosixPath(p.relative_to(path).as_posix()): p for p in path.rglob("*") if p.is_file()}
        contents: Mapping[PurePosixPath, bytes | Path] = found
    else:
        with whole(path):
            contents = dict(_zipped(path) if zipfile.is_zipfile(path) else _tarred(path))
    for inside in sorted(contents):
        if inside.suffix.lower() in SUFFIXES and not any(part.startswith((".", "__")) for part in inside.parts):
            yield inside, Picture(f"{path}/{inside}" if path.is_dir() else f"{path}: {inside}", contents[inside])


def _zipped(path: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                yield PurePosixPath(member.filename), archive.read(member)


def _tarred(path: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    with tarfile.open(path) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None:
                yield PurePosixPath(member.name), file.read()


def class_split(
    pictures: Sequence[tuple[PurePosixPath, Picture]], folders: Sequence[str], side: int | None, channels: int | None
) -> Split:
    """Pictures whose parent folder is in folders, labelled by its index there."""
    number = {folder: label for label, folder in enumerate(folders)}
    chosen = [(picture, number[inside.parent.name]) for inside, picture in pictures if inside.parent.name in number]
    labels: Labels = np.array([label for _, label in chosen], np.int64)
    return Split(pixels([picture for picture, _ in chosen], side, channels), labels)


# Parquet as the Hugging Face hub stores image sets: a struct {bytes, path} and a class number.


def read_parquet(train: Path, test: Path, *, side: int, channels: int) -> Splits:
    """The hub's train and test files. They need pyarrow, which comes with `nas[hub]`."""
    return {"train": _parquet(train, side, channels), "test": _parquet(test, side, channels)}


def _parquet(path: Path, side: int, channels: int) -> Split:
    from pyarrow import ArrowInvalid, parquet, types  # noqa: PLC0415 - an optional dependency

    try:
        table = parquet.read_table(path)
    except (ArrowInvalid, OSError) as fault:
        raise DataError(f"{path} is truncated or damaged ({fault}); delete it and get it again") from fault
    with whole(path):
        image = next(field.name for field in table.schema if types.is_struct(field.type))
        label = next(field.name for field in table.schema if types.is_integer(field.type))
        encoded = table[image].combine_chunks().field("bytes").to_pylist()
        pictures = [Picture(f"{path}: row {row}", content) for row, content in enumerate(encoded)]
        return Split(pixels(pictures, side, channels), table[label].to_numpy().astype(np.int64))
