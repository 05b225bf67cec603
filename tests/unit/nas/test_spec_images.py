"""What is known of a spec's images before they are decoded, and the size that images of several sizes get."""

import numpy as np
import pytest
import yaml
from documented import all_blocks
from pictures import photos

from nas.dataset import dataset
from nas.errors import DataError, SpecError
from nas.images.published import PublishedSource
from nas.spec import parse_spec
from nas.spec.images import check_images, notes, with_size


def spec_of(path, **more):
    return parse_spec({"dataset": {"name": "folder", "path": str(path)}, **more})


def loaded(spec):
    return dataset.make(spec.dataset).load(spec.seed)


def test_the_readmes_spec_takes_photos_of_several_sizes(tmp_path, monkeypatch):
    own = next(block for block in all_blocks("yaml") if block.document == "README.md")
    photos(tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    spec = parse_spec(yaml.safe_load(own.text))
    source = dataset.make(spec.dataset)

    found, sized = check_images(spec, source), with_size(spec, source)

    assert sized.dataset == spec.dataset | {"size": 28}
    [note] = notes(spec, found)
    assert note.startswith("dataset.size: ")
    assert "resized to 28 x 28 px, the resolution of the space small" in note
    images = loaded(sized)
    assert (images.side, images.channels, images.classes) == (found.side, found.channels, found.classes)
    assert [len(images.train), len(images.validation), len(images.test)] == [found.train, found.validation, found.test]


@pytest.mark.parametrize(
    ("sizes", "given", "space", "side"),
    [
        (((20, 20),), {}, "small", 20),
        (((20, 20), (21, 21)), {}, "mobile", 224),
        (((20, 24),), {}, "small", 28),
        (((20, 24),), {"size": 16}, "small", 16),
        (((1100, 1100),), {}, "small", 28),
    ],
)
def test_equal_squares_stay_as_they_are_and_others_get_a_size(tmp_path, sizes, given, space, side):
    photos(tmp_path, sizes=sizes)
    spec = parse_spec({"dataset": {"name": "folder", "path": str(tmp_path), **given}, "space": space, "references": []})
    source = dataset.make(spec.dataset)

    found = check_images(spec, source)

    assert found.side == loaded(with_size(spec, source)).side == side
    assert bool(notes(spec, found)) == (with_size(spec, source) != spec)


def test_counts_are_those_of_the_loaded_set(tmp_path):
    counts = np.random.default_rng(0).integers(3, 40, (6, 2))
    for number, (cats, dogs) in enumerate(counts):
        folder = tmp_path / str(number)
        photos(folder, classes=("cat",), count=cats, sizes=((8, 8),))
        photos(folder, classes=("dog",), count=dogs, sizes=((8, 8),))
        found, images = dataset.make({"name": "folder", "path": str(folder)}).outline(), loaded(spec_of(folder))
        assert [found.train, found.validation, found.test] == [
            *map(len, (images.train, images.validation, images.test))
        ]


def test_the_outline_of_the_set_in_the_package_is_that_of_its_images():
    source = dataset.make("fashion_mnist_mini")
    found, images = source.outline(), source.load(0)

    assert (found.side, found.channels, found.classes) == (images.side, images.channels, images.classes)
    assert [found.train, found.validation, found.test] == [*map(len, (images.train, images.validation, images.test))]


def test_the_outline_of_published_sets_follows_from_what_was_published(tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_DATA_DIR", str(tmp_path))
    published = [name for name in dataset if issubclass(dataset[name], PublishedSource)]
    for name in published:
        found = dataset.make({"name": name, "download": True}).outline()
        assert found.train + found.validation == dataset[name].train.images
        assert found.test == dataset[name].test.images
        assert f"{found.side} x {found.side} {'grey' if found.channels == 1 else 'RGB'}" in dataset[name].summary
        if dataset[name].find() is None:
            with pytest.raises(DataError, match=f"nas data get {name}"):
                dataset.make(name).outline()


def test_what_cannot_work_is_said_by_field(tmp_path):
    photos(tmp_path, count=2)
    spec = spec_of(tmp_path)

    with pytest.raises(SpecError, match=r"^dataset\.path: .*give each class at least 3 images"):
        check_images(spec, dataset.make(spec.dataset))
