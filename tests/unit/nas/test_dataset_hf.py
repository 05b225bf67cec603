"""Hub data sets: the missing extra, and, where the library is installed, sets that it reads from a local folder."""

import sys

import numpy as np
import pytest
from PIL import Image

from nas.dataset import load
from nas.errors import DataError


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)

    with pytest.raises(DataError, match=r"pip install 'nas\[hub\]'"):
        load("hf:owner/set", 0)


@pytest.fixture
def hub(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    return pytest.importorskip("datasets", reason="needs datasets: `pip install 'nas[hub]'`")


@pytest.mark.filterwarnings("ignore")  # the library's own, of which it has many
def test_a_set_that_the_library_reads(hub, tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    for part, count in (("train", 10), ("test", 4)):
        for label in ("cat", "dog"):
            folder = tmp_path / "set" / part / label
            folder.mkdir(parents=True)
            for number in range(count):
                Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(folder / f"{number}.png")
    loaded = load(f"hf:{tmp_path / 'set'}", 0)

    assert hub.__version__
    assert loaded.classes == ("cat", "dog")
    assert [len(part) for part in (loaded.train, loaded.validation, loaded.test)] == [18, 2, 8]
    monkeypatch.setenv("NAS_CACHE_DIR", str(tmp_path / "decoded"))
    monkeypatch.setenv("NAS_DECODED_FROM_BYTES", "1")
    mapped = load({"name": "hf", "path": str(tmp_path / "set"), "size": 8}, 0)
    assert (mapped.is_mapped, mapped.digest) == (True, loaded.digest)
    with pytest.raises(DataError, match="name them with `image` and `label` among image, label"):
        load({"name": "hf", "path": str(tmp_path / "set"), "label": "colour"}, 0)


@pytest.mark.usefixtures("hub")
@pytest.mark.filterwarnings("ignore")  # the library's own, of which it has many
def test_a_set_that_is_absent():
    with pytest.raises(DataError, match=r"hf:nobody/nothing cannot be loaded"):
        load("hf:nobody/nothing", 0)
