"""Folders as users make them: any format, litter, odd names, deep and turned pictures; all that is changed is told."""

import io
from unicodedata import normalize

import numpy as np
import pytest
from PIL import Image, features

from nas.dataset import dataset
from nas.errors import DataError
from nas.images import formats
from nas.images.formats import Picture, PictureError, header

RNG = np.random.default_rng(0)


def noise(side=8, mode="RGB"):
    return Image.fromarray(RNG.integers(0, 256, (side, side, 3), np.uint8)).convert(mode)


def fill(folder, classes=("cat", "dog"), count=4):
    for name in classes:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            noise().save(folder / name / f"{number}.png")


def load(folder, **parameters):
    return dataset.make({"name": "folder", "path": str(folder), **parameters}).load(0)


def told(folder, **parameters):
    """Count and text of each note, by kind; an outline tells the same, before any picture is decoded."""
    source = dataset.make({"name": "folder", "path": str(folder), **parameters})
    return {note.kind: (note.count, note.text) for note in source.load(0).reading}


def total(images):
    return len(images.train) + len(images.validation) + len(images.test)


@pytest.mark.parametrize(
    ("name", "form"),
    [("9.jfif", "JPEG"), ("9.jpe", "JPEG"), ("9", "JPEG"), ("9.txt", "PNG"), ("9.jpg", "WEBP"), ("9.jp2", "JPEG2000"),
     ("9.pbm", "PPM"), ("9.ico", "ICO"), ("9.tga", "TGA"), ("9.qoi", "QOI"), ("9.avif", "AVIF")],
)  # fmt: skip
def test_content_decides_and_not_the_name(tmp_path, name, form):
    if form == "AVIF" and not features.check("avif"):
        pytest.skip("Pillow was built without AVIF; install its wheel: pip install pillow")
    fill(tmp_path)
    noise().save(tmp_path / "cat" / name, form)

    assert total(load(tmp_path)) == 9


def test_other_files_are_counted_by_suffix_and_named(tmp_path):
    fill(tmp_path)
    for name in ("a.mp4", "b.mp4", "notes.TXT", "IMG_1.CR2"):
        (tmp_path / "cat" / name).write_bytes(b"P1 is no picture, although it begins as one")
    noise().save(tmp_path / "loose.png")
    (tmp_path / "labels.csv").write_text("a,b")

    found = told(tmp_path)

    assert found["left_out"] == (
        4,
        "4 files left out, being no pictures that can be read (.mp4 2, .cr2 1, .txt 1): "
        + ", ".join(f"{tmp_path.name}/cat/{name}" for name in ("IMG_1.CR2", "a.mp4", "b.mp4", "notes.TXT")),
    )
    assert found["loose"] == (1, f"1 picture left out, lying in no class folder: {tmp_path.name}/loose.png")
    assert found["beside"][0] == 1


def test_a_camera_s_raw_file_is_not_taken_for_its_preview(tmp_path):
    noise().save(tmp_path / "1.NEF", "TIFF")

    with pytest.raises(formats.NoPictureError, match="raw file of a camera"):
        header(Picture("1.NEF", tmp_path / "1.NEF"))


@pytest.mark.parametrize("name", ["__background__", ".net", "_misc", "$ave"])
def test_a_class_may_have_an_odd_name(tmp_path, name):
    fill(tmp_path, classes=("cat", name))

    assert set(load(tmp_path).classes) == {"cat", name}


def test_litter_is_no_class_and_no_picture(tmp_path):
    fill(tmp_path)
    expected = load(tmp_path).digest
    for folder in ("__MACOSX/cat", ".ipynb_checkpoints", "cat/.ipynb_checkpoints", "@eaDir", ".empty", "cat/@eaDir/x"):
        (tmp_path / folder).mkdir(parents=True)
        if folder != ".empty":
            noise().save(tmp_path / folder / "1.png")
    for name in ("Thumbs.db", ".DS_Store", "desktop.ini", "cat/._0.png", "cat/Icon\r", "cat/.DS_Store"):
        (tmp_path / name).write_bytes(b"litter")

    assert load(tmp_path).digest == expected
    assert told(tmp_path) == {}


def test_names_in_two_forms_of_unicode_are_one_class(tmp_path):
    composed, apart = (normalize(form, "pêche") for form in ("NFC", "NFD"))
    fill(tmp_path / "train", classes=("cat", apart))
    fill(tmp_path / "test", classes=("cat", composed))

    images = load(tmp_path)

    assert images.classes == ("cat", composed)
    assert np.bincount(images.test.labels).tolist() == [4, 4]


def test_two_folders_for_one_split_are_refused(tmp_path):
    for part in ("train", "val", "validation"):
        fill(tmp_path / part)

    with pytest.raises(DataError, match="val and validation, which are all the validation images; keep one"):
        load(tmp_path)


def test_a_folder_beside_train_is_told(tmp_path):
    fill(tmp_path / "train")
    fill(tmp_path / "unlabelled")

    assert told(tmp_path)["folder_left_out"][0] == 8


def test_a_folder_too_high_is_told(tmp_path):
    fill(tmp_path / "photos")

    with pytest.raises(DataError, match=r"if the classes are those in it, give .*/photos"):
        load(tmp_path)


def damage(folder):
    """An empty file, one that is cut off, and one that is no picture."""
    (folder / "cat" / "0.png").write_bytes(b"")
    file = folder / "dog" / "1.png"
    noise(64).save(file)
    file.write_bytes(file.read_bytes()[:3000])
    (folder / "dog" / "2.png").write_text("<html>404</html>")


def test_all_damaged_pictures_are_named_at_once(tmp_path):
    fill(tmp_path, count=6)
    damage(tmp_path)

    with pytest.raises(DataError, match=r"3 pictures cannot be read: .*on_damaged: skip") as caught:
        load(tmp_path, size=8)

    assert all(f"{tmp_path.name}/{name}" in str(caught.value) for name in ("cat/0.png", "dog/1.png", "dog/2.png"))


def test_damaged_pictures_are_left_out_and_told(tmp_path):
    fill(tmp_path, count=6)
    expected = {name: np.asarray(Image.open(tmp_path / name)) for name in ("cat/5.png", "dog/5.png")}
    damage(tmp_path)

    images = load(tmp_path, size=8, on_damaged="skip")

    every = np.concatenate([part.images for part in (images.train, images.validation, images.test)])
    labels = np.concatenate([part.labels for part in (images.train, images.validation, images.test)])
    assert np.bincount(labels).tolist() == [5, 4]
    for label, pixels in enumerate(expected.values()):
        assert [labels[at] for at, image in enumerate(every) if np.array_equal(image, pixels)] == [label]
    [note] = [note for note in images.reading if note.kind == "damaged"]
    assert (note.count, note.said) == (3, "3 pictures left out, unreadable")


def test_a_class_of_damaged_pictures_alone_is_refused(tmp_path):
    fill(tmp_path)
    for file in (tmp_path / "dog").iterdir():
        file.write_bytes(b"")

    with pytest.raises(DataError, match="dog has no images"):
        load(tmp_path, on_damaged="skip")


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40)


@pytest.mark.parametrize("name", ["1.heic", "1.jpg", "1"])
def test_heic_without_its_extra_names_it(monkeypatch, name):
    known = tuple(form for form in formats.readable() if form != "HEIF")
    monkeypatch.setattr(formats, "readable", lambda: known)

    with pytest.raises(PictureError, match=r"needs the extra `heic`; run `pip install 'nas\[heic\]'`"):
        header(Picture(name, HEIC))


def test_heic_is_read_with_its_extra(tmp_path):
    pytest.importorskip("pillow_heif", reason="needs pillow_heif: `pip install 'nas[heic]'`")
    assert "HEIF" in formats.readable()
    fill(tmp_path)
    noise(64).save(tmp_path / "cat" / "9.heic", "HEIF")

    assert total(load(tmp_path, size=8)) == 9


def deep():
    return Image.fromarray(np.linspace(0, 65_535, 64).reshape(8, 8).astype(np.uint16)), "TIFF"


def deep_png():
    return Image.fromarray(np.linspace(0, 65_535, 64).reshape(8, 8).astype(np.uint16)), "PNG"


def floats():
    return Image.fromarray(np.linspace(-1.0, 1.0, 64).reshape(8, 8).astype(np.float32)), "TIFF"


@pytest.mark.parametrize(("make", "kind"), [(deep, "deep"), (deep_png, "deep"), (floats, "deeper")])
def test_deep_grey_is_scaled(tmp_path, make, kind):
    fill(tmp_path)
    image, form = make()
    for name in ("cat", "dog"):
        for number in range(4):
            image.save(tmp_path / name / f"{number}.png", form)

    images = load(tmp_path)

    assert images.channels == 1
    ramp = np.linspace(0, 255, 64).reshape(8, 8, 1)
    assert abs(images.train.images[0].astype(float) - ramp).max() <= 0.6
    assert told(tmp_path)[f"changed_{kind}"][0] == 8


def pages(form):
    out = io.BytesIO()
    first, second = Image.new("RGB", (8, 8), (250, 0, 0)), Image.new("RGB", (8, 8), (0, 0, 250))
    first.save(out, form, save_all=True, append_images=[second], **({"lossless": True} if form == "WEBP" else {}))
    return out.getvalue()


@pytest.mark.parametrize("form", ["TIFF", "GIF", "WEBP", "PNG"])
def test_of_several_pages_the_first_is_read(tmp_path, form):
    fill(tmp_path)
    (tmp_path / "cat" / "9.png").write_bytes(pages(form))

    images = load(tmp_path)
    every = np.concatenate([part.images for part in (images.train, images.validation, images.test)])

    assert sum((abs(image.astype(int) - [250, 0, 0]) < 3).all() for image in every) == 1
    assert told(tmp_path)["changed_first"][0] == 1


def test_changed_colours_and_orientation_are_told_with_counts(tmp_path):
    fill(tmp_path)
    exif = Image.Exif()
    exif[0x0112] = 6
    noise().save(tmp_path / "cat" / "5.jpg", exif=exif)
    noise(mode="CMYK").save(tmp_path / "cat" / "6.jpg")
    noise(mode="CMYK").save(tmp_path / "cat" / "7.jpg")
    noise(mode="P").save(tmp_path / "cat" / "8.png", transparency=0)

    found = told(tmp_path)

    assert {kind: count for kind, (count, _) in found.items()} == {
        "changed_colours": 2,
        "changed_transparent": 1,
        "changed_turned": 1,
    }
    assert "converted to RGB" in found["changed_colours"][1]
    assert f"{tmp_path.name}/cat/5.jpg" in found["changed_turned"][1]


def test_reading_headers_decodes_nothing(tmp_path, monkeypatch):
    fill(tmp_path)
    monkeypatch.setattr(Image.Image, "load", None)
    source = dataset.make({"name": "folder", "path": str(tmp_path)})

    assert source.outline().train == 4


def test_a_test_set_without_a_rare_class_is_allowed_and_told(tmp_path):
    fill(tmp_path / "train", classes=("ant", "bee", "cat"))
    fill(tmp_path / "test", classes=("ant", "cat"))

    images = load(tmp_path)

    assert sorted(set(images.test.labels.tolist())) == [0, 2]
    [note] = [note for note in images.notes if note.kind == "test_lacks_classes"]
    assert (note.count, note.names) == (1, ("bee",))


def test_test_images_that_lie_in_train_are_counted_and_named(tmp_path):
    fill(tmp_path / "train")
    fill(tmp_path / "test")
    Image.open(tmp_path / "train/cat/0.png").save(tmp_path / "test/cat/copy.bmp")
    (tmp_path / "train/dog/copy.png").write_bytes((tmp_path / "train/cat/1.png").read_bytes())

    images = load(tmp_path)
    notes = {note.kind: note for note in images.notes}

    assert notes["test_in_train"].names == (f"{tmp_path.name}/test/cat/copy.bmp",)
    assert images.in_train["test"].sum() == 1
    assert notes["in_several_classes"].count == 1


def test_images_keep_their_names_through_the_draws(tmp_path):
    fill(tmp_path, count=10)

    images = load(tmp_path)

    for part in ("train", "validation", "test"):
        split = getattr(images, part)
        for name, pixels in zip(images.names[part], split.images, strict=True):
            assert np.array_equal(np.asarray(Image.open(tmp_path.parent / name)), pixels)


def test_uneven_classes_are_told(tmp_path):
    fill(tmp_path, count=20)
    fill(tmp_path, classes=("rare",), count=3)

    assert [note.kind for note in load(tmp_path).notes] == ["uneven"]
