"""The README's lines prepare a picture as the product does, whatever kind of file it is."""

import json
import re
import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from PIL import Image, ImageOps

from latency_db.devices.onnxruntime_model import load_model
from nas.dataset import Split, split
from nas.export import export, with_pixel_input
from nas.images.formats import Picture
from nas.images.model_input import ModelInput
from nas.images.pictures import decode
from nas.images.preprocessing import Preprocessing
from nas.onnx_file.model_check import check_model
from nas.ops.notation import read_network
from nas.ops.torch_reading.module import build
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


def readme():
    return re.search(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)[1]


def readme_for_pictures():
    """With the lines that docs/preprocessing.md replaces."""
    document = (README.parent / "docs" / "preprocessing.md").read_text("utf-8")
    lines = re.search(r"```text\n(.*?)```", document, re.DOTALL)[1]
    head, rest = readme().split("        image = ImageOps.fit")
    return head + lines + rest[rest.index("    print(") :]


def run_readme(monkeypatch, capsys, folder, model, *, paths, lines):
    """What lines like the README's feed to the model, one array a picture, and what they print."""
    (folder / "example.py").write_text(lines)
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

    fed, lines = run_readme(monkeypatch, capsys, tmp_path, file, paths=paths, lines=readme())

    for path, x, line in zip(paths, fed, lines, strict=True):
        own = decode(Picture(path.name, path), SIDE, channels)
        expected = normalised(own[None], images.mean, images.std, session.get_inputs()[0].shape[2]).numpy()
        assert np.abs(x - expected).max() < 1e-5, f"{path.name}: one level of a pixel would be 0.01"
        (scores,) = session.run(None, {"image": np.ascontiguousarray(expected)})
        assert line == f"{path} {images.classes[scores.argmax()]}"


def test_images_that_are_stored_larger_are_resized_to_that_and_then_to_the_input():
    images, _ = exported(3, NETWORKS["smaller"])
    network = read_network(NETWORKS["smaller"].format(3))
    smaller = replace(images, input_side=network.input.height)
    how = Preprocessing.of(smaller, network).described(ModelInput.FLOAT32)

    assert (smaller.side, how["size"], how["resolution"]) == (how["resolution"][0], [SIDE] * 2, [smaller.side] * 2)


def test_the_metadata_names_every_step():
    _, file = exported(3, NETWORKS["smaller"])

    found = onnxruntime.InferenceSession(file).get_modelmeta().custom_metadata_map
    about = {key: json.loads(value) for key, value in found.items()}

    norm = about["normalisation"]
    assert about["preprocessing"] == {
        "input": "float32",
        "inside": [],
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


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("notation", NETWORKS.values(), ids=NETWORKS)
def test_a_file_that_takes_pictures_prepares_them_as_pillow_does(channels, notation, tmp_path):
    """A square to one level at most. Of another picture the edges differ more, as Pillow looks beyond the square."""
    images, file = exported(channels, notation)
    made = with_pixel_input(file, images)
    model = onnx.load_from_string(made.file)
    model.graph.output.append(onnx.ValueInfoProto(name="prepared"))
    session, plain = (onnxruntime.InferenceSession(each) for each in (model.SerializeToString(), file))
    level = 1 / 255 / min(images.std)

    def prepared_of(pixels):
        return session.run(["prepared"], {"image": pixels[None]})[0]

    def expected_of(pixels):
        x = normalised(fit(pixels)[None], images.mean, images.std, plain.get_inputs()[0].shape[2])
        return x.contiguous().numpy()

    for path in pictures(tmp_path):
        whole = decode(Picture(path.name, path), None, channels)
        side = min(whole.shape[:2])
        top, left = ((length - side) // 2 for length in whole.shape[:2])
        square = whole[top : top + side, left : left + side]

        assert np.array_equal(prepared_of(whole), prepared_of(square)), path.name
        off = np.abs(prepared_of(square) - expected_of(square)) / level
        assert off.max() < 1.01, path.name
        assert off.mean() < 0.02, path.name
        if (max(whole.shape) - side) % 2 == 0:  # else half a pixel is between them
            assert np.abs(prepared_of(whole) - expected_of(whole)).mean() / level < 1.5, path.name
        scores = plain.run(None, {"image": expected_of(square)})[0]
        assert np.abs(session.run(["scores"], {"image": square[None]})[0] - scores).max() < 1e-3, path.name


def fit(pixels):
    """The central square, by Pillow."""
    image = Image.fromarray(pixels if pixels.shape[2] == 3 else pixels[:, :, 0])
    return np.asarray(ImageOps.fit(image, (SIDE, SIDE), Image.Resampling.BILINEAR)).reshape(SIDE, SIDE, -1)


def test_the_documents_lines_for_files_that_take_pictures(tmp_path, monkeypatch, capsys):
    images, file = exported(3, NETWORKS["smaller"])
    paths = pictures(tmp_path)

    made = with_pixel_input(file, images).file
    _, named = run_readme(monkeypatch, capsys, tmp_path, made, paths=paths, lines=readme_for_pictures())
    _, right = run_readme(monkeypatch, capsys, tmp_path, file, paths=paths, lines=readme())

    assert named == right


def test_a_file_that_takes_pictures_computes_what_the_other_does():
    images, file = exported(3, NETWORKS["larger"])
    session = onnxruntime.InferenceSession(file)
    x = normalised(images.test.images, images.mean, images.std, 20).contiguous().numpy()
    right = session.run(None, {"image": x})[0].argmax(1) == images.test.labels

    made = with_pixel_input(file, images)

    assert made.max_abs_difference < 1e-5
    assert made.test_accuracy == right.mean()
    taken = onnxruntime.InferenceSession(made.file).get_inputs()[0]
    assert (taken.type, taken.shape) == ("tensor(uint8)", ["batch", "height", "width", 3])
    about = {each.key: json.loads(each.value) for each in onnx.load_from_string(made.file).metadata_props}
    how = about["preprocessing"]
    assert (how["input"], how["inside"]) == ("uint8", list(how)[list(how).index("crop") :])
    assert "normalisation" not in about, "it is done inside"
    check_model(made.file)
    timed = load_model(made.file, 1, ["CPUExecutionProvider"], "cpu")
    timed.call()
    timed.execute()
