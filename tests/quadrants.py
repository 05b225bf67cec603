"""Images that a network learns in a second, and one thread for such small trainings."""

import numpy as np
import pytest
import torch

from nas.compression.model import Model
from nas.dataset import Dataset, Split
from nas.ops.torch_reading.module import build
from nas.training import Recipe
from nas.training.fit import fit


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Steps this small only wait for a second thread, the more so where tests run side by side."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def quadrants(noise=60):
    """Four classes: which quarter of the image is brighter."""
    rng = np.random.default_rng(0)
    labels = np.arange(352) % 4
    images = rng.integers(0, 256 - noise, (352, 8, 8, 1))
    for image, label in zip(images, labels, strict=True):
        image[label // 2 * 4 :, label % 2 * 4 :][:4, :4] += noise
    whole = Split(images.astype(np.uint8), labels.astype(np.int64))
    parts = [whole[np.arange(a, b)] for a, b in ((0, 256), (256, 320), (320, 352))]
    return Dataset("quadrants", ("a", "b", "c", "d"), *parts, (0.5,), (0.25,))


def trained_state(network, images, *, epochs):
    """The state of a model (nas.compression.model.restore) of the network, trained on these images."""
    module = build(network, seed=0)
    fit(module, images, Recipe(epochs=epochs, batch_size=32), seed=0, report=lambda *_: None)
    return Model(network, module).state()
