"""Results of ncnn's benchmark as its README lists them: settings, then `model  min = 1.0  max = 2.0  avg = 1.5`."""

import re
from collections.abc import Iterator

from latency_db.errors import TableFormatError
from latency_db.exchange.importer import Importer, Origin, importer, number
from latency_db.exchange.table import RowKind, TableRow

_ROW = re.compile(r"\s*(\S+)\s+min\s*=\s*(\S+)\s+max\s*=\s*(\S+)\s+avg\s*=\s*(\S+)\s*")
_SETTING = re.compile(r"\s*(loop_count|num_threads|powersave|gpu_device|cooling_down)\s*=\s*(-?\d+)\s*")
_HEADING = re.compile(r"#{2,}\s*(.+?)\s*")


@importer("ncnn_list")
class NcnnList(Importer):
    """A device is named by the heading above its rows and their settings: other threads are another device."""

    def rows(self, text: str, origin: Origin) -> Iterator[TableRow]:
        heading, settings = origin.device, dict[str, str]()
        for count, line in enumerate(text.splitlines(), 1):
            if match := _HEADING.fullmatch(line):
                heading, settings = match[1], {}
            elif match := _SETTING.fullmatch(line):
                settings[match[1]] = match[2]
            elif match := _ROW.fullmatch(line):
                if heading is None:
                    raise TableFormatError(f"line {count}: no `### DEVICE` above; give the device that was measured")
                least, most, mean = (origin.ms(number(text, f"line {count}")) for text in match.groups()[1:])
                device = " ".join(
                    [heading, *(f"{name}={settings[name]}" for name in sorted(settings) if name != "loop_count")]
                )
                runs = int(settings["loop_count"]) if "loop_count" in settings else None
                extremes = {"min_ms": least, "max_ms": most}
                yield TableRow(match[1], RowKind.MODEL, device, mean, n=runs, statistics=extremes)
            elif "min =" in line or "avg =" in line:
                raise TableFormatError(f"line {count}: not `model min = A max = B avg = C`; correct it or leave it out")
