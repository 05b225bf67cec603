"""Decoded sets: the same images as in memory, decoded once, never half, within their limit, and removed if unused."""

import fcntl
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest
from PIL import Image

from nas.dataset import dataset, load
from nas.errors import DataError, NasError
from nas.image_set.mapped import PIXELS, MappedImages, lock
from nas.images import decoded_sets, pictures
from nas.images.decoded_sets import Block, decoded_once, remove, telling

SHAPE = (4, 2, 2, 3)
PATIENCE_S = 60


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("NAS_DECODED_FROM_BYTES", "1")


@pytest.fixture
def photos(tmp_path):
    """Two classes of ten pictures of several sizes, one of which is in two classes."""
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        for number in range(10):
            path = tmp_path / "photos" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.zeros((12, 12, 3), np.uint8) if number == 9 else rng.integers(0, 256, (12, 15, 3), np.uint8)
            Image.fromarray(pixels).save(path)
    return tmp_path / "photos"


def of_folder(path, **options):
    return load({"name": "folder", "path": str(path), "size": 8, **options}, 3)


def blocks(value=7):
    yield Block(np.full((3, *SHAPE[1:]), value, np.uint8), {})
    yield Block(np.full((1, *SHAPE[1:]), value, np.uint8), {0: ("is torn", "glue it")})


def stored(key="key", shape=SHAPE):
    images, faults = decoded_once(key, shape, "photos/cat/1.jpg", blocks)
    return images, faults


def test_a_set_in_a_file_is_the_set_in_memory(photos, monkeypatch):
    mapped = of_folder(photos)
    monkeypatch.delenv("NAS_DECODED_FROM_BYTES")
    plain = of_folder(photos)

    assert mapped.is_mapped
    assert not plain.is_mapped
    assert mapped.digest == plain.digest
    assert (mapped.mean, mapped.std) == (plain.mean, plain.std)
    assert [note.row() for note in mapped.notes] == [note.row() for note in plain.notes]
    assert {note.kind for note in mapped.notes} == {"test_in_train"}
    assert mapped.names == plain.names
    for part in ("train", "validation", "test"):
        assert np.array_equal(getattr(mapped, part).images[:], getattr(plain, part).images)
        assert np.array_equal(getattr(mapped, part).labels, getattr(plain, part).labels)


def test_parts_are_views_and_copies_for_other_processes_are_small(photos):
    images = of_folder(photos)
    part = images.train[np.array([3, 1])]
    again = pickle.loads(pickle.dumps(part))  # noqa: S301 - our own bytes

    assert isinstance(part.images, MappedImages)
    assert np.array_equal(part.images[:], images.train.images[np.array([3, 1])])
    assert np.array_equal(again.images[:], part.images[:])
    assert len(pickle.dumps(part.images)) < 1000


def test_what_was_decoded_is_not_decoded_again(photos, monkeypatch):
    first = of_folder(photos)
    monkeypatch.setattr(pictures, "decode", None)

    assert of_folder(photos).digest == first.digest
    assert len(decoded_sets.decoded_sets()) == 1


def test_damaged_pictures_are_refused_or_left_out_as_in_memory(photos, monkeypatch):
    path = photos / "cat" / "3.png"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match=r"cat/3\.png is not a readable image"):
        of_folder(photos)
    mapped = of_folder(photos, on_damaged="skip")
    monkeypatch.delenv("NAS_DECODED_FROM_BYTES")
    plain = of_folder(photos, on_damaged="skip")

    assert mapped.digest == plain.digest
    assert [note.row() for note in mapped.notes] == [note.row() for note in plain.notes]


def test_faults_are_kept_beside_the_images():
    images, faults = stored()
    again, faults_again = stored()

    assert faults == faults_again == {3: ("is torn", "glue it")}
    assert np.array_equal(images[:], again[:])
    assert images.digests()[0] == images.digests()[3]


def test_progress_is_told_and_may_end_it():
    told = []

    def tell(what, done, total):
        told.append((what, done, total))
        if done == 3:
            raise KeyboardInterrupt

    with telling(tell), pytest.raises(KeyboardInterrupt):
        stored()

    assert told == [("decoding images", 3, 4)]
    assert [known.state for known in decoded_sets.decoded_sets()] == ["unfinished"]
    assert np.array_equal(stored()[0][:], np.full(SHAPE, 7, np.uint8))


def test_what_a_killed_process_has_begun_is_not_taken_for_whole():
    program = """
        import os, signal
        import numpy as np
        from nas.images.decoded_sets import Block, decoded_once
        def blocks():
            yield Block(np.ones((3, 2, 2, 3), np.uint8), {})
            os.kill(os.getpid(), signal.SIGKILL)
        decoded_once("key", (4, 2, 2, 3), "photos/cat/1.jpg", blocks)
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False)

    assert ended.returncode == -signal.SIGKILL
    assert [known.state for known in decoded_sets.decoded_sets()] == ["unfinished"]
    assert np.array_equal(stored()[0][:], np.full(SHAPE, 7, np.uint8))


def test_two_that_want_the_same_set_decode_it_once():
    begun, go_on, waits, decoded = threading.Event(), threading.Event(), threading.Event(), []

    def slow():
        decoded.append(1)
        begun.set()
        assert go_on.wait(PATIENCE_S)
        yield from blocks()

    def second():
        with telling(lambda what, *_: waits.set() if what == decoded_sets.WAITING else None):
            found.append(decoded_once("key", SHAPE, "a", slow)[0][:])

    found = []
    threads = [threading.Thread(target=lambda: found.append(decoded_once("key", SHAPE, "a", slow)[0][:]))]
    threads[0].start()
    assert begun.wait(PATIENCE_S)
    threads.append(threading.Thread(target=second))
    threads[1].start()
    assert waits.wait(PATIENCE_S)
    assert [known.state for known in decoded_sets.decoded_sets()] == ["decoding"]
    assert not remove("key")
    go_on.set()
    for thread in threads:
        thread.join(PATIENCE_S)

    assert decoded == [1]
    assert len(found) == 2
    assert np.array_equal(found[0], found[1])


def test_the_set_unused_for_longest_makes_room_and_those_in_use_stay(monkeypatch):
    monkeypatch.setenv("NAS_DECODED_BYTES", "100")  # of 48 each
    used, _ = stored("used")
    for key in ("old", "new"):
        if key == "new":
            os.utime(decoded_sets.decoded_folder() / "used" / "lock", (0, 0))  # the oldest, but in use
        stored(key)

    assert {known.key for known in decoded_sets.decoded_sets()} == {"used", "new"}
    held = lock(decoded_sets.decoded_folder() / "new", fcntl.LOCK_SH)
    with pytest.raises(DataError, match=r"sets in use.*NAS_DECODED_BYTES allows .*: raise it, or give .* smaller"):
        stored("third")
    os.close(held)
    assert not remove("used")
    assert remove("new")
    assert np.array_equal(used[:], np.full(SHAPE, 7, np.uint8))


def test_a_set_beyond_the_limit_or_a_full_disk_is_refused(monkeypatch):
    monkeypatch.setenv("NAS_DECODED_BYTES", "47")
    with pytest.raises(DataError, match=r"photos/cat/1\.jpg and others take .* NAS_DECODED_BYTES allows"):
        stored()
    monkeypatch.setenv("NAS_DECODED_BYTES", "48")
    monkeypatch.setattr(decoded_sets, "SPARE_BYTES", 1 << 60)
    with pytest.raises(DataError, match="GiB free: free some, let NAS_CACHE_DIR name"):
        stored()
    monkeypatch.setenv("NAS_DECODED_BYTES", "much")
    with pytest.raises(NasError, match="NAS_DECODED_BYTES: give a whole number of bytes, not 'much'"):
        stored()


def test_a_set_that_is_gone_or_cut_is_named(tmp_path):
    images, _ = stored()
    other = pickle.loads(pickle.dumps(images))  # noqa: S301 - our own bytes
    path = tmp_path / "cache" / "images" / "key" / PIXELS
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(DataError, match="are gone from this machine, or not whole"):
        other[:]


def test_a_form_tells_what_images_will_take_and_refuses_what_is_beyond_the_limit(photos, monkeypatch):
    source = dataset.make({"name": "folder", "path": str(photos), "size": 8, "stored": 10})
    notes = [note.text for note in source.outline().notes if note.kind == "decoded"]
    monkeypatch.setenv("NAS_DECODED_BYTES", str(20 * 10 * 10 * 3 - 1))

    assert notes == ["once decoded, the images take 0.0 GiB, in a file that all workers share"]
    with pytest.raises(DataError, match=r"the images of folder:photos take .* NAS_DECODED_BYTES allows"):
        source.outline()
