"""The reference networks of a spec: single ones, and curves of networks that differ in width alone."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nas.errors import InvalidArchitectureError, SpecError
from nas.faults import reason
from nas.metric import network_metrics
from nas.network import ReferenceNetwork, WithStem, network
from nas.ops import Network
from nas.registry import described

Entry = Mapping[str, Any]
"""An item of `references`: `name`, and parameters of that network, or `widths` in place of its width."""
WIDTH, STEM = "width", "stem_stride"
MAX_WIDTHS = 16


class Widths(BaseModel):
    """What an entry may say besides the parameters of its network, if that has a width."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    widths: Annotated[
        tuple[Annotated[float, Field(gt=0, le=10)], ...],
        described(
            "several widths in place of one: each is a network, and all of them one curve",
            "to compare with the whole family at equal accuracy, as [0.35, 0.5, 0.75, 1.0, 1.4]",
            min_length=1,
            max_length=MAX_WIDTHS,
        ),
    ]


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference network for the images of a search. curve: the name of the curve that it is on, if it is on one."""

    label: str
    network: Network
    width: float | None
    curve: str | None


def single(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The entries with one of its own for each of `widths`, in the order given."""
    found = []
    for entry in entries:
        rest = {key: value for key, value in entry.items() if key != "widths"}
        found += [{**rest, WIDTH: width} for width in entry["widths"]] if "widths" in entry else [rest]
    return found


def check_entry(number: int, entry: Entry) -> None:
    """SpecError names each field of the entry of that number that is wrong."""
    field = f"references.{number}"
    for fixed in sorted({"channels", "classes"} & set(entry)):
        raise SpecError(f"{field}.{fixed}: the data set decides it; leave it out")
    rest = {key: value for key, value in entry.items() if key != "widths"}
    parameters = network.checked(rest, field)
    if "widths" not in entry:
        return
    if WIDTH not in type(parameters).model_fields:
        raise SpecError(f"{field}.widths: {entry['name']} has no width; leave widths out")
    if WIDTH in entry:
        raise SpecError(f"{field}.widths: they stand in place of width; leave one of the two out")
    try:
        Widths.model_validate({"widths": entry["widths"]})
    except ValidationError as error:
        raise SpecError(reason(error, field, Widths)) from None


def references_of(entries: Iterable[Entry], *, side: int, channels: int, classes: int) -> list[Reference]:
    """The networks of the entries for images of side x side pixels. SpecError names one that cannot be built.

    Those that differ in width alone, two or more, are a curve, however they are listed.
    """
    images = {"resolution": side, "channels": channels, "classes": classes}
    made = [(number, one, network.make({**images, **one})) for number, one in _numbered(entries)]
    curves = Counter(_label(one, each, without=WIDTH) for _, one, each in made if hasattr(each, WIDTH))
    found = []
    for number, one, each in made:
        try:
            expanded = each.expand()
            network_metrics(expanded)
        except InvalidArchitectureError as error:
            raise SpecError(
                f"references.{number}: {one['name']} cannot be built for images of {side} px: {error}; "
                "give it a larger resolution, or leave it out"
            ) from None
        curve = _label(one, each, without=WIDTH)
        on = curve if curves[curve] > 1 else None
        found.append(Reference(_label(one, each), expanded, getattr(each, WIDTH, None), on))
    return found


def stem_notes(entries: Iterable[Entry], side: int | None) -> list[str]:
    """What `stem_stride: auto` comes to for images of that side, if it is known: `field: text`, one for each entry."""
    notes = {}
    for number, one in _numbered(entries):
        if side is None or one.get(STEM) != "auto":
            continue
        made = network.make({"resolution": side, **one})
        if isinstance(made, WithStem):
            as_published = "as published" if made.stride == made.published_stride else f"not {made.published_stride}"
            notes[number] = f"references.{number}.{STEM}: {made.stride} for images of {side} px, {as_published}"
    return [*notes.values()]


def _numbered(entries: Iterable[Entry]) -> list[tuple[int, dict[str, Any]]]:
    """Single entries with the number of the one in the spec that each comes from."""
    return [(number, one) for number, entry in enumerate(entries) for one in single([entry])]


def _label(one: Entry, made: ReferenceNetwork, without: str = "") -> str:
    """A network in words: its name and the parameters that were given, in the order of the family's parameters, what
    `auto` comes to among them. However an entry is written, its label is the same.
    """
    words = [str(one["name"])]
    for key, value in network.checked(one, "references").model_dump(include={*one}).items():
        if key == STEM and isinstance(made, WithStem):
            if value == "paper":
                continue
            words.append(f"stem stride {made.stride}")
        elif key != without:
            words.append(f"{key} {value}")
    return " ".join(words)
