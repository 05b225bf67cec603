"""`nas data` as a user calls it, downloading from a real server on this machine."""

import gzip
import json
import struct
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest
from click.testing import CliRunner
from pictures import photos
from PIL import Image

from nas.commands.data import data
from nas.dataset import Split, dataset
from nas.errors import DataError
from nas.images.archives import IDX_FILES, read_idx
from nas.images.decoded_sets import Block, decoded_once
from nas.images.published import Content, Form, Origin, PublishedSource, packed

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 8, 8), np.uint8)
LABELS = np.arange(40) % 2
IDX = Form(IDX_FILES, read_idx)


def idx(array):
    header = struct.pack(f">{1 + array.ndim}i", 0x800 + array.ndim, *array.shape)
    return gzip.compress(header + array.astype(np.uint8).tobytes())


def files(images):
    return dict(zip(IDX_FILES, map(idx, (images, LABELS, images[:10], LABELS[:10])), strict=True))


WHOLE = files(IMAGES)
OTHER = files(255 - IMAGES)


class Handler(BaseHTTPRequestHandler):
    """/whole has the set, /other other pixels, /short breaks off after half of each file; the rest is not there."""

    def do_GET(self):
        _, folder, name = self.path.split("/")
        content = {"whole": WHOLE, "short": WHOLE, "other": OTHER}.get(folder, {}).get(name)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if folder == "short" else content)

    def log_message(self, *_):
        pass


@contextmanager
def serving():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def server():
    with serving() as address:
        yield address


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_DATA_DIR", str(tmp_path))
    return tmp_path


def publish(monkeypatch, *bases):
    """A small published set `tiny` whose origins are these addresses."""

    class Tiny(PublishedSource):
        name, summary, licence = "tiny", "a test", "none"
        classes = ("even", "odd")
        train = Content(40, Split(IMAGES[..., None], LABELS).digest())
        test = Content(10, Split(IMAGES[:10, ..., None], LABELS[:10]).digest())
        download_bytes = 5000
        forms = (IDX,)
        origins = tuple(Origin(base, IDX) for base in bases)
        flip = False
        folders = ("tiny",)

    assert "tiny" not in list(dataset)
    monkeypatch.setitem(dataset._classes, "tiny", Tiny)


def nas_data(*arguments):
    return CliRunner().invoke(data, arguments, catch_exceptions=True)


def test_a_set_is_downloaded_from_the_first_source_that_has_it(server, folder, monkeypatch):
    """Each failure before is reported with its address; nothing but the four files is left."""
    closed = "http://127.0.0.1:9"
    publish(monkeypatch, closed, f"{server}/none", f"{server}/short", f"{server}/other", f"{server}/whole")
    result = nas_data("get", "tiny")
    failures = [line for line in result.stderr.splitlines() if line.startswith("Failed:")]

    assert result.exit_code == 0
    assert len(failures) == 4
    assert closed in failures[0]
    assert f"{server}/none/{IDX_FILES[0]}: HTTP Error 404" in failures[1]
    assert f"{server}/short/{IDX_FILES[0]}: the connection ended after" in failures[2]
    assert f"{server}/other/" in failures[3]
    assert "pixels are not those of tiny" in failures[3]
    assert sorted(file.name for file in (folder / "tiny").iterdir()) == sorted(IDX_FILES)
    assert "is there already" in nas_data("get", "tiny").output
    assert json.loads(nas_data("get", "tiny", "--json").output)["name"] == "tiny"
    assert json.loads(nas_data("show", "tiny", "--json").output)["images"] == {
        "train": 36,
        "validation": 4,
        "test": 10,
    }


def test_when_no_source_has_it_all_reasons_are_given_and_nothing_is_left(server, folder, monkeypatch):
    publish(monkeypatch, f"{server}/short", f"{server}/other", "file:///etc")
    result = nas_data("get", "tiny")

    assert isinstance(result.exception, DataError)
    for part in (f"{server}/short/", f"{server}/other/", "file:///etc/", "only http and https"):
        assert part in str(result.exception)
    assert list((folder / "tiny").iterdir()) == []


def test_a_mirror_is_tried_first(server, folder, monkeypatch):
    publish(monkeypatch, f"{server}/none")
    result = nas_data("get", "tiny", "--source", f"{server}/whole/")

    assert result.exit_code == 0
    assert "Failed" not in result.stderr
    assert (folder / "tiny" / IDX_FILES[0]).read_bytes() == WHOLE[IDX_FILES[0]]


def test_a_lossy_copy_does_not_stand_in_the_way_of_the_exact_set(server, folder, monkeypatch):
    publish(monkeypatch, f"{server}/whole")
    monkeypatch.setattr(dataset["tiny"], "forms", (*dataset["tiny"].forms, *packed("tiny.npz")))
    (folder / "tiny.npz").touch()

    assert nas_data("get", "tiny").exit_code == 0
    assert dataset.make("tiny").load(0).variant is None


def test_a_file_with_another_checksum_is_refused(server, folder, monkeypatch):
    publish(monkeypatch)
    published = dataset["tiny"]
    origin = Origin(f"{server}/whole", IDX, md5="0" * 32)

    with pytest.raises(DataError, match="another file than expected"):
        published.get((origin,), lambda *_: None, lambda _: None)
    assert list((folder / "tiny").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(server, folder, monkeypatch):
    (folder / "tiny").write_text("a file where the folder should be")
    publish(monkeypatch, f"{server}/whole")
    result = nas_data("get", "tiny")

    assert isinstance(result.exception, DataError)
    assert f"cannot write data set tiny to {folder}" in str(result.exception)


def test_a_spec_may_allow_the_download(server, folder, monkeypatch):
    publish(monkeypatch, f"{server}/whole")
    with pytest.raises(DataError, match="`nas data get tiny`"):
        dataset.make("tiny").load(0)

    assert len(dataset.make({"name": "tiny", "download": True}).load(0).test) == 10
    assert (folder / "tiny" / IDX_FILES[0]).exists()


def test_what_is_not_published_is_not_downloaded():
    result = nas_data("get", "fashion_mnist_mini")

    assert result.exit_code == 2
    assert "needs no download" in result.output


def test_the_list_says_what_is_present_and_how_to_get_the_rest(folder, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    rows = {row["name"]: row for row in json.loads(nas_data("list", "--json").output)}
    text = " ".join(nas_data("list").output.split())

    assert {"cifar10", "eurosat", "fashion_mnist_mini", "folder", "hf", "imagenette", "mnist"} <= set(rows)
    assert rows["mnist"]["where"] is None
    assert rows["fashion_mnist_mini"]["where"] == "in nas"
    assert rows["folder"]["where"] == "give path"
    assert "absent; nas data get mnist (12 MB)" in text
    assert f"Looked for in: {folder}" in text


def test_a_set_is_described():
    facts = json.loads(nas_data("show", "fashion_mnist_mini", "--json").output)
    text = nas_data("show", "fashion_mnist_mini", "--seed", "3").output

    assert facts["images"] == {"train": 9000, "validation": 1000, "test": 5000}
    assert facts["classes"][0] == "T-shirt/top"
    assert len(facts["digest"]) == 16
    assert "9,000 train, 1,000 validation, 5,000 test" in text
    assert facts["digest"] not in text, "another seed draws other validation images"


def rows(text):
    """The table of classes as words, without its head."""
    lines = [line.split() for line in text.splitlines()]
    return lines[lines.index(["class", "train", "validation", "test"]) + 1 :]


def test_the_images_of_each_class_are_counted(tmp_path):
    """Of the splits as they are drawn, whatever brackets a name has."""
    for name, count in (("cat[1]", 20), ("dog", 40)):
        photos(tmp_path, [name], count)
    folder = f"folder:{tmp_path}"

    found = json.loads(nas_data("show", folder, "--json").output)
    text = nas_data("show", folder).output

    counted = found["images_by_class"]
    assert [row["class"] for row in counted] == ["cat[1]", "dog"]
    assert [sum(row[part] for part in found["images"]) for row in counted] == [20, 40]
    assert {part: sum(row[part] for row in counted) for part in found["images"]} == found["images"]
    assert all(row[part] for row in counted for part in found["images"])
    assert rows(text) == [[str(value) for value in row.values()] for row in counted]


def test_of_many_classes_those_with_the_fewest_images_are_shown(tmp_path):
    names = [f"class{number:02}" for number in range(32)]
    photos(tmp_path, names, 4)
    photos(tmp_path, names[:2], 8)
    folder = f"folder:{tmp_path}"

    text = nas_data("show", folder).output

    assert "class29 and 2 more" in text
    assert "The 30 of 32 classes with the fewest training images" in text
    assert [row[0] for row in rows(text)] == names[2:]
    assert len(json.loads(nas_data("show", folder, "--json").output)["images_by_class"]) == 32


def test_options_are_checked_as_parameters_of_the_set(tmp_path):
    assert "not KEY=VALUE" in nas_data("show", f"folder:{tmp_path}", "-o", "size").output
    assert "dataset.size" in str(nas_data("show", f"folder:{tmp_path}", "-o", "size=big").exception)


def test_photos_of_several_sizes_are_shown_without_options(tmp_path):
    """As a camera and a phone give them; their size is the reader's to change."""
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(20):
            shape = (120, 160, 3) if number % 2 else (160, 120, 3)
            noise = np.random.default_rng(number).integers(0, 256, shape, np.uint8)
            Image.fromarray(noise).save(tmp_path / "photos" / name / f"{number}.jpg")
    folder = f"folder:{tmp_path}/photos"
    shown = json.loads(nas_data("show", folder, "--json").output)
    chosen = json.loads(nas_data("show", folder, "-o", "size=32", "--json").output)

    assert (shown["side"], chosen["side"]) == (96, 32)
    assert shown["notes"][0]["kind"] == "several_sizes"
    assert "several_sizes" not in {note["kind"] for note in chosen["notes"]}


def test_a_folder_that_is_given_as_a_name_is_answered_with_its_prefix():
    assert "folder:PATH" in str(nas_data("show", "photos").exception)


@pytest.mark.parametrize("arguments", [("--seed", "-1"), ("-o", "size=[")])
def test_an_option_that_cannot_be_used_is_named(arguments):
    done = CliRunner().invoke(data, ["show", "fashion_mnist_mini", *arguments])

    assert done.exit_code == 2
    assert arguments[0] in done.output


def test_decoded_sets_are_listed_and_removed(tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_CACHE_DIR", str(tmp_path))
    block = Block(np.zeros((4, 8, 8, 3), np.uint8), {})
    images, _ = decoded_once("abc", block.images.shape, "photos/cat/1.jpg", lambda: iter([block]))
    listed = CliRunner().invoke(data, ["decoded"])
    known = json.loads(CliRunner().invoke(data, ["decoded", "--json"]).output)
    refused = CliRunner().invoke(data, ["decoded", "remove", "abc", "--json"])
    unknown = CliRunner().invoke(data, ["decoded", "remove", "abd"])
    del images
    removed = CliRunner().invoke(data, ["decoded", "remove", "--all"])

    assert "photos/cat/1.jpg" in listed.output
    assert known["sets"][0] | {"key": "abc", "bytes": 768, "state": "decoded"} == known["sets"][0]
    assert json.loads(refused.output) == {"removed": [], "used": ["abc"]}
    assert "in use, and kept: abc" in str(refused.exception)
    assert "there are no decoded images abd" in str(unknown.exception)
    assert "abc removed" in removed.output
    assert json.loads(CliRunner().invoke(data, ["decoded", "--json"]).output)["sets"] == []
