"""Data sets, known and uploaded."""

from typing import Annotated

from pydantic import Field

from api.schemas.common import Sent


class Sides(Sent):
    """Least and largest side of an image in pixels. Where they differ, a search cuts and resizes the images to the
    resolution of its space, unless its spec gives the data set's `size`.
    """

    min: int
    max: int


class Upload(Sent):
    """An uploaded data set. name and path go into a spec as its `dataset`."""

    name: str
    path: str
    classes: list[str]
    images: int
    parts: Annotated[dict[str, int], Field(description="images of train, validation and test, as far as given")]
    sizes: Sides
    ignored: Annotated[int, Field(description="files in the archive that are no pictures")]


class KnownDataset(Sent):
    """available: on this machine, or a matter of parameters; else `nas data get` fetches it."""

    name: str
    summary: str
    licence: str
    available: bool
    download_bytes: int | None


class Datasets(Sent):
    items: list[KnownDataset]
    uploads: list[Upload]
