"""Archives of strangers: what is right becomes a data set, and what is hostile writes nothing outside its folder."""

import io
import struct
import tarfile
import tempfile
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from archives import KINDS, class_folders, packed, picture
from hypothesis import given, settings
from hypothesis import strategies as st

from api.uploading import probing
from api.uploading import unpack as module
from api.uploading.content import content_digest, folder_files
from api.uploading.unpack import unpack
from nas.dataset import load
from nas.errors import DataError


def unpacked(folder, data):
    """What an archive of these bytes becomes; nothing is written beside the archive's own folder."""
    (folder / "in").mkdir()
    archive = folder / "in" / "archive"
    archive.write_bytes(data)
    try:
        return unpack(archive, folder / "in" / "made")
    finally:
        assert {path.name for path in folder.iterdir()} == {"in"}
        assert {path.name for path in (folder / "in").iterdir()} == {"archive", "made"}
        assert not any(path.is_symlink() for path in folder.rglob("*"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("above", ["", "./", "flowers/", "a/b/c/"])
def test_class_folders_become_a_data_set(tmp_path, kind, above):
    """The same images, in whatever folders all of them lie."""
    files = {**class_folders("rose", "tulip", above=above), f"{above}readme.txt": b"hello", f"{above}.DS_Store": b"x"}

    facts = unpacked(tmp_path, packed(kind, files))

    readme = str(Path(above, "readme.txt"))
    assert facts == {
        "sha256": content_digest(folder_files(tmp_path / "in" / "made")),
        "classes": ["rose", "tulip"],
        "images": 8,
        "parts": {"train": 8},
        "sizes": {"min": 8, "max": 8},
        "ignored": 2,
        "notes": [
            {
                "kind": "left_out",
                "count": 1,
                "text": f"1 file left out, being no pictures that can be read (.txt 1): {readme}",
                "names": [readme],
            }
        ],
    }
    loaded = load({"name": "folder", "path": str(tmp_path / "in/made")}, 0)
    images = np.concatenate([part.images for part in (loaded.train, loaded.validation, loaded.test)])
    want = {picture(seed) for seed in range(8)}
    assert loaded.classes == ("rose", "tulip")
    assert len({image.tobytes() for image in images}) == len(want) == 8


@pytest.mark.parametrize("classes", [("cooked", "raw"), ("bus", "test", "train"), ("car", "val")])
def test_classes_may_be_called_as_folders_of_ours_are(tmp_path, classes):
    facts = unpacked(tmp_path, packed(".zip", class_folders(*classes)))

    loaded = load({"name": "folder", "path": str(tmp_path / "in/made")}, 0)
    assert facts["parts"] == {"train": 4 * len(classes)}
    assert loaded.classes == tuple(facts["classes"]) == classes


def test_parts_are_kept_apart(tmp_path):
    files = {
        **class_folders("a", "b", above="set/Train/"),
        **class_folders("a", "b", above="set/val/", count=1),
        **class_folders("a", "b", above="set/testing/", count=2),
    }

    facts = unpacked(tmp_path, packed(".zip", files))

    assert facts["parts"] == {"train": 8, "validation": 2, "test": 4}
    loaded = load({"name": "folder", "path": str(tmp_path / "in/made")}, 0)
    assert (len(loaded.train), len(loaded.validation), len(loaded.test)) == (8, 2, 4)


def test_sides_say_whether_a_size_is_needed(tmp_path):
    files = {**class_folders("a", side=8), **class_folders("b", side=12)}

    assert unpacked(tmp_path, packed(".tar", files))["sizes"] == {"min": 8, "max": 12}


GOOD = class_folders("a", "b")


@pytest.mark.parametrize(
    "name", ["../c.png", "a/../../c.png", "/etc/c.png", "..\\c.png", "a/\x1b[2J.png", "/".join("d" * 20) + "/c.png"]
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_path_that_leads_out_is_refused(tmp_path, kind, name):
    with pytest.raises(DataError, match=r"leads out of the archive|folders deep"):
        unpacked(tmp_path, packed(kind, {**GOOD, name: picture(1)}))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_a_link_or_device_is_refused(tmp_path, kind):
    hostile = {"a/9.png": {"type": kind, "linkname": "/etc/passwd"}}

    with pytest.raises(DataError, match="link or a device"):
        unpacked(tmp_path, packed(".tar", {**GOOD, **hostile}))


def test_a_link_in_a_zip_is_refused(tmp_path):
    out = io.BytesIO(packed(".zip", GOOD))
    with zipfile.ZipFile(out, "a") as archive:
        link = zipfile.ZipInfo("a/9.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")

    with pytest.raises(DataError, match="link or a device"):
        unpacked(tmp_path, out.getvalue())


def _bomb(side):
    """A PNG of a few bytes whose header claims side x side pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n(/tmp/x) (w) file\n%%EOF\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a readable image"),
        (b"not a picture", "not a readable image"),
        (picture(1)[:60], "not a readable image"),
        (EPS, "not a readable image"),
        (_bomb(9_000), "has 9000 x 9000 pixels"),
        (_bomb(100_000), "not a readable image"),
    ],
    ids=["empty", "text", "cut", "program", "bomb", "great bomb"],
)
def test_a_picture_that_is_none_is_named(tmp_path, content, message):
    with pytest.raises(DataError, match=rf"a/9\.png .*{message}") as caught:
        unpacked(tmp_path, packed(".zip", {**GOOD, "a/9.png": content}))

    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no images"),
        ({"a/readme.txt": b"x"}, r"no images; it has \.txt 1"),
        ({**GOOD, "c/1.dng": b"x", "c/2.dng": b"x"}, r"class 'c' has no images .*\(\.dng 2\)"),
        (class_folders("a"), r"one class \(a\)"),
        ({"1.png": picture(1), **GOOD}, "no class folder"),
        (class_folders("a", "b", count=2), "2 training images; give each class at least 3"),
        (
            {**class_folders("a", "b", above="train/"), **class_folders("a", "c", above="val/")},
            "val.* has classes that train lacks: c",
        ),
        ({**class_folders("a", "b", above="train/"), **class_folders("more")}, r"more/\.\.\. lies in no class folder"),
        ({**class_folders("a", "b", above="train/"), "val/1.png": picture(1)}, "no class folder"),
        ({"train/1.png": picture(1), "test/1.png": picture(2)}, "no class folder"),
        (class_folders("a", "b" * 101), "more than 100 letters"),
        (class_folders("a", "猫" * 100), "or 255 bytes"),
        (class_folders("a", "upload.json"), "rename it"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(tmp_path, files, message):
    with pytest.raises(DataError, match=message):
        unpacked(tmp_path, packed(".tar.gz", files))


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x03\x04" + bytes(99), b"\x1f\x8b" + bytes(99), bytes(9999)])
def test_what_is_no_archive_is_refused(tmp_path, data):
    with pytest.raises(DataError, match=r"damaged|no images"):
        unpacked(tmp_path, data)


def test_bombs_are_cut_off(tmp_path, monkeypatch):
    """By what arrives, not by the sizes that the archive states."""
    monkeypatch.setattr(module, "SMALL_BYTES", 1000)
    bomb = packed(".zip", {"a/1.bmp": bytes(10**7)})

    with pytest.raises(DataError, match="100 times the archive"):
        unpacked(tmp_path, bomb)

    assert sum(path.stat().st_size for path in (tmp_path / "in/made").rglob("*")) < 200 * len(bomb)


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_are_counted_before_any_is_decoded(tmp_path, monkeypatch, kind):
    """Of all images together: two black ones of 63 megapixels take 1 KB."""
    monkeypatch.setattr(probing, "decode", None)

    with pytest.raises(DataError, match="500 for each byte of the archive"):
        unpacked(tmp_path, packed(kind, {"a/1.png": _bomb(7_900), "b/1.png": _bomb(7_900)}))


def test_entries_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_ENTRIES", 7)

    with pytest.raises(DataError, match="more than 7 entries"):
        unpacked(tmp_path, packed(".tar", GOOD))


NAMES = st.lists(
    st.sampled_from(["..", ".", "", "a", "b", "train", "/", "\\", "C:", "\x00", "~", "é", "\n", "nul", "x" * 300]),
    min_size=1,
    max_size=6,
).map("/".join)
TYPES = st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.GNUTYPE_SPARSE])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(NAMES, TYPES, st.booleans()), max_size=8), st.sampled_from(KINDS))
def test_hostile_names_stay_inside(entries, kind):
    files = dict(GOOD)
    for number, (name, type_, image) in enumerate(entries):
        path = name + (f"/{number}.png" if image else "")
        as_file = kind == ".zip" or type_ == tarfile.REGTYPE
        files[path] = picture(number) if as_file else {"type": type_, "linkname": "../../../escape"}
    with tempfile.TemporaryDirectory() as folder:
        try:
            facts = unpacked(Path(folder), packed(kind, files))
        except DataError:
            return
        assert facts["images"] >= len(GOOD)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(KINDS), st.data())
def test_damaged_archives_are_refused_or_read(kind, data):
    """Flipped bytes and cut ends raise nothing but DataError."""
    content = bytearray(packed(kind, GOOD))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(content)) | st.just(len(content)))
    with tempfile.TemporaryDirectory() as folder, suppress(DataError):
        unpacked(Path(folder), bytes(content[:end]))
