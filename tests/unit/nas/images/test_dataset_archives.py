"""Readers of archives, each against files written here in the format's own terms."""

import gzip
import io
import json
import pickle
import struct
import tarfile
import zipfile

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from nas.errors import DataError
from nas.images.archives import (
    CIFAR_BATCHES,
    IDX_FILES,
    PARQUET_FILES,
    class_split,
    read_cifar,
    read_cifar_tar,
    read_files,
    read_idx,
    read_packed,
    read_parquet,
)

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (7, 8, 8, 1), np.uint8)
COLOUR = RNG.integers(0, 256, (7, 8, 8, 3), np.uint8)
LABELS = np.array([0, 1, 2, 0, 1, 2, 0])


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(file, kind, **options)
    return file.getvalue()


def pack(path, pictures, codec, labels=LABELS):
    arrays = {}
    for split in ("train", "test"):
        arrays[f"{split}_y"] = np.asarray(labels, np.uint8)
        arrays[f"{split}_off"] = np.cumsum([0, *map(len, pictures)])
        arrays[f"{split}_blob"] = np.frombuffer(b"".join(pictures), np.uint8)
    meta = {"splits": ["train", "test"], "codec": {"train": codec, "test": codec}}
    np.savez(path, meta=json.dumps(meta), **arrays)
    return path


def test_packed_single_pictures(tmp_path):
    path = pack(tmp_path / "s.npz", [encoded(image) for image in COLOUR], {"kind": "single", "tile": [8, 8, 3]})
    splits = read_packed(path)

    assert list(splits) == ["train", "test"]
    assert np.array_equal(splits["train"].images, COLOUR)
    assert np.array_equal(splits["test"].labels, LABELS)


@pytest.mark.parametrize("images", [GREY, COLOUR])
def test_packed_mosaics_are_cut_row_by_row(tmp_path, images):
    """Two mosaics of four tiles, two to a row; the last tile is padding."""
    padded = np.concatenate([images, np.zeros_like(images[:1])])
    mosaics = [np.vstack([np.hstack(four[:2]), np.hstack(four[2:])]) for four in (padded[:4], padded[4:])]
    codec = {"kind": "tiles", "tile": list(images.shape[1:]), "cols": 2, "per": 4}
    path = pack(tmp_path / "t.npz", [encoded(mosaic) for mosaic in mosaics], codec)

    assert np.array_equal(read_packed(path)["train"].images, images)


@pytest.mark.parametrize("keep", [0, 100, 0.5, 0.95])
def test_a_truncated_packed_file_is_named(tmp_path, keep):
    path = pack(tmp_path / "s.npz", [encoded(image) for image in COLOUR], {"kind": "single", "tile": [8, 8, 3]})
    content = path.read_bytes()
    path.write_bytes(content[: int(keep if keep > 1 else keep * len(content))])

    with pytest.raises(DataError, match=r"s\.npz is truncated or damaged"):
        read_packed(path)


def test_a_damaged_picture_in_a_packed_file_is_named(tmp_path):
    pictures = [encoded(image) for image in COLOUR]
    pictures[3] = b"not a picture"
    path = pack(tmp_path / "s.npz", pictures, {"kind": "single", "tile": [8, 8, 3]})

    with pytest.raises(DataError, match=r"s\.npz: train picture 3 is not a readable image"):
        read_packed(path)


def idx(array):
    header = struct.pack(f">{1 + array.ndim}i", 0x800 + array.ndim, *array.shape)
    return gzip.compress(header + array.astype(np.uint8).tobytes())


def write_idx(folder):
    for name, array in zip(IDX_FILES, (GREY[..., 0], LABELS, GREY[:3, ..., 0], LABELS[:3]), strict=True):
        (folder / name).write_bytes(idx(array))


def test_idx(tmp_path):
    write_idx(tmp_path)
    splits = read_idx(*(tmp_path / name for name in IDX_FILES))

    assert np.array_equal(splits["train"].images, GREY)
    assert np.array_equal(splits["train"].labels, LABELS)
    assert np.array_equal(splits["test"].images, GREY[:3])


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: gzip.compress(gzip.decompress(content)[:-1]),
        lambda content: gzip.compress(gzip.decompress(content) + b"\0"),
        lambda _: idx(LABELS),
        lambda _: b"",
        lambda _: b"<html>busy</html>",
    ],
)
def test_damaged_idx_is_named(tmp_path, damage):
    write_idx(tmp_path)
    file = tmp_path / IDX_FILES[0]
    file.write_bytes(damage(file.read_bytes()))

    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz is truncated or damaged"):
        read_idx(*(tmp_path / name for name in IDX_FILES))


class PythonTwoDtype:
    """Pickles as Python 2's numpy pickled the type of bytes: with flags 0 and 1."""

    def __reduce__(self):
        return np.dtype, ("u1", 0, 1), (3, "|", None, None, None, -1, -1, 0)


class PythonTwoArray:
    def __init__(self, array):
        self.array = array

    def __reduce__(self):
        reconstruct, arguments, _ = self.array.__reduce__()
        return reconstruct, arguments, (1, self.array.shape, PythonTwoDtype(), False, self.array.tobytes())


def batch(number):
    x = np.random.default_rng(number).integers(0, 256, (4, 32, 32, 3), np.uint8)
    rows = np.ascontiguousarray(x.transpose(0, 3, 1, 2)).reshape(4, -1)
    return x, pickle.dumps({b"data": PythonTwoArray(rows), b"labels": [number] * 4}, protocol=2)


def write_cifar(folder):
    folder.mkdir()
    for number, name in enumerate(CIFAR_BATCHES):
        (folder / name).write_bytes(batch(number)[1])
    return folder


def test_cifar_batches_and_their_archive(tmp_path):
    folder = write_cifar(tmp_path / "cifar-10-batches-py")
    with tarfile.open(tmp_path / "cifar.tar.gz", "w:gz") as archive:
        archive.add(folder, folder.name)
    for splits in (read_cifar(*(folder / name for name in CIFAR_BATCHES)), read_cifar_tar(tmp_path / "cifar.tar.gz")):
        assert np.array_equal(splits["train"].images, np.concatenate([batch(number)[0] for number in range(5)]))
        assert splits["train"].labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4
        assert np.array_equal(splits["test"].images, batch(5)[0])


def test_a_pickle_that_would_run_code_is_refused(tmp_path):
    class Harm:
        def __reduce__(self):
            return (tmp_path / "harm").touch, ()

    folder = write_cifar(tmp_path / "cifar-10-batches-py")
    (folder / "data_batch_1").write_bytes(pickle.dumps(Harm(), protocol=2))

    with pytest.raises(DataError, match=r"data_batch_1 .*which no batch of images needs"):
        read_cifar(*(folder / name for name in CIFAR_BATCHES))
    assert not (tmp_path / "harm").exists()


def test_a_truncated_cifar_archive_is_named(tmp_path):
    folder = write_cifar(tmp_path / "cifar-10-batches-py")
    path = tmp_path / "cifar.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(folder, folder.name)
    path.write_bytes(path.read_bytes()[:-2000])

    with pytest.raises(DataError, match=r"cifar\.tar\.gz is truncated or damaged"):
        read_cifar_tar(path)


FILES = {f"set/{label}/{number}.png": (number, label) for number, label in enumerate("abacb")}


def write_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        for name, (number, _) in FILES.items():
            archive.writestr(name, encoded(COLOUR[number]))
        archive.writestr("set/a/notes.txt", "not a picture")
        archive.writestr("__MACOSX/set/a/0.png", "nor this")
    return path


def write_tar(path):
    with zipfile.ZipFile(write_zip(path.with_suffix(".zip"))) as source, tarfile.open(path, "w:gz") as archive:
        for name in source.namelist():
            member = tarfile.TarInfo(name)
            member.size = len(source.read(name))
            archive.addfile(member, io.BytesIO(source.read(name)))
    return path


def write_folder(path):
    with zipfile.ZipFile(write_zip(path.with_suffix(".zip"))) as source:
        for name in source.namelist():
            source.extract(name, path)
    return path


@pytest.mark.parametrize(("write", "name"), [(write_zip, "s.zip"), (write_tar, "s.tgz"), (write_folder, "s")])
def test_class_folders_in_a_zip_a_tar_or_a_folder(tmp_path, write, name):
    """Pictures come sorted by path, and only those of the classes asked for."""
    found = list(read_files(write(tmp_path / name)))
    part = class_split(found, ("b", "a"), None, None)

    assert [str(inside) for inside, _ in found] == sorted(FILES)
    assert np.array_equal(part.images, COLOUR[[0, 2, 1, 4]])
    assert part.labels.tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize(("write", "name"), [(write_zip, "s.zip"), (write_tar, "s.tgz")])
def test_a_truncated_archive_of_pictures_is_named(tmp_path, write, name):
    path = write(tmp_path / name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(DataError, match=f"{name} is truncated or damaged"):
        list(read_files(path))


def test_parquet_of_the_hub(tmp_path):
    rows = [{"bytes": encoded(image), "path": None} for image in COLOUR]
    for name in PARQUET_FILES:
        parquet.write_table(pa.table({"img": rows, "label": LABELS}), tmp_path / name, row_group_size=3)
    splits = read_parquet(*(tmp_path / name for name in PARQUET_FILES), side=8, channels=3)

    assert np.array_equal(splits["train"].images, COLOUR)
    assert np.array_equal(splits["test"].labels, LABELS)

    path = tmp_path / PARQUET_FILES[1]
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match=r"test-00000.*truncated or damaged"):
        read_parquet(*(tmp_path / name for name in PARQUET_FILES), side=8, channels=3)
