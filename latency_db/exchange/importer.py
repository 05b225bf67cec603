"""Importers of published latency tables, one for each format. They read text and numbers; no file is executed."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, fields
from math import isfinite, nan
from pathlib import Path
from typing import ClassVar

from latency_db.errors import TableFormatError
from latency_db.exchange.table import LatencyTable, Provenance, TableRow
from nas.plugins import Plugins

MS_PER_UNIT = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}


@dataclass(frozen=True, slots=True)
class Origin(Provenance):
    """Facts that a file does not contain. unit: one of MS_PER_UNIT. device: for formats without device names."""

    device: str | None = None

    def __post_init__(self) -> None:
        for name in ("source", "licence", "statistic"):
            if not getattr(self, name).strip():
                raise TableFormatError(f"{name} is missing; state where the table is from and how it may be used")
        if self.unit not in MS_PER_UNIT:
            raise TableFormatError(f"unit {self.unit!r} is unknown; give one of {', '.join(MS_PER_UNIT)}")

    def ms(self, value: float) -> float:
        """A time of the file, in its unit, in milliseconds."""
        return value * MS_PER_UNIT[self.unit]

    def named_device(self) -> str:
        """The device. TableFormatError if it was not given."""
        if not self.device:
            raise TableFormatError("this format has no device names; give the one that was measured")
        return self.device


class Importer(ABC):
    """Reads one format. TableFormatError names the line, or the entry, that is wrong."""

    name: ClassVar[str]

    @abstractmethod
    def rows(self, text: str, origin: Origin) -> Iterable[TableRow]: ...

    def read(self, path: Path, origin: Origin) -> LatencyTable:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise TableFormatError(f"{path} is not text (byte {error.start}); pickles are not read") from None
        rows = tuple(self.rows(text, origin))
        if not rows:
            raise TableFormatError(f"{path} has no row of format {self.name}; choose another format")
        return LatencyTable(
            rows, Provenance(**{field.name: getattr(origin, field.name) for field in fields(Provenance)})
        )


def number(text: str, where: str) -> float:
    """The finite number in text; TableFormatError names where, if it is not one."""
    try:
        value = float(text)
    except ValueError:
        value = nan
    if not isfinite(value):
        raise TableFormatError(f"{where}: {text!r} is not a number; correct the file or leave the row out")
    return value


importer: Plugins[Importer] = Plugins("importer", "latency_db.exchange.importers")
