"""Tables of HW-NAS-Bench and HELP: CSV with one architecture per line, its key first, then one column per device.

Li et al. 2021, "HW-NAS-Bench"; Lee et al. 2021, "HELP". Columns named `feature:NAME` describe the architecture.
"""

import csv
from collections.abc import Iterator

from latency_db.errors import TableFormatError
from latency_db.exchange.importer import Importer, Origin, importer, number
from latency_db.exchange.table import RowKind, TableRow

_FEATURE = "feature:"


@importer("device_columns")
class DeviceColumns(Importer):
    """An empty cell is a network that was not measured on that device."""

    def rows(self, text: str, origin: Origin) -> Iterator[TableRow]:
        lines = csv.reader(text.splitlines(), strict=True)
        header = next(lines, [])
        if len(header) < 2 or len(set(header)) < len(header):  # noqa: PLR2004 - a key and a device
            raise TableFormatError("line 1: should name the key's column and then each device once; add a header")
        try:
            for cells in lines:
                yield from _row(header, cells, f"line {lines.line_num}", origin)
        except csv.Error as error:
            raise TableFormatError(f"line {lines.line_num}: {error}; save the file as CSV again") from None


def _row(header: list[str], cells: list[str], where: str, origin: Origin) -> Iterator[TableRow]:
    if len(cells) != len(header):
        raise TableFormatError(f"{where}: {len(cells)} cells under {len(header)} names; correct it or leave it out")
    named = dict(zip(header[1:], cells[1:], strict=True))
    features = {
        name.removeprefix(_FEATURE): _parse_feature(cell) for name, cell in named.items() if name.startswith(_FEATURE)
    }
    for device, cell in named.items():
        if cell.strip() and not device.startswith(_FEATURE):
            latency_ms = origin.ms(number(cell, f"{where}, {device}"))
            yield TableRow(cells[0], RowKind.NETWORK, device, latency_ms, features=features)


def _parse_feature(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell
