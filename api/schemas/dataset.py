"""Data sets, known and uploaded."""

from typing import Annotated

from pydantic import Field

from api.http.body_limits import UPLOAD_LIMIT
from api.schemas.common import ImagesNote, Received, Sent, Text
from nas.images.on_damaged import OnDamaged


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
    title: Annotated[str, Field(description="the name of the folder or archive that was sent first")]
    sha256: Annotated[str, Field(description="of the pictures: the same for a folder and for every archive of it")]
    classes: list[str]
    images: int
    parts: Annotated[dict[str, int], Field(description="images of train, validation and test, as far as given")]
    sizes: Sides
    ignored: Annotated[int, Field(description="files in the archive that are not taken")]
    notes: Annotated[list[ImagesNote], Field(default_factory=list, description="on what was left out")]


Damaged = Annotated[OnDamaged, Field(description="refuse names all images that cannot be read; skip leaves them out")]


class Piece(Received):
    """Where a piece of an archive belongs."""

    start: Annotated[int, Field(ge=0, le=UPLOAD_LIMIT, description="the byte of the archive that it begins with")]
    size_bytes: Annotated[int, Field(ge=1, le=UPLOAD_LIMIT, description="of the whole archive")]
    title: Annotated[Text, Field(description="the name of the data set, for people")] = "images"
    on_damaged: Damaged = OnDamaged.REFUSE


class Arrived(Sent):
    """What has arrived of an archive that is sent piece by piece: the next piece begins there."""

    received_bytes: int


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
