"""What the images of a spec decide: whether they can be trained on, and their size."""

from dataclasses import replace
from random import Random

from nas.dataset import MAX_SIDE, DatasetSource, Outline
from nas.errors import DataError, SpecError
from nas.space import SearchSpace
from nas.spaces import load_space
from nas.spec import TRIES, SearchSpec
from nas.spec.references import references_of, stem_notes


def check_images(spec: SearchSpec, source: DatasetSource) -> Outline | None:
    """What is known of the spec's images before they are decoded, if anything is, with the side that they will have.

    source: the spec's data set. SpecError names the field if the images are absent or unfit, or if a reference network
    cannot be built for them; InfeasibleError says why the space has no network for them.
    """
    space = load_space(spec.space)
    try:
        outline = source.outline()
    except DataError as error:
        raise SpecError(f"{'dataset.path' if 'path' in spec.dataset else 'dataset'}: {error}") from None
    if outline is None:
        return None
    side, channels, classes = outline.side or natural_size(space), outline.channels, outline.classes
    space.for_images(channels, side, len(classes)).sample(Random(0), TRIES)
    references_of(spec.references, side=side, channels=channels, classes=len(classes))
    return replace(outline, side=side, resized=outline.side is None)


def with_size(spec: SearchSpec, source: DatasetSource) -> SearchSpec:
    """The spec to carry out: images of several sizes, whose spec gives no `size`, get that of the space.

    source: the spec's data set. What is wrong with it is left to its load() to say.
    """
    try:
        outline = source.outline()
    except DataError:
        return spec
    if outline is None or outline.side is not None:
        return spec
    return spec.model_copy(update={"dataset": {**spec.dataset, "size": natural_size(load_space(spec.space))}})


def natural_size(space: SearchSpace) -> int:
    """The `size`, in pixels, of images that have several sizes and whose spec gives none."""
    return min(max(space.resolution), MAX_SIDE)


def notes(spec: SearchSpec, images: Outline | None) -> list[str]:
    """What the user is to know of the values that the spec leaves open, and of the images, as `field: text`; images: of
    check_images.
    """
    if images is None:
        return []
    of_images = (f"dataset: {note.text}" for note in images.notes)
    return [*size_notes(spec, images), *stem_notes(spec.references, images.side), *of_images]


def size_notes(spec: SearchSpec, images: Outline | None) -> list[str]:
    """Those on the size of the images: the log of a search tells the others when it has read them."""
    if images is None or not images.resized:
        return []
    side, name = images.side, spec.space if isinstance(spec.space, str) else spec.space["name"]
    resized = f"each is cut to its central square and resized to {side} x {side} px, the resolution of the space {name}"
    why = f"the images have several sizes, so {resized}; set another size to keep more or less of them"
    return [f"dataset.size: {why}"]
