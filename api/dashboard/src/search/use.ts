// The program that uses a downloaded file: the one of the README, as a test checks.
export const USE = String.raw`import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

session = onnxruntime.InferenceSession(sys.argv[1])
about = {key: json.loads(value) for key, value in session.get_modelmeta().custom_metadata_map.items()}
how = about["preprocessing"]

for path in sys.argv[2:]:
    with Image.open(path) as image:
        image.draft(how["channels"], how["draft"])
        image = ImageOps.exif_transpose(image)
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, how["background"]), image)
        image = ImageOps.fit(image.convert(how["channels"]), how["size"], Image.Resampling.BILINEAR)
    pixels = np.asarray(image).reshape(*how["size"], -1)
    x = ((pixels * how["scale"] - how["mean"]) / how["std"]).astype(np.float32).transpose(2, 0, 1)
    x = [np.asarray(Image.fromarray(each).resize(how["resolution"], Image.Resampling.BILINEAR)) for each in x]
    (scores,) = session.run(None, {"image": np.stack(x)[np.newaxis]})
    print(path, about["classes"][scores.argmax()])
`;
