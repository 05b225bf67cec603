"""Teachers that were sent to the service."""

from typing import Annotated

from pydantic import Field

from api.schemas.common import Sent


class TeacherFile(Sent):
    """An ONNX classifier that searches may learn from. model goes into a spec's `teacher`."""

    model: str
    sha256: str
    size_bytes: int
    input: Annotated[list[int | None] | None, Field(description="the shape of its input; null for a side that is free")]
    classes: Annotated[list[str] | None, Field(description="the names of its outputs, if the file says them")]
