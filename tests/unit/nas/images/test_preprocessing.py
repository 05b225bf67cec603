"""The README's lines prepare a picture as the product does, whatever kind of file it is."""

import json
import re
import runpy
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from nas.dataset import Split, split
from nas.export import export
from nas.images.pictures import Picture, decode
from nas.ops.notation import read_network
from nas.ops.torch_module import build
from nas.training.batches import normalised

README = Path(__file__).parents[4] / "README.md"
SIDE = 16
NETWORKS = {
    "as they are": "{}x16x16: conv_8_k3_s2 conv_8_k3 gap linear_3",
    "smaller": "{}x12x12: conv_8_k3_s2 conv_8_k3 gap linear_3",
    "larger": "{}x20x20: conv_8_k3_s2 conv_8_k3 gap linear_3",
}


def photo(width, height, channels=3):
    """Smooth, with noise: so that turning, cropping and filtering show."""
    rng = np.random.default_rng(width)
    rows, columns = np.mgrid[:height, :width]
    smooth = np.stack([rows * 255 / height, columns * 255 / width, (rows + columns) * 255 / (height + width)], 2)
    pixels = np.clip(smooth + rng.normal(0, 20, smooth.shape), 0, 255).astype(np.uint8)
    return Image.fromarray(pixels if channels == 3 else pixels[:, :, 0])


def transparent():
    image = photo(41, 30).convert("RGBA")
    image.putalpha(photo(41, 30, 1))
    return image


def pictures(folder):
    """Files of all the kinds that people have, by name."""
    turned = Image.Exif()
    turned[0x0112] = 6
    palette = photo(23, 40).quantize(16)
    made = {
        "turned.jpg": (photo(120, 90), {"exif": turned}),
        "large.jpg": (photo(301, 200), {}),
        "wide.png": (photo(67, 16), {}),
        "tiny.png": (photo(5, 9), {}),
        "fitting.png": (photo(SIDE, SIDE), {}),
        "transparent.png": (transparent(), {}),
        "transparent.webp": (transparent(), {"lossless": True}),
        "grey.jpg": (photo(50, 31, 1), {}),
        "grey-transparent.png": (transparent().convert("LA"), {}),
        "cmyk.jpg": (photo(90, 77).convert("CMYK"), {}),
        "palette.png": (palette, {}),
        "palette-transparent.png": (palette, {"transparency": 3}),
        "palette.gif": (palette, {"transparency": 3}),
        "two-colours.png": (photo(40, 30).convert("1"), {}),
    }
    for name, (image, options) in made.items():
        image.save(folder / name, **options)
    return [folder / name for name in made]


def exported(channels, notation):
    rng = np.random.default_rng(0)
    part = Split(rng.integers(0, 256, (40, SIDE, SIDE, channels), np.uint8), np.arange(40) % 3)
    images = split("noise", ("a", "b", "c"), {"train": part, "test": part}, seed=0)
    network = read_network(notation.format(channels))
    return images, export(network, build(network, 0), images, {}).file


def run_readme(monkeypatch, capsys, folder, model, paths):
    """What the README's lines feed to the model, one array a picture, and what they print."""
    (folder / "example.py").write_text(re.search(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)[1])
    (folder / "model.onnx").write_bytes(model)
    fed = []

    class Watched(onnxruntime.InferenceSession):
        def run(self, names, feed):
            fed.append(feed["image"])
            return super().run(names, feed)

    with monkeypatch.context() as patched:
        patched.setattr(onnxruntime, "InferenceSession", Watched)
        patched.setattr("sys.argv", ["example.py", str(folder / "model.onnx"), *map(str, paths)])
        runpy.run_path(str(folder / "example.py"))
    return fed, capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("notation", NETWORKS.values(), ids=NETWORKS)
def test_the_readmes_lines_predict_as_the_product_does(channels, notation, tmp_path, monkeypatch, capsys):
    images, file = exported(channels, notation)
    session = onnxruntime.InferenceSession(file)
    paths = pictures(tmp_path)

    fed, lines = run_readme(monkeypatch, capsys, tmp_path, file, paths)

    for path, x, line in zip(paths, fed, lines, strict=True):
        own = decode(Picture(path.name, path), SIDE, channels)
        expected = normalised(own[None], images.mean, images.std, session.get_inputs()[0].shape[2]).numpy()
        assert np.abs(x - expected).max() < 1e-5, f"{path.name}: one level of a pixel would be 0.01"
        (scores,) = session.run(None, {"image": np.ascontiguousarray(expected)})
        assert line == f"{path} {images.classes[scores.argmax()]}"


def test_the_metadata_names_every_step():
    _, file = exported(3, NETWORKS["smaller"])

    found = onnxruntime.InferenceSession(file).get_modelmeta().custom_metadata_map
    about = {key: json.loads(value) for key, value in found.items()}

    norm = about["normalisation"]
    assert about["preprocessing"] == {
        "draft": [32, 32],
        "orientation": "exif",
        "background": "white",
        "channels": "RGB",
        "crop": "central square",
        "filter": "bilinear",
        "size": [16, 16],
        **norm,
        "resolution": [12, 12],
    }
    assert list(about["preprocessing"]).index("scale") > list(about["preprocessing"]).index("size")
