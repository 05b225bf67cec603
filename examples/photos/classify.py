"""What is in pictures: python classify.py model.onnx PICTURE...

Needs onnxruntime, numpy and pillow. How a picture is prepared is read from the file (docs/preprocessing.md).
"""

import json
import sys
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image, ImageOps


def prepared(path: str, how: dict[str, Any]) -> np.ndarray:
    """The picture as the file takes it; how: the file's `preprocessing`."""
    file = Image.open(path)
    file.draft(how["channels"], how["draft"])
    image = ImageOps.exif_transpose(file)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, how["background"]), image)
    image = image.convert(how["channels"])
    if how["input"] == "uint8":  # the file cuts, resizes and normalises
        pixels = np.asarray(image)
        return pixels.reshape(1, *pixels.shape[:2], -1)
    image = ImageOps.fit(image, how["size"], Image.Resampling.BILINEAR)
    pixels = np.asarray(image).reshape(*how["size"], -1)
    x = ((pixels * how["scale"] - how["mean"]) / how["std"]).astype(np.float32).transpose(2, 0, 1)
    x = [np.asarray(Image.fromarray(each).resize(how["resolution"], Image.Resampling.BILINEAR)) for each in x]
    return np.stack(x)[np.newaxis]


def main() -> None:
    if not sys.argv[2:]:
        sys.exit("usage: python classify.py model.onnx PICTURE...")
    model, *pictures = sys.argv[1:]
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    about = {key: json.loads(value) for key, value in session.get_modelmeta().custom_metadata_map.items()}
    for path in pictures:
        (scores,) = session.run(None, {"image": prepared(path, about["preprocessing"])})
        weights = np.exp(scores[0] - scores.max())
        best = int(weights.argmax())
        print(f"{path}: {about['classes'][best]} {weights[best] / weights.sum():.1%}")


if __name__ == "__main__":
    main()
