"""The user's own images: folders, colours, sizes, and what can be wrong with them."""

import numpy as np
import pytest
from PIL import Image

from nas.dataset import dataset
from nas.errors import DataError, SpecError

RNG = np.random.default_rng(0)


def picture(path, size=(8, 8), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(RNG.integers(0, 256, (size[1], size[0], 3), np.uint8)).convert(mode)
    image.save(path)
    return np.asarray(image)


def make(folder, classes=("cat", "dog"), count=5, suffix="png", **options):
    return {(name, n): picture(folder / name / f"{n}.{suffix}", **options) for name in classes for n in range(count)}


def load(folder, seed=0, **parameters):
    return dataset.make({"name": "folder", "path": str(folder), **parameters}).load(seed)


def test_class_folders_are_split_by_seed(tmp_path):
    make(tmp_path, count=10)
    (tmp_path / "readme.txt").write_text("no picture")
    (tmp_path / "cat" / "Thumbs.db").write_bytes(b"no picture")
    picture(tmp_path / ".cache" / "x.png")
    first, again, other = load(tmp_path), load(tmp_path), load(tmp_path, seed=1)

    assert first.classes == ("cat", "dog")
    assert [len(part) for part in (first.train, first.validation, first.test)] == [14, 2, 4]
    assert first.digest == again.digest != other.digest


@pytest.mark.parametrize(
    ("classes", "flip"), [(("0", "1"), False), (("07", "10"), False), (("b", "d"), False), (("3", "cat"), True)]
)
def test_digits_and_letters_are_not_mirrored_unless_the_user_says_so(tmp_path, classes, flip):
    make(tmp_path, classes)

    assert load(tmp_path).flip is flip
    assert load(tmp_path, flip=True).flip is True
    assert load(tmp_path, flip=False).flip is False


def test_given_parts_are_kept(tmp_path):
    pixels = {part: make(tmp_path / part, count=count) for part, count in (("train", 8), ("val", 3), ("Test", 2))}
    loaded = load(tmp_path)

    assert [len(part) for part in (loaded.train, loaded.validation, loaded.test)] == [16, 6, 4]
    assert np.array_equal(loaded.validation.images[3], pixels["val"]["dog", 0])
    assert np.array_equal(loaded.test.labels, [0, 0, 1, 1])


def test_pictures_in_folders_below_a_class_are_of_that_class(tmp_path):
    make(tmp_path, count=5)
    picture(tmp_path / "cat" / "kittens" / "dog" / "1.png")

    loaded = load(tmp_path)

    assert sum(np.bincount(part.labels)[0] for part in (loaded.train, loaded.validation, loaded.test)) == 6


def test_images_of_any_size_are_cut_to_their_central_square(tmp_path):
    make(tmp_path, size=(30, 20), suffix="jpg")
    left_red = np.zeros((20, 60, 3), np.uint8)
    left_red[:, :20, 0] = 255
    left_red[:, 20:40, 1] = 255
    Image.fromarray(left_red).save(tmp_path / "cat" / "0.png")
    loaded = load(tmp_path, size=10)
    every = np.concatenate([loaded.train.images, loaded.validation.images, loaded.test.images])

    assert loaded.side == 10
    inner = every[:, :, 1:-1]  # the filter mixes the cut's neighbours into its edge
    assert (inner == [0, 255, 0]).all((1, 2, 3)).sum() == 1


def test_a_large_photo_is_as_if_it_had_been_shrunk_whole(tmp_path):
    """JPEG files are decoded at a fraction of their size; that changes little."""
    make(tmp_path, count=4)
    ramp = np.add.outer(np.arange(800), np.arange(800)).astype(np.float64) / 1598 * 255
    Image.fromarray(ramp.astype(np.uint8)).convert("RGB").save(tmp_path / "cat" / "9.jpg", quality=95)
    loaded = load(tmp_path, size=8)
    every = np.concatenate([loaded.train.images, loaded.validation.images, loaded.test.images]).astype(int)
    expected = ramp.reshape(8, 100, 8, 100).mean((1, 3))[..., None]

    assert min(abs(image - expected).max() for image in every) < 5


def test_all_grey_images_make_a_grey_set_and_one_in_colour_does_not(tmp_path):
    make(tmp_path, mode="L")
    assert load(tmp_path).channels == 1

    picture(tmp_path / "cat" / "colour.png")
    assert load(tmp_path).channels == 3


def test_transparent_pixels_are_white(tmp_path):
    make(tmp_path, count=6, mode="RGBA")
    for name in ("cat", "dog"):
        for number in range(3):
            Image.new("RGBA", (8, 8), (200, 0, 0, 0)).save(tmp_path / name / f"{number}.png")
    picture(tmp_path / "cat" / "z.png")
    loaded = load(tmp_path)
    every = np.concatenate([loaded.train.images, loaded.validation.images, loaded.test.images])

    assert sum((image == 255).all() for image in every) == 6


def test_a_photo_taken_on_its_side_is_turned_upright(tmp_path):
    make(tmp_path, count=4, suffix="png")
    pixels = picture(tmp_path / "cat" / "turned.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: to be turned a quarter clockwise
    Image.fromarray(pixels).save(tmp_path / "cat" / "turned.png", exif=exif)
    loaded = load(tmp_path)
    every = np.concatenate([loaded.train.images, loaded.validation.images, loaded.test.images])

    assert any(np.array_equal(image, np.rot90(pixels, -1)) for image in every)


def absent(folder):
    return folder / "absent"


def no_classes(folder):
    picture(folder / "1.png")


def one_class(folder):
    make(folder, classes=("cat",))


def empty_class(folder):
    make(folder)
    (folder / "empty").mkdir()


def corrupt(folder):
    make(folder)
    (folder / "dog" / "3.png").write_bytes(b"\x89PNG\r\n\x1a\nrubbish")


def truncated(folder):
    make(folder, suffix="jpg", size=(64, 64))
    file = folder / "dog" / "3.jpg"
    file.write_bytes(file.read_bytes()[:900])


def empty_file(folder):
    make(folder)
    (folder / "dog" / "3.png").write_bytes(b"")


def uneven(folder):
    make(folder)
    picture(folder / "dog" / "3.png", size=(9, 8))


def other_classes(folder):
    make(folder / "train")
    make(folder / "test", classes=("cat", "dgo"))


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (absent, "absent is not a folder; give the folder whose sub-folders are the classes"),
        (no_classes, "has no sub-folders; make one for each class"),
        (one_class, r"one class \(cat\).*add images of a second class"),
        (empty_class, "empty has no images; add some .* or remove this class"),
        (corrupt, r"dog/3\.png is not a readable image.*; replace or remove it, or set `on_damaged: skip`"),
        (truncated, r"dog/3\.jpg is not a readable image"),
        (empty_file, r"dog/3\.png is not a readable image"),
        (uneven, r"dog/3\.png has 9 x 8 pixels .*give `size`"),
        (other_classes, "test has classes that train lacks: dgo; train has cat, dog"),
    ],
)
def test_what_is_wrong_is_named_with_its_remedy(tmp_path, damage, complaint):
    path = damage(tmp_path) or tmp_path

    with pytest.raises(DataError, match=complaint):
        load(path)


def test_images_may_be_stored_larger_than_networks_take_them(tmp_path):
    make(tmp_path, size=(40, 30))
    loaded = load(tmp_path, size=16, stored=20)

    assert (loaded.side, loaded.stored_side, loaded.train.images.shape[1:]) == (16, 20, (20, 20, 3))
    assert dataset.make({"name": "folder", "path": str(tmp_path), "size": 16, "stored": 20}).outline().side == 16
    for wrong in ({"stored": 20}, {"size": 20, "stored": 20}):
        with pytest.raises(SpecError, match=r"dataset\.stored: 20 has to be larger than dataset\.size; give size: 16"):
            load(tmp_path, **wrong)
