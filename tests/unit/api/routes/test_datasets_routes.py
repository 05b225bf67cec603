"""Data sets over REST: uploads become folders that a search can name, whole or not at all."""

import hashlib
import tarfile
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from archives import KINDS, class_folders, packed
from fastapi.testclient import TestClient
from problem import assert_problem

from api.app import create_app
from api.uploading import uploads as module
from api.uploading.unpack import unpack
from api.uploading.uploads import Uploads
from nas.dataset import dataset, load
from nas.errors import DataError
from nas.service.settings import Settings

PICTURES = class_folders("cat", "dog", count=5)
ARCHIVES = {kind: packed(kind, PICTURES) for kind in KINDS}


def send(client, data, field="archive"):
    return client.post("/v1/datasets", files={field: ("any/../my pets.zip", data)})


def send_piece(client, data, start, end, **changes):
    """Bytes of an archive that is sent in pieces."""
    sha256 = hashlib.sha256(data).hexdigest()
    params = {"start": start, "size_bytes": len(data), "title": "my pets.tar"} | changes
    return client.put(f"/v1/datasets/{sha256}/archive", params=params, files={"archive": ("a", data[start:end])})


@pytest.fixture
def folder(service_home):
    """Where uploads land, there already, whichever test comes first; nothing half done stays there."""
    folder = service_home / "data-root/uploads"
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    assert not list(folder.glob(".*"))


def test_an_upload_can_be_searched_on(open_client, folder, service_home):
    """Sent as three kinds of archive, and from a folder within, the pictures are one data set."""
    within = packed(".zip", {f"my pets/{name}": content for name, content in reversed(PICTURES.items())})

    answers = [send(open_client, archive) for archive in (*ARCHIVES.values(), within, within)]

    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 200]
    first = answers[0]
    sha256 = first.json()["sha256"]
    assert all(answer.json() == first.json() for answer in answers)
    for digest in (sha256, *(hashlib.sha256(archive).hexdigest() for archive in (*ARCHIVES.values(), within))):
        assert open_client.get(f"/v1/datasets/{digest}").json() == first.json()
    assert_problem(open_client.get(f"/v1/datasets/{'0' * 64}"), 404, "NOT_FOUND")
    assert first.json() == {
        "name": "folder",
        "path": f"uploads/{sha256}",
        "title": "my pets",
        "sha256": sha256,
        "classes": ["cat", "dog"],
        "images": 10,
        "parts": {"train": 10},
        "sizes": {"min": 8, "max": 8},
        "ignored": 0,
        "notes": [],
    }
    loaded = load({"name": "folder", "path": str(folder / sha256)}, 0)
    assert (loaded.name, loaded.classes) == ("folder:my pets", ("cat", "dog"))
    spec = {"dataset": {"name": "folder", "path": first.json()["path"]}}
    assert open_client.post("/v1/searches", params={"validate_only": True}, json=spec).status_code == 200
    assert service_home / "data-root" / first.json()["path"] == folder / sha256


def test_a_search_of_an_upload_is_called_by_its_name(open_client, folder):  # noqa: ARG001 - checks what stays behind
    path = send(open_client, ARCHIVES[".zip"]).json()["path"]
    spec = {"dataset": {"name": "folder", "path": path}, "device": "local-cpu-1t", "references": []}

    made = open_client.post("/v1/searches", json=spec | {"space": {"name": "photos", "resolution": 96}}).json()

    assert made["name"] == "my pets on local-cpu-1t, space photos at 96 px"
    listed = open_client.get("/v1/searches", params={"text": "my pets"}).json()["items"]
    assert made["id"] in {search["id"] for search in listed}
    assert open_client.post(f"/v1/searches/{made['id']}:cancel").json()["state"] == "CANCELLED"


def test_the_same_folder_in_any_archive_is_split_alike(tmp_path):
    """Whatever the order in the archive: as the folder itself, read by `nas run`."""
    for number, files in enumerate((PICTURES, dict(reversed(PICTURES.items())))):
        (tmp_path / f"{number}.tar").write_bytes(packed(".tar", files))
        unpack(tmp_path / f"{number}.tar", tmp_path / f"unpacked{number}")
    for name, content in PICTURES.items():
        (tmp_path / "plain" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "plain" / name).write_bytes(content)

    digests = {load({"name": "folder", "path": str(tmp_path / name)}, 0).digest for name in ("unpacked0", "unpacked1")}

    assert digests == {load({"name": "folder", "path": str(tmp_path / "plain")}, 0).digest}


def test_an_archive_in_pieces_goes_on_where_it_was_cut_off(open_client, folder):  # noqa: ARG001 - checks what stays
    data = packed(".tar", class_folders("piece", "whole"))

    assert send_piece(open_client, data, 0, 700).json() == {"received_bytes": 700}
    assert send_piece(open_client, data, 0, 0).json() == {"received_bytes": 700}  # asks
    assert send_piece(open_client, data, 0, 900).json() == {"received_bytes": 700}  # its answer was lost
    assert send_piece(open_client, data, 800, 900).json() == {"received_bytes": 700}  # with a hole
    ended = send_piece(open_client, data, 700, None)

    assert (ended.status_code, ended.json()["title"], ended.json()["images"]) == (201, "my pets", 8)
    assert send(open_client, data).status_code == 200


def test_pieces_of_another_archive_are_refused_and_gone(open_client, folder):  # noqa: ARG001 - checks what stays
    data = packed(".tar", class_folders("mine", "yours"))
    address = f"/v1/datasets/{'1' * 64}/archive"
    params = {"start": 0, "size_bytes": len(data)}

    told = assert_problem(open_client.put(address, params=params, files={"archive": ("a", data)}), 422, "DATA_UNUSABLE")
    assert "send it again" in told["detail"]
    assert_problem(send_piece(open_client, data, 0, None, size_bytes=10), 422, "DATA_UNUSABLE")
    assert_problem(send_piece(open_client, data, 0, None, size_bytes=0), 422, "REQUEST_INVALID")


def test_known_and_uploaded_sets_are_listed(open_client, folder):  # noqa: ARG001 - checks what stays behind
    data = packed(".tar", class_folders("one", "two", "three"))
    uploaded = send(open_client, data).json()

    listed = open_client.get("/v1/datasets").json()

    assert [row["name"] for row in listed["items"]] == list(dataset)
    assert uploaded in listed["uploads"]


def test_the_same_archive_at_once_is_one_folder(service_home):
    """As two requests would: each unpacks in a place of its own, the first to end names the folder."""
    data = packed(".zip", class_folders("left", "right"))
    sha256 = hashlib.sha256(data).hexdigest()
    uploads = Uploads(service_home / "data-root/uploads")

    def add(_):
        with uploads.incoming() as place:
            (place / "archive").write_bytes(data)
            return uploads.add(place / "archive", sha256, "pets.zip")

    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(add, range(3)))

    assert sorted(new for _, new in found) == [False, False, True]
    assert len({str(facts) for facts, _ in found}) == 1
    assert not list(uploads.folder.glob(".*"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"no archive", "damaged"),
        (ARCHIVES[".zip"][:-100], "damaged"),
        (packed(".zip", class_folders("cat")), "one class"),
        (packed(".tar", {"../x.png": b"", **class_folders("a", "b")}), "leads out"),
        (packed(".tar", {"a/x.png": {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}}), "link"),
    ],
    ids=["text", "cut", "one class", "outside", "link"],
)
def test_what_is_refused_leaves_nothing(open_client, folder, data, message):
    before = set(folder.parent.rglob("*"))

    body = assert_problem(send(open_client, data), 422, "DATA_UNUSABLE")

    assert message in body["detail"]
    assert str(folder) not in body["detail"]
    assert set(folder.parent.rglob("*")) == before


def test_a_huge_header_ends_the_unpacking_not_the_service(open_client, folder):  # noqa: ARG001 - checks what stays
    """A tar whose next name claims to be 6 GiB long would take as much memory."""
    info = tarfile.TarInfo("a/1.png")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 6 << 30

    body = assert_problem(send(open_client, info.tobuf(tarfile.GNU_FORMAT) + bytes(1024)), 422, "DATA_UNUSABLE")

    assert "MemoryError" in body["detail"]


def test_an_archive_that_takes_too_long_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_UNPACK_S", 0.01)
    uploads = Uploads(tmp_path / "uploads")

    with uploads.incoming() as place:
        archive = place / "archive"
        archive.write_bytes(ARCHIVES[".zip"])
        with pytest.raises(DataError, match="more time or memory"):
            uploads.add(archive, "0" * 64)

    assert not list(uploads.folder.iterdir())


def test_an_archive_is_no_longer_unpacked_once_it_is_not_wanted(tmp_path):
    uploads, stop = Uploads(tmp_path / "uploads"), Event()
    stop.set()

    with uploads.incoming() as place:
        archive = place / "archive"
        archive.write_bytes(ARCHIVES[".zip"])
        with pytest.raises(DataError):
            uploads.add(archive, "0" * 64, "pets.zip", stop)

    assert not list(uploads.folder.iterdir())


def test_what_a_crash_left_behind_is_removed_a_day_later(tmp_path, monkeypatch):
    uploads = Uploads(tmp_path / "uploads")
    left = tmp_path / "uploads/.incoming-old"
    left.mkdir(parents=True)
    with uploads.incoming():
        assert left.exists()
    monkeypatch.setattr(module, "LEFT_OVER_S", -1)
    with uploads.incoming():
        assert not left.exists()


BOUNDARY = "frontier"
PART = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="archive"; filename="x.zip"\r\n\r\n'


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (f"{PART}abc\r\n", "cut off"),
        (f"{PART}abc\r\n{PART}abc\r\n--{BOUNDARY}--\r\n", "2 such files"),
        (f"--{BOUNDARY}--\r\n", "0 such files"),
        ("", "cut off"),
        ("nonsense", "malformed"),
        (f"--{BOUNDARY}\r\n{'x' * 9999}: y\r\n\r\nabc\r\n--{BOUNDARY}--\r\n", "malformed"),
    ],
)
def test_a_wrong_body_is_refused(open_client, folder, body, message):
    folder.mkdir(parents=True, exist_ok=True)
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}

    found = assert_problem(open_client.post("/v1/datasets", content=body, headers=headers), 422, "REQUEST_INVALID")

    assert found["errors"][0]["field"] == "archive"
    assert message in found["errors"][0]["message"]


@pytest.mark.parametrize("headers", [{}, {"content-type": "application/json"}, {"content-type": "multipart/form-data"}])
def test_a_wrong_media_type_is_refused(open_client, headers):
    response = open_client.post("/v1/datasets", content=b"{}", headers=headers)

    assert_problem(response, 415, "MEDIA_TYPE_UNSUPPORTED")


def test_other_fields_are_passed_over(open_client, folder):  # noqa: ARG001 - checks what stays behind
    data = packed(".tar.gz", class_folders("p", "q"))

    response = open_client.post("/v1/datasets", data={"note": "x" * 5000}, files={"archive": ("a", data)})

    assert response.status_code == 201
    assert_problem(send(open_client, data, field="file"), 422, "REQUEST_INVALID")


def test_nothing_is_read_before_the_key_is_checked(service_home):
    """A key that may only read uploads nothing, and no byte of the body lies on the disk."""
    with TestClient(create_app(Settings(home=service_home / "locked")), base_url="http://127.0.0.1") as client:
        ledger = client.app.state.shared.ledger
        reader, writer = (ledger.keys.create(scope, (scope,), None)[1] for scope in ("read", "write"))
        assert_problem(send(client, ARCHIVES[".zip"]), 401, "KEY_MISSING")
        client.headers["authorization"] = f"Bearer {reader}"
        assert_problem(send(client, ARCHIVES[".zip"]), 403, "SCOPE_MISSING")
        assert not (service_home / "locked/data-root").exists()
        client.headers["authorization"] = f"Bearer {writer}"
        assert send(client, ARCHIVES[".zip"]).status_code == 201


def test_an_upload_is_removed_once_no_search_that_is_not_finished_uses_it(open_client, folder):
    uploaded = send(open_client, packed(".zip", class_folders("here", "gone"))).json()
    url = f"/v1/datasets/{uploaded['path'].rpartition('/')[2]}"
    spec = {"dataset": {"name": "folder", "path": uploaded["path"]}}
    before = open_client.get("/v1/disk").json()["sizes_bytes"]
    search = open_client.post("/v1/searches", json=spec).json()["id"]

    told = assert_problem(open_client.delete(url), 409, "DATASET_IN_USE")["detail"]
    assert search in told
    open_client.post(f"/v1/searches/{search}:pause")
    assert_problem(open_client.delete(url), 409, "DATASET_IN_USE")
    open_client.post(f"/v1/searches/{search}:cancel")
    assert open_client.delete(url).status_code == 204

    assert uploaded not in open_client.get("/v1/datasets").json()["uploads"]
    assert not list(folder.glob(f"*{url[-64:]}*"))
    assert before["uploads"] > 0
    assert_problem(open_client.delete(url), 404, "NOT_FOUND")
    assert_problem(open_client.post("/v1/searches", json=spec), 422, "SPEC_INVALID")
    assert open_client.get(f"/v1/searches/{search}").json()["state"] == "CANCELLED"
