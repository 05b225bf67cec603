"""`nas data upload`, `uploads` and `delete`, and `nas search submit` with images, against a real service."""

import json
import zipfile

import pytest
from archives import class_folders
from click.testing import CliRunner
from live_service import SPEC, ledger_of, service_on

from api.client import Client
from api.commands.search import submit
from api.commands.upload import delete, upload, uploads
from nas.errors import NasError
from nas.service.settings import Settings


def submitted(settings, path):
    """The id of a search that names the upload; over REST its images would be examined."""
    with ledger_of(settings) as ledger:
        return ledger.searches.submit({**SPEC, "dataset": {"name": "folder", "path": path}}, name="it")[0].id


@pytest.fixture(scope="module")
def url(service_home):
    with service_on(Settings(home=service_home, open=True)) as found:
        yield found


@pytest.fixture
def pets(tmp_path):
    """A folder of pictures, and something else in it."""
    for name, content in class_folders("cat", "dog").items():
        (tmp_path / "my pets" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "my pets" / name).write_bytes(content)
    return tmp_path / "my pets"


def test_a_folder_is_sent_once_whatever_it_is_packed_in(url, pets):
    archive = pets.with_name("other name.zip")
    with zipfile.ZipFile(archive, "w") as out:
        for file in pets.rglob("*.png"):
            out.write(file, file.relative_to(pets))

    def run(*arguments):
        return CliRunner().invoke(upload, [*map(str, arguments), "--url", url])

    first, again, zipped = run(pets), run(pets), run(archive, "--json")

    assert "my pets: 8 images (8 train) in 2 classes\n" in first.output
    assert "the service had it already" in again.output
    assert json.loads(zipped.output)["title"] == "my pets"
    with Client(url) as client:
        assert len(client.uploads()) == 1
    path = json.loads(zipped.output)["path"]
    assert f"dataset: {{name: folder, path: {path}}}" in first.output
    assert "my pets" in CliRunner().invoke(uploads, [path, "--url", url]).output


def test_a_large_folder_goes_on_in_pieces(url, pets, monkeypatch):
    monkeypatch.setattr("api.client.sending.PIECE_BYTES", 500)
    (pets / "cat/more.png").write_bytes(class_folders("more")["more/0.png"])
    seen = []

    class GoneError(Exception):
        pass

    def leave(arrived, total):
        seen.append(arrived)
        if 500 <= arrived < total:
            raise GoneError

    with Client(url) as client:
        with pytest.raises(GoneError):
            client.upload(pets, leave)
        begun = len(seen)
        found = client.upload(pets, lambda arrived, _: seen.append(arrived))

    assert seen[begun - 1] == seen[begun] == 500  # the second try asks what is there
    assert (found["images"], found["title"]) == (9, "my pets")


def test_submit_sends_the_images_beside_the_spec(url, pets, tmp_path, monkeypatch):
    spec = {**SPEC, "dataset": {"name": "folder", "path": pets.name, "size": 8}}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    monkeypatch.chdir("/")

    made = json.loads(CliRunner().invoke(submit, [str(tmp_path / "spec.json"), "--json", "--url", url]).stdout)

    with Client(url) as client:
        path = client.search(made["id"]).spec["dataset"]["path"]
        assert client.uploaded(path)["title"] == "my pets"


def test_a_folder_without_classes_is_refused_before_it_is_sent(url, tmp_path):
    refused = CliRunner().invoke(upload, [str(tmp_path), "--url", url])

    assert isinstance(refused.exception, NasError)
    assert "make one for each class" in str(refused.exception)


def test_uploads_are_listed_and_deleted_unless_a_search_uses_them(service_home):
    settings = Settings(home=service_home, open=True)
    folder = settings.uploads / ("a" * 64)
    folder.mkdir(parents=True)
    facts = {"classes": ["cat", "dog"], "images": 12, "parts": {}, "sizes": {"min": 8, "max": 8}, "ignored": 0}
    path = f"uploads/{folder.name}"
    (folder / "upload.json").write_text(json.dumps({"name": "folder", "path": path, **facts}))
    with service_on(settings) as url, Client(url) as client:

        def run(command, *arguments):
            return CliRunner().invoke(command, [*arguments, "--url", url])

        assert path in run(uploads).output
        assert json.loads(run(uploads, "--json").output)[0]["images"] == 12
        assert client.disk()["sizes_bytes"]["uploads"] > 0
        search = client.search(submitted(settings, path))
        refused = run(delete, path)
        assert isinstance(refused.exception, NasError)
        assert search.id in str(refused.exception)
        search.cancel()
        assert run(delete, path).output == f"{path}  deleted\n"
        assert path not in {upload["path"] for upload in client.uploads()}
