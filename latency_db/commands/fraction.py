"""Fractions as people write them: `2%`, `0.5 %`, or a fraction such as 0.02."""

import re

import click

_PERCENT = 100


class Fraction(click.ParamType[float]):
    """A command-line value as a fraction in [0, 1]."""

    name = "fraction"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, int | float):
            return float(value)
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(%?)", str(value).strip())
        found = float(match[1]) / (_PERCENT if match[2] else 1) if match else -1.0
        if not 0 <= found <= 1:
            self.fail(f"{value!r} is no fraction; write 2% or 0.02", param, ctx)
        return found
