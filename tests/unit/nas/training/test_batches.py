"""Batches: each epoch repeatable, each image as a slow and obvious version would give it."""

import threading

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from nas.dataset import Split
from nas.image_set import mapped
from nas.images.decoded_sets import Block, decoded_once
from nas.training.batches import NONE, Augmentation, Batches, normalised

MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
ALL = Augmentation(flip=True, cutout=0.4)


def split(count=50, side=16, channels=3):
    rng = np.random.default_rng(0)
    return Split(rng.integers(0, 256, (count, side, side, channels), np.uint8), np.arange(count))


def batches(part=None, *, batch_size=16, seed=0, **options):
    part = part or split()
    channels = part.images.shape[3]
    return Batches(part, MEAN[:channels], STD[:channels], batch_size=batch_size, seed=seed, **options)


def whole(epoch):
    images, labels, _ = zip(*epoch, strict=True)
    return torch.cat(images), torch.cat(labels)


def test_an_epoch_depends_on_its_number_and_the_seed_alone():
    """What was drawn before does not matter, so a resumed training goes on bit for bit."""
    started, resumed = batches(augmentation=ALL), batches(augmentation=ALL)
    for number in range(3):
        list(started.epoch(number))
    images, labels = whole(started.epoch(3))
    again, labels_again = whole(resumed.epoch(3))

    assert torch.equal(images, again)
    assert torch.equal(labels, labels_again)
    assert not torch.equal(labels, whole(started.epoch(4))[1])
    assert not torch.equal(labels, whole(batches(seed=1, augmentation=ALL).epoch(3))[1])


def test_each_image_comes_at_most_once_and_no_batch_is_short():
    given = batches()
    sizes, labels = [len(batch.labels) for batch in given.epoch(0)], whole(given.epoch(0))[1]

    assert sizes == [16, 16, 16]
    assert len(given) == 3
    assert len(set(labels.tolist())) == 48


def test_a_set_smaller_than_a_batch_is_one_batch():
    labels = whole(batches(split(5)).epoch(0))[1]

    assert sorted(labels.tolist()) == [0, 1, 2, 3, 4]


def test_without_augmentation_images_are_as_for_evaluation():
    part = split()
    images, labels = whole(batches(part).epoch(0))

    assert torch.equal(images, normalised(part.images[labels.numpy()], MEAN, STD))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("augmentation", [Augmentation(), Augmentation(flip=True), Augmentation(flip=True, shift=0.25)])
def test_images_are_those_of_padding_cropping_and_flipping_one_by_one(channels, augmentation):
    part = split(channels=channels)
    given = batches(part, augmentation=augmentation)
    reach = int(16 * augmentation.shift)
    order, flip, shift, *_ = (draw.numpy() for draw in given._draws(2))
    images, labels = whole(given.epoch(2))
    expected = []
    for place, number in enumerate(order[: len(labels)]):
        padded = np.pad(part.images[number], ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
        top, left = shift[place]
        image = padded[top : top + 16, left : left + 16]
        expected.append(image[:, ::-1] if flip[place] else image)

    assert torch.equal(images, normalised(np.stack(expected), MEAN[:channels], STD[:channels]))
    assert set(flip.tolist()) == ({0, 1} if augmentation.flip else {0})
    assert shift.min() == 0
    assert shift.max() == 2 * reach


def test_a_square_is_cut_out_down_to_the_mean():
    given = batches(Split(np.full((48, 16, 16, 3), 255, np.uint8), np.zeros(48, np.int64)), augmentation=ALL)
    images, _ = whole(given.epoch(0))
    holes = (images == 0).all(1).sum((1, 2))

    assert holes.max() == 49  # 0.4 of 16 pixels, rounded to an odd number about the centre
    assert holes.min() >= 16  # a hole at a corner loses three quarters
    assert ((images == 0).all(1) == (images == 0).any(1)).all()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("resolution", [None, 16, 8, 24])
def test_images_are_normalised_and_resized(channels, resolution):
    part = split(4, channels=channels)
    mean, std = MEAN[:channels], STD[:channels]
    made = normalised(part.images, mean, std, resolution)
    side = resolution or 16
    plain = torch.from_numpy((part.images / 255 - mean) / std).permute(0, 3, 1, 2)
    expected = interpolate(plain, (side, side), mode="bilinear", antialias=side < 16)

    assert made.dtype == torch.float32
    assert made.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(made, expected.float(), rtol=1e-5, atol=1e-5)
    assert whole(batches(part, batch_size=4, resolution=resolution).epoch(0))[0].shape == made.shape


def test_evaluation_takes_arrays_and_tensors_alike():
    part = split(4)

    assert torch.equal(normalised(part.images, MEAN, STD), normalised(torch.from_numpy(part.images), MEAN, STD))


def test_global_random_state_is_left_alone():
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002 - the state that must not change
    list(batches(augmentation=ALL).epoch(0))

    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])  # noqa: NPY002 - as above


def test_no_augmentation_moves_nothing():
    assert Augmentation(flip=False, shift=0.0, cutout=0.0) == NONE


@pytest.mark.parametrize("augmentation", [NONE, ALL])
def test_images_of_a_file_come_in_the_batches_of_those_in_memory(tmp_path, monkeypatch, augmentation):
    monkeypatch.setenv("NAS_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(mapped, "MAPPED_BYTES", 1000)  # so that pages are given back
    plain = split(130)
    images, _ = decoded_once("key", plain.images.shape, "a", lambda: iter([Block(plain.images, {})]))
    for part, like in ((Split(images, plain.labels), plain), (Split(images, plain.labels)[7:40], plain[7:40])):
        streamed, held = (batches(some, augmentation=augmentation, resolution=12) for some in (part, like))
        for epoch in range(2):
            found, expected = whole(streamed.epoch(epoch)), whole(held.epoch(epoch))

            assert torch.equal(found[0], expected[0])
            assert torch.equal(found[1], expected[1])


def test_reading_ahead_ends_with_the_epoch(tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_CACHE_DIR", str(tmp_path))
    plain = split(130)
    images, _ = decoded_once("key", plain.images.shape, "a", lambda: iter([Block(plain.images, {})]))
    epoch = batches(Split(images, plain.labels)).epoch(0)
    next(epoch)
    epoch.close()

    assert not [thread for thread in threading.enumerate() if thread.name.startswith("images")]


def test_alternating_flips_mirror_each_image_in_every_other_epoch():
    """Half of the images, drawn by the seed, are mirrored in odd epochs, the others in even ones."""
    given = batches(split(64), batch_size=64, augmentation=Augmentation(flip=True, shift=0.0, alternating_flip=True))
    plain = batches(split(64), batch_size=64)

    originals = {int(label): image for image, label in zip(*whole(plain.epoch(0)), strict=True)}
    mirrored = []
    for number in (1, 2, 3):
        found = {int(label): image for image, label in zip(*whole(given.epoch(number)), strict=True)}
        assert all(
            torch.equal(found[n], image) != torch.equal(found[n], image.flip(2)) for n, image in originals.items()
        )
        mirrored.append({n for n, image in originals.items() if torch.equal(found[n], image.flip(2))})

    assert mirrored[0] == mirrored[2] == set(range(64)) - mirrored[1]
    assert 16 < len(mirrored[0]) < 48
    assert not torch.equal(whole(given.epoch(1))[1], whole(given.epoch(3))[1])  # the order is another


def test_crops_are_boxes_of_an_image_that_are_resized():
    part = split(40, side=24)
    given = batches(part, augmentation=Augmentation(shift=0.0, crop=0.3), resolution=12)
    boxes = given._draws(5)[4].tolist()
    order = given._draws(5)[0].tolist()
    images, labels = whole(given.epoch(5))
    shares = [height * width / 24**2 for _, _, height, width in boxes]

    assert images.shape == (32, 3, 12, 12)
    assert labels.tolist() == order[:32]
    for number, (top, left, height, width) in enumerate(boxes[:32]):
        assert top >= 0 <= left
        assert max(top + height, left + width) <= 24
        box = part.images[order[number], top : top + height, left : left + width]
        plain = normalised(box[None], MEAN, STD)
        expected = interpolate(plain, (12, 12), mode="bilinear", antialias=max(height, width) > 12)
        assert torch.allclose(images[number], expected[0], atol=1e-5)
    assert 0.25 < min(shares) < 0.45
    assert 0.8 < max(shares) <= 1


def test_crops_change_nothing_that_was_drawn_before_there_were_crops():
    plain, crops = (batches(augmentation=Augmentation(flip=True, crop=crop)) for crop in (1.0, 0.5))

    assert all(torch.equal(*pair) for pair in zip(plain._draws(2)[:4], crops._draws(2)[:4], strict=True))
    assert crops._draws(2)[4].tolist() != crops._draws(3)[4].tolist()
