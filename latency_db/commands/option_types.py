"""Values of command-line options as people write them: durations and fractions."""

import re

import click

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}
_PARTS = {"": 1, "%": 100}


class Duration(click.ParamType[float]):
    """A number of seconds: `90s`, `3m`, `1.5h`, or without a unit."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", str(value).strip())
        if match is None:
            self.fail(f"{value!r} is not a duration; write 90s, 3m or 1h", param, ctx)
        return float(match[1]) * _SECONDS[match[2]]


class Fraction(click.ParamType[float]):
    """A number in [0, 1]: `2%`, `0.5 %`, or 0.02."""

    name = "fraction"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(%?)", str(value).strip())
        found = float(match[1]) / _PARTS[match[2]] if match else -1.0
        if not 0 <= found <= 1:
            self.fail(f"{value!r} is not a fraction; write 2% or 0.02", param, ctx)
        return found
