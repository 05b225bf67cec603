"""Archives of small images, good ones and hostile ones."""

import io
import tarfile
import warnings
import zipfile

import numpy as np
from PIL import Image

KINDS = (".zip", ".tar", ".tar.gz")


def picture(seed, side=8, form="PNG"):
    """An encoded grey image of noise."""
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (side, side), np.uint8)).save(out, form)
    return out.getvalue()


def packed(kind, files):
    """An archive of these files: bytes by name, or a TarInfo's changes in place of the bytes."""
    out = io.BytesIO()
    if kind == ".zip":
        with warnings.catch_warnings(), zipfile.ZipFile(out, "w") as archive:
            warnings.simplefilter("ignore")  # of names that come twice
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
        return out.getvalue()
    with tarfile.open(fileobj=out, mode="w:gz" if kind == ".tar.gz" else "w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, dict):
                for field, value in content.items():
                    setattr(info, field, value)
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def class_folders(*classes, count=4, above="", side=8):
    """`count` images in a folder for each class."""
    names = [f"{above}{name}/{number}.png" for name in classes for number in range(count)]
    return {name: picture(seed, side) for seed, name in enumerate(names)}
