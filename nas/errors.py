"""The errors of nas. A message says what is wrong and what to do about it."""

from difflib import get_close_matches


class NasError(Exception):
    """Root of every error that nas raises on purpose."""


class UnknownNameError(NasError, LookupError):
    """No plugin, network, space or device has this name; the message lists the known ones, and may give a reason why
    this one is not among them.
    """

    def __init__(self, kind: str, name: object, known: object, reason: str | None = None) -> None:
        names = ", ".join(sorted(str(k) for k in known)) if hasattr(known, "__iter__") else str(known)
        why = f" ({reason})" if reason else ""
        near = get_close_matches(str(name), names.split(", "), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        super().__init__(f"no {kind} named {name!r}{why}{hint or ';'} there are: {names}")
        self.kind = kind


class SpecError(NasError, ValueError):
    """A spec, space or plugin parameter is wrong; the message names the field."""


class InvalidArchitectureError(NasError, ValueError):
    """The expression cannot be built at these shapes; the message is the reason."""


class InfeasibleError(NasError):
    """No valid member was found in the space, or none within the limits; the message gives the commonest reason."""


class DataError(NasError):
    """A data set is absent, damaged or unfit for training."""


class ChangedError(NasError):
    """What a search depends on is not as it was when the search began; it can go on once that is so again.

    reason: stable, for programs. change: what is different. The message adds the remedies for a run in a folder.
    """

    def __init__(self, reason: str, change: str) -> None:
        super().__init__(
            f"{change}. Restore what the run began with (versions of nas and of plugins, the spec, the images) and "
            "run the same command. Start again in a new folder to search with what is there now."
        )
        self.reason, self.change = reason, change


class ChangedDataError(ChangedError, DataError):
    """The images are not those that the search began with."""

    def __init__(self, change: str) -> None:
        super().__init__("DATA_CHANGED", change)


class DivergedError(NasError):
    """The loss of a training is not a finite number."""


class OutOfMemoryError(NasError):
    """A training needs more memory than there is."""


class CheckpointError(NasError):
    """A training's checkpoint is damaged, of another training, or cannot be written."""


class ExportError(NasError):
    """An exported file does not compute what was trained; please report it with the spec."""


class CompressionError(NasError, ValueError):
    """A network cannot be compressed in this way."""


class FormatError(NasError, ValueError):
    """A compressed file is damaged, of another version, or beyond the limits."""


class ModelRefusedError(NasError, ValueError):
    """An ONNX file is not run, as it may do more than compute; the message says what it contains."""


class NotMeasuredError(NasError, LookupError):
    """A device, or a kernel on it, has no latency records."""


class NotationError(NasError, ValueError):
    """The text is not a network; the message points at the offending part."""
