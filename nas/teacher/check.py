"""The check of a spec's teacher before anything is run: its file, its input, its classes."""

from pathlib import Path

from nas.errors import ModelRefusedError, SpecError
from nas.teacher.header import Header, checked_header
from nas.teacher.preparation import Images, prepared
from nas.teacher.request import TeacherRequest

_EXPORT = (
    "export it as one .onnx file of at most 512 MiB with operators of the ONNX standard, as torch.onnx.export, tf2onnx "
    "and skl2onnx write it"
)


def header_in(request: TeacherRequest, path: Path) -> Header:
    """The header of the teacher's file at path. SpecError, with the remedy, if it is no file that is run."""
    try:
        return checked_header(path)
    except OSError as error:
        raise SpecError(f"teacher.model: {request.model} cannot be read ({error.strerror})") from None
    except ModelRefusedError as error:
        raise SpecError(f"teacher.model: {request.name}: {error}; {_EXPORT}") from None


def check_teacher(request: TeacherRequest | None, images: Images | None, path: Path | None = None) -> list[str]:
    """Notes on what is assumed of the teacher that a spec asks for. SpecError names the field that is wrong.

    images: what is known of them; None if only loading can tell. path: of its file, where that is not the request's.
    """
    if request is None:
        return []
    header = header_in(request, path or Path(request.model))
    return [] if images is None else prepared(request, header, images, flip=False)[1]
