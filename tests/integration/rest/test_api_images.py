"""What is wrong with a spec's images is answered at submit, by the field and by the user's own names of the files."""

import pytest
from archives import packed, picture
from live_service import SPEC
from pictures import photos
from problem import assert_problem

PHOTOS = {"name": "folder", "path": "photos"}


@pytest.fixture
def settings(settings, tmp_path, monkeypatch):
    """Whose images are its own alone."""
    monkeypatch.setenv("NAS_DATA_DIR", str(tmp_path / "sets"))
    return settings


def checked(client, **more):
    return client.post("/v1/searches?validate_only=true", json=SPEC | {"dataset": PHOTOS} | more)


def test_photos_of_several_sizes_get_the_resolution_of_the_space(client, settings):
    photos(settings.data_root / "photos")

    found = checked(client).json()
    assert found["spec"]["dataset"] == PHOTOS
    assert (found["images"]["side"], found["images"]["train"], found["images"]["classes"]) == (28, 4, ["cat", "dog"])
    assert found["notes"][0].startswith("dataset.size: the images have several sizes")
    made = client.post("/v1/searches", json=SPEC | {"dataset": PHOTOS}).json()
    assert made["spec"]["dataset"] == PHOTOS
    assert checked(client, space="mobile").json()["images"]["side"] == 224
    assert not [note for note in found["notes"] if str(settings.home) in note]
    given = checked(client, dataset=PHOTOS | {"size": 16}, references=[]).json()
    assert (given["images"]["side"], given["notes"]) == (16, [])


def unknown_class(folder):
    photos(folder / "train")
    photos(folder / "test", classes=("cat", "bird"))


def empty_class(folder):
    photos(folder)
    (folder / "dog").rename(folder.parent / "away")
    (folder / "dog").mkdir()


def one_image(folder):
    photos(folder, count=1)


def no_picture(folder):
    photos(folder)
    (folder / "dog" / "2.png").write_bytes(b"\x89PNG\r\n\x1a\nrubbish")


@pytest.mark.parametrize(
    "case",
    [
        (unknown_class, {}, "dataset.path", "photos/test has classes that train lacks: bird; train has cat, dog"),
        (empty_class, {}, "dataset.path", "photos/dog has no images"),
        (one_image, {}, "dataset.path", "give each class at least 3 images"),
        (no_picture, {}, "dataset.path", "photos/dog/2.png is not a readable image"),
        (photos, {"dataset": "cifar10"}, "dataset", "data set cifar10 is not in NAS_DATA_DIR"),
        (photos, {"references": ["lenet_5", "alexnet"]}, "references.1", "cannot be built for images of 28 px"),
    ],
)
def test_images_that_cannot_work_are_refused_before_the_search_is_made(client, settings, tmp_path, case):
    damage, change, field, said = case
    damage(settings.data_root / "photos")

    for only in ("", "?validate_only=true"):
        answer = client.post(f"/v1/searches{only}", json=SPEC | {"dataset": PHOTOS} | change)
        [fault] = assert_problem(answer, 422, "SPEC_INVALID")["errors"]
        assert fault["field"] == field
        assert said in fault["message"]
        assert str(tmp_path) not in answer.text
    assert client.get("/v1/searches").json()["items"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"device": "toaster"}, "device"),
        ({"device": "local-cpu-999t"}, "device"),
        ({"dataset": "mnits"}, "dataset"),
        ({"space": "smal"}, "space"),
        ({"searcher": "nobody"}, "searcher"),
        ({"references": ["alexnot"]}, "references"),
    ],
)
def test_an_unknown_name_is_refused_by_its_field(client, change, field):
    refused = client.post("/v1/searches", json=SPEC | change)

    assert [fault["field"] for fault in assert_problem(refused, 422, "NAME_UNKNOWN")["errors"]] == [field]


def test_pictures_of_an_upload_are_called_as_in_the_archive(client, settings):
    files = {f"mine/{name}/{name} {n}.png": picture(n, side=8 + n) for name in ("cat", "dog") for n in range(4)}
    sent = client.post("/v1/datasets", files={"archive": ("mine.zip", packed(".zip", files))}).json()
    spec = {"dataset": {"name": sent["name"], "path": sent["path"]}}
    assert checked(client, **spec).json()["images"]["side"] == 28

    (stored,) = (settings.data_root / sent["path"] / "dog").glob("*3.png")
    stored.write_bytes(b"damaged")
    stored.with_suffix(".txt").touch()  # the folder has changed

    [fault] = assert_problem(checked(client, **spec), 422, "SPEC_INVALID")["errors"]
    assert fault["field"] == "dataset.path"
    assert fault["message"].startswith("mine/dog/dog 3.png is not a readable image")
    assert sent["path"] not in fault["message"]
