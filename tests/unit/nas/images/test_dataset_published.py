"""Published sets: where they are looked for, which form is taken, what is refused."""

import gzip
import json
import struct
import tarfile
from dataclasses import replace
from io import BytesIO
from pathlib import PurePosixPath
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from nas.dataset import Split, dataset, load
from nas.datasets import eurosat, imagenette
from nas.errors import DataError
from nas.images.archives import IDX_FILES, read_idx
from nas.images.published import Content, Form, PublishedSource, packed

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 8, 8), np.uint8)
LABELS = np.arange(12) % 2
EUROSAT = eurosat.EuroSat
PUBLISHED = sorted(name for name in dataset if issubclass(dataset[name], PublishedSource))


class Tiny(PublishedSource):
    name = "tiny"
    classes = ("even", "odd")
    train = Content(12, Split(IMAGES[..., None], LABELS).digest())
    test = Content(4, Split(IMAGES[:4, ..., None], LABELS[:4]).digest())
    forms = (Form(IDX_FILES, read_idx), *packed("tiny.npz"))
    flip = False
    folders = ("tiny", "Tiny/raw")


def changed(**members):
    return type("Changed", (Tiny,), members)()


def write_idx(folder, images=IMAGES):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zip(IDX_FILES, (images, LABELS, images[:4], LABELS[:4]), strict=True):
        header = struct.pack(f">{1 + array.ndim}i", 0x800 + array.ndim, *array.shape)
        (folder / name).write_bytes(gzip.compress(header + array.astype(np.uint8).tobytes()))


def write_packed(path, images=IMAGES):
    """One picture of one column of tiles for each split."""
    arrays, codec = {}, {"kind": "tiles", "tile": [8, 8, 1], "cols": 1, "per": 12}
    for part, count in (("train", 12), ("test", 4)):
        file = BytesIO()
        Image.fromarray(images[:count].reshape(-1, 8)).save(file, "PNG")
        blob = np.frombuffer(file.getvalue(), np.uint8)
        arrays |= {f"{part}_y": LABELS[:count], f"{part}_blob": blob, f"{part}_off": np.array([0, len(blob)])}
    meta = {"splits": ["train", "test"], "codec": {"train": codec, "test": codec}}
    np.savez(path, meta=json.dumps(meta), **arrays)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("place", ["tiny", "Tiny/raw", "."])
def test_a_set_is_found_under_each_of_its_names(folder, place):
    write_idx(folder / place)
    loaded = Tiny().load(0)

    assert loaded.variant is None
    assert len(loaded.train) + len(loaded.validation) == 12


def test_an_absent_set_says_how_to_get_it(folder):
    with pytest.raises(DataError, match=rf"tiny is not in {folder}.*`nas data get tiny`"):
        Tiny().load(0)


def test_the_exact_form_comes_before_a_packed_one(folder):
    write_packed(folder / "tiny.npz", 255 - IMAGES)
    lossy = Tiny().load(0)
    write_idx(folder / "tiny")
    exact = Tiny().load(0)

    assert lossy.variant == "lossy copy tiny.npz"
    assert exact.variant is None
    assert lossy.digest != exact.digest


def test_a_packed_set_with_the_published_pixels_is_no_variant(folder):
    write_packed(folder / "tiny.npz")

    assert Tiny().load(0).variant is None


def test_other_pixels_under_an_official_name_are_refused(folder):
    write_idx(folder / "tiny", 255 - IMAGES)

    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz.*pixels are not those of tiny"):
        Tiny().load(0)


def test_another_number_of_images_is_refused(folder):
    write_idx(folder / "tiny")

    with pytest.raises(DataError, match="12 train images, where tiny has 13; delete it"):
        changed(train=Content(13)).load(0)


def test_a_form_that_needs_a_missing_module_names_the_extra(folder):
    write_idx(folder / "tiny")
    form = replace(Tiny.forms[0], needs="a_module_that_is_not_there")

    with pytest.raises(DataError, match=r"needs a_module_that_is_not_there; run `pip install 'nas\[hub\]'`"):
        changed(forms=(form,)).load(0)


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_is_known_of_each_set_is_consistent(name):
    published = dataset[name]

    assert published.name == name
    assert len(set(published.classes)) == len(published.classes) >= 2
    assert (published.train.digest is None) == (published.test.digest is None)
    assert published.origins
    for origin in published.origins:
        assert origin.form in published.forms
        assert origin.form.exact
        assert published.train.digest or len(origin.form.files) == 1, "one md5 is for one file"


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.data(name)) for name in PUBLISHED if dataset[name].train.digest]
)
def test_the_full_set_loads(name):
    loaded = load(name, 0)

    assert len(loaded.train) + len(loaded.validation) == dataset[name].train.images
    assert len(loaded.test) == dataset[name].test.images


def jpeg(colour, size=(160, 200)):
    file = BytesIO()
    Image.new("RGB", size, colour).save(file, "JPEG")
    return file.getvalue()


def test_eurosat_is_split_by_the_names_of_its_files():
    """27,000 files, of which the names alone choose 5,445 for test."""
    counts = dict.fromkeys(eurosat.CLASSES, 3000) | {"Pasture": 2000}
    counts |= dict.fromkeys(("Highway", "Industrial", "PermanentCrop", "River"), 2500)
    names = [PurePosixPath(f"2750/{name}/{name}_{n + 1}.jpg") for name, count in counts.items() for n in range(count)]
    tested = sum(eurosat._is_test(name) for name in names)

    assert (len(names) - tested, tested) == (EUROSAT.train.images, EUROSAT.test.images)


def test_eurosat_is_read_from_its_zip_and_from_its_folder(folder):
    with ZipFile(folder / "EuroSAT.zip", "w") as archive:
        for label, name in enumerate(eurosat.CLASSES):
            for number in range(1, 9):
                archive.writestr(f"2750/{name}/{name}_{number}.jpg", jpeg((20 * label, 9, 9), (64, 64)))
    with ZipFile(folder / "EuroSAT.zip") as archive:
        for name in archive.namelist():
            archive.extract(name, folder)
    zipped, unpacked = (eurosat._read(folder / name) for name in ("EuroSAT.zip", "2750"))

    assert zipped["train"].digest() == unpacked["train"].digest()
    assert len(zipped["train"]) + len(zipped["test"]) == 80
    assert abs(zipped["train"].images[..., 0].mean((1, 2)) - 20 * zipped["train"].labels).max() < 3


def test_imagenette_is_read_from_its_archive(folder):
    """The publisher's val is test; photos are cut to 128 x 128."""
    with tarfile.open(folder / "imagenette2-160.tgz", "w:gz") as archive:
        for part in ("train", "val"):
            for label, wnid in enumerate(imagenette.CLASSES):
                content = jpeg((20 * label, 9, 9))
                member = tarfile.TarInfo(f"imagenette2-160/{part}/{wnid}/{wnid}_1.JPEG")
                member.size = len(content)
                archive.addfile(member, BytesIO(content))
    splits = imagenette._read(folder / "imagenette2-160.tgz")

    assert splits["test"].labels.tolist() == list(range(10))
    assert splits["train"].images.shape == (10, 128, 128, 3)
    assert abs(splits["train"].images[..., 0].mean((1, 2)) - 20 * np.arange(10)).max() < 3
