"""Archives of every maker: names as they were meant, and a reason with a remedy for what cannot be read."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from unicodedata import normalize

import pytest
from archives import class_folders, packed, picture

from api.uploading.entries import METHODS, entries
from api.uploading.unpack import unpack
from nas.errors import DataError
from nas.images.on_damaged import OnDamaged

GOOD = class_folders("a", "b")


def names(tmp_path, data):
    """The names of the files in an archive."""
    (tmp_path / "archive").write_bytes(data)
    return [name for name, content in entries(tmp_path / "archive") if content is not None]


def zip_with(stored, *, flags=0, extra=b"", system=0):
    """A zip of one file whose name has these bytes."""
    placeholder = "n" * len(stored)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo(placeholder)
        info.create_system, info.extra = system, extra
        archive.writestr(info, picture(0))
    data = bytearray(out.getvalue().replace(placeholder.encode(), stored))
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        struct.pack_into("<H", data, data.index(magic) + at, flags)
    return bytes(data)


def unicode_path(stored, name):
    field = b"\1" + struct.pack("<I", zlib.crc32(stored)) + name.encode()
    return struct.pack("<HH", 0x7075, len(field)) + field


PECHE = "pêche/1.png"


@pytest.mark.parametrize(
    "data",
    [
        zip_with(PECHE.encode()),
        zip_with(PECHE.encode(), system=3),
        zip_with(PECHE.encode(), flags=0x800),
        zip_with(normalize("NFD", PECHE).encode(), system=3),
        zip_with(PECHE.encode("cp437"), extra=unicode_path(PECHE.encode("cp437"), PECHE)),
        zip_with("pêche\\1.png".encode()),
        packed(".tar", {normalize("NFD", PECHE): picture(0)}),
    ],
    ids=[
        "UTF-8 without its flag",
        "of Unix",
        "with it",
        "decomposed, of macOS",
        "extra field",
        "separators of Windows",
        "tar",
    ],
)
def test_names_are_as_they_were_meant(tmp_path, data):
    assert names(tmp_path, data) == [PECHE]


def test_one_name_that_is_unlike_gbk_tells_of_the_others(tmp_path):
    """Those of кошка are, of дом are not."""
    archive = io.BytesIO(zip_with("дом/1.png".encode(), system=3))
    with pytest.raises(DataError, match=r"may be 'дом/1\.png'"):
        names(tmp_path, archive.getvalue())

    assert names(tmp_path, zip_with("дом/кошка.png".encode(), system=3)) == ["дом/кошка.png"]


@pytest.mark.parametrize("system", [0, 3])
@pytest.mark.parametrize(
    ("name", "page"), [("pêche", "cp437"), ("ソース", "cp932"), ("图片", "gbk"), ("дом", "cp1251")]
)
def test_a_name_in_an_unknown_code_page_is_refused_with_what_it_may_be(tmp_path, name, page, system):
    with pytest.raises(DataError, match=rf"may be .*'{name}/1.png'.*names in UTF-8"):
        names(tmp_path, zip_with(f"{name}/1.png".encode(page), system=system))


def test_an_extra_field_for_another_name_is_not_believed(tmp_path):
    with pytest.raises(DataError, match="code page"):
        names(tmp_path, zip_with(PECHE.encode("cp437"), extra=unicode_path(b"other", "other/1.png")))


def test_a_tar_with_names_in_a_code_page_is_refused(tmp_path):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT, encoding="latin-1") as archive:
        archive.addfile(tarfile.TarInfo("pêche/1.png"))

    with pytest.raises(DataError, match="name in the tar is in a code page"):
        names(tmp_path, out.getvalue())


@pytest.mark.parametrize("method", [9, 93, 95, 98, 99, 7])
def test_a_method_that_is_not_read_is_named(tmp_path, method):
    if method == 93 and hasattr(zipfile, "ZIP_ZSTANDARD"):
        return
    data = bytearray(packed(".zip", GOOD))
    at = -1
    while (at := data.find(b"PK\x01\x02", at + 1)) >= 0:
        struct.pack_into("<H", data, at + 10, method)

    with pytest.raises(DataError, match=rf"{METHODS.get(method, 'number 7').split(',')[0]}.*8 files.*with Deflate"):
        names(tmp_path, bytes(data))


def test_an_encrypted_zip_is_named(tmp_path):
    with pytest.raises(DataError, match=r"encrypted .*without a password"):
        names(tmp_path, zip_with(b"a/1.png", flags=1))


def disk(data):
    """The last part of a split zip: it says that it lies on the third disk."""
    at = data.rfind(b"PK\x05\x06")
    return data[: at + 4] + b"\2\0" + data[at + 6 :]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PK\x07\x08" + packed(".zip", GOOD), "one part of a split archive"),
        (disk(packed(".zip", GOOD)), "one part of a split archive"),
        (disk(packed(".zip", GOOD))[300:], "one part of a split archive"),
        (packed(".zip", GOOD)[:500], r"cut off, or it is one part of a split archive \(.zip.001\)"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(99), "7z archive, which is not read; send a .zip .* or a .tar.gz"),
        (b"Rar!\x1a\x07\x01\x00", "RAR archive"),
        (b"\x28\xb5\x2f\xfd" + bytes(99), "Zstandard"),
        (b"\x1f\x9d\x90", "compress"),
        (b"070701" + bytes(99), "cpio"),
    ],
)
def test_other_archives_are_named_with_the_remedy(tmp_path, data, message):
    with pytest.raises(DataError, match=message):
        names(tmp_path, data)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("flavour", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tars_of_every_flavour_are_read(tmp_path, pack, flavour):
    out = io.BytesIO()
    long_name = f"a/{'x' * 80}/{'y' * 80}.png"
    with tarfile.open(fileobj=out, mode="w", format=flavour) as archive:
        for name in ("a/1.png", long_name):
            info = tarfile.TarInfo(name)
            info.size = len(picture(0))
            archive.addfile(info, io.BytesIO(picture(0)))

    assert names(tmp_path, pack(out.getvalue())) == ["a/1.png", long_name]


def test_litter_is_not_looked_at(tmp_path):
    """Not its names either, which may be odd, nor what it is."""
    litter = {
        "__MACOSX/a/._0.png": b"",
        "a/Icon\r": b"",
        "a/.DS_Store": b"x",
        "b/._1.png": {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
    }

    assert len(names(tmp_path, packed(".tar", {**GOOD, **litter}))) == len(GOOD)


def unpacked(tmp_path, files, on_damaged=OnDamaged.REFUSE):
    (tmp_path / "archive").write_bytes(packed(".zip", files))
    return unpack(tmp_path / "archive", tmp_path / "made", on_damaged)


def test_content_decides_and_odd_classes_count(tmp_path):
    files = {
        **class_folders("__background__", ".net"),
        ".net/9.jfif": picture(9, form="JPEG"),
        ".net/a photo": picture(10, form="JPEG"),
        ".net/film.mp4": bytes(99),
        ".net/Thumbs.db": b"litter",
    }

    facts = unpacked(tmp_path, files)

    assert facts["classes"] == [".net", "__background__"]
    assert (facts["images"], facts["ignored"]) == (10, 2)
    assert [note["text"] for note in facts["notes"]] == [
        "1 file left out, being no pictures that can be read (.mp4 1): .net/film.mp4"
    ]


def test_all_damaged_pictures_are_named_or_left_out(tmp_path):
    cut = picture(1, side=64)[:2000]
    files = {**GOOD, "a/8.png": b"", "a/9.png": cut, "b/9.png": b"<html>"}

    with pytest.raises(DataError, match=r"3 pictures cannot be read: a/8\.png .*, b/9\.png .*, a/9\.png .*on_damaged"):
        unpacked(tmp_path, files)

    (tmp_path / "made").rename(tmp_path / "left")
    facts = unpacked(tmp_path, files, OnDamaged.SKIP)
    assert facts["images"] == 8
    assert [(note["kind"], note["count"]) for note in facts["notes"]] == [("damaged", 3)]


def test_a_test_set_may_lack_a_class(tmp_path):
    files = {**class_folders("a", "b", above="train/"), **class_folders("a", above="test/", count=1)}

    assert unpacked(tmp_path, files)["parts"] == {"train": 8, "test": 1}
