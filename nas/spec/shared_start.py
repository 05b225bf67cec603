"""Whether the trained networks that a spec has shared weights start from are there, and fit."""

from collections.abc import Iterable

from nas.dataset import Outline
from nas.errors import SpecError
from nas.evaluator import EARLIER, RANDOM, start_of
from nas.search.earlier import AUTO
from nas.spaces import load_space
from nas.spec import SearchSpec

MOST_SAID = 3


def starts_from_earlier(spec: SearchSpec) -> bool:
    """Whether shared weights start from finalists of the searches in warm_start."""
    return start_of(spec.evaluator) == EARLIER


def check_start(spec: SearchSpec, images: Outline | None, files: Iterable[tuple[str, bytes]]) -> None:
    """SpecError, with the reasons, if no finalist of the searches that the spec names can be started from.

    images: as far as they are known. files: .onnx files of these finalists, with their names, for people. Searches that
    `auto` finds are known when the search begins; without any it starts from random numbers.
    """
    if not starts_from_earlier(spec) or AUTO in spec.warm_start:
        return
    from nas.supernet.trained import fitting  # noqa: PLC0415 - onnx takes long to import; only such a spec needs it

    if images is None or images.side is None:
        found, refused = [content for _, content in files], list[str]()
    else:
        space = load_space(spec.space).for_images(images.channels, images.side, len(images.classes))
        found, refused = fitting(space, files)
    if not found:
        why = "; ".join(refused[:MOST_SAID]) or "none of them has an .onnx of a finalist"
        raise SpecError(
            f"evaluator.start: no finalist of the searches in warm_start can be started from: {why}; name a search of "
            f"the space with finalists for such images, or write {RANDOM}"
        )
