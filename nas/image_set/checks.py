"""What is odd in images: some that lie in several splits or classes, classes that are missing or rare, no contrast."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nas.errors import DataError
from nas.image_set.mapped import MappedImages, chunks
from nas.image_set.note import Note, counted

BYTE = 255

UNEVEN = 3
"""How many times as many training images as the rarest class the commonest may have before it is told."""


Images = NDArray[np.uint8] | MappedImages
"""[N, H, W, C], in memory or in a file."""


def digests(images: Images) -> list[bytes]:
    """Of the pixels of each image: equal for equal images."""
    if isinstance(images, MappedImages):
        return images.digests()
    return [hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in images]


def also_in(images: Images, others: Images) -> NDArray[np.bool_]:
    """Which of the images are among the others, pixel for pixel: [N]."""
    known = set(digests(others))
    return np.array([digest in known for digest in digests(images)], bool)


def overlap_note(part: str, seen: NDArray[np.bool_], names: Sequence[str]) -> Iterator[Note]:
    """The note on images of a split that lie in train too. names: of the split's images, or none."""
    if count := int(seen.sum()):
        lie = "lies" if count == 1 else "lie"
        said = (
            f"{count:,} of {len(seen):,} {part} images also {lie} in train, pixel for pixel at this size; finalists "
            "have their accuracy without them beside"
        )
        yield Note.on(f"{part}_in_train", said, [names[int(at)] for at in np.flatnonzero(seen)] if names else [], count)


def missing_note(part: str, labels: NDArray[np.int64], classes: Sequence[str]) -> Iterator[Note]:
    """The note on classes of which a split has no image."""
    absent = sorted(set(range(len(classes))) - set(labels.tolist()))
    if absent:
        said = f"{part} has no image of {counted(len(absent), 'class', 'classes')}, of which its accuracy says nothing"
        yield Note.on(f"{part}_lacks_classes", said, [classes[label] for label in absent])


def uneven_note(labels: NDArray[np.int64], classes: Sequence[str]) -> Iterator[Note]:
    """The note on training images that are very unevenly spread over the classes."""
    counts = np.bincount(labels, minlength=len(classes))
    most, least = int(counts.argmax()), int(counts.argmin())
    if counts[most] > UNEVEN * counts[least]:
        share = f"{counts[most] / len(labels):.0%}"
        said = (
            f"the classes are uneven: {classes[most]} has {counts[most]:,} training images ({share}), "
            f"{classes[least]} has {counts[least]:,}; look at the recall of each class, and at the evaluator's "
            "`accuracy: balanced`"
        )
        yield Note.on("uneven", said, [])


def conflict_note(images: Images, labels: NDArray[np.int64], names: Sequence[str]) -> Iterator[Note]:
    """The note on training images that lie in several classes. names: of the images, or none."""
    first: dict[bytes, int] = {}
    found = [at for at, digest in enumerate(digests(images)) if first.setdefault(digest, labels[at]) != labels[at]]
    if found:
        said = f"{counted(len(found), 'training image')} also in another class, pixel for pixel; keep each in one"
        yield Note.on("in_several_classes", said, [names[at] for at in found] if names else [], len(found))


def statistics(name: str, images: Images) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel in [0, 1] units, exact: from a histogram of the pixels."""
    counts = np.zeros((images.shape[3], BYTE + 1), np.int64)
    for some in chunks(images):  # bincount widens its input eightfold
        counts += [np.bincount(some[..., channel].ravel(), minlength=BYTE + 1) for channel in range(len(counts))]
    values, mean, std = np.arange(BYTE + 1) / BYTE, [], []
    for share in counts / counts.sum(1, keepdims=True):
        mean.append(float(share @ values))
        std.append(float(np.sqrt(share @ (values - mean[-1]) ** 2)))
    if min(std) == 0:
        raise DataError(f"{name}: all pixels of a channel are equal, so there is nothing to learn; check the images")
    return tuple(mean), tuple(std)


def one_class(name: str, classes: Sequence[str]) -> str:
    return f"{name}: one class ({', '.join(classes)}) gives nothing to tell apart; add images of a second class"


def too_few(name: str, classes: Sequence[str], empty: Sequence[int], held_out: Mapping[str, int]) -> str | None:
    """The fault of a set whose classes of these numbers have no training images, or with an empty split; else None."""
    if not empty and all(held_out.values()):
        return None
    what = f"class {classes[empty[0]]!r} has no training images" if empty else "validation or test is empty"
    return f"{name}: {what}; give each class at least 3 images, and leave no class folder empty"


def unfit(images: Images, labels: NDArray[np.int64], classes: int, like: tuple[int, ...]) -> str | None:
    """Why images cannot be trained on, or not beside others of shape `like`; None if they can."""
    remedy = "convert the images to squares of one size, grey or RGB, 8 bits a channel"
    square = images.ndim == len("NHWC") and images.shape[1] == images.shape[2] and images.shape[3] in {1, 3}
    if images.dtype != np.uint8 or not square:
        return f"has {images.dtype} images of shape {images.shape}, not uint8 [N, H, H, 1 or 3]; {remedy}"
    if images.shape[1:] != like[1:]:
        return f"has images of {images.shape[1:]}, train of {like[1:]}; {remedy}"
    if labels.shape != images.shape[:1]:
        return f"has {len(images)} images but {labels.shape} labels; give each image one label"
    if len(labels) and not 0 <= labels.min() <= labels.max() < classes:
        return f"has labels {labels.min()}..{labels.max()}; number the {classes} classes from 0"
    return None


def may_mirror(classes: Sequence[str]) -> bool:
    """Whether a mirrored image is still one of its class, as far as the names tell: digits and letters are not."""
    return not all(name.isdigit() or len(name) == 1 for name in classes)
