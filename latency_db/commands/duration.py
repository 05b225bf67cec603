"""Durations as people write them: `90s`, `3m`, `1.5h`, or a number of seconds."""

import re

import click

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


class Duration(click.ParamType[float]):
    """A command-line value in seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, int | float):
            return float(value)
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", str(value).strip())
        if match is None:
            self.fail(f"{value!r} is no duration; write 90s, 3m or 1h", param, ctx)
        return float(match[1]) * _SECONDS[match[2]]
