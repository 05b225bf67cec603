"""Values of command-line options as people write them: numbers of bytes."""

import re

import click

_PREFIXES = {"": 1, "k": 1000, "M": 1000**2}


class Bytes(click.ParamType[int]):
    """A number of bytes: `100k`, `1.5M`, or 100000."""

    name = "bytes"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kM]?)B?", str(value).strip())
        found = int(float(match[1]) * _PREFIXES[match[2]]) if match else 0
        if found < 1:
            self.fail(f"{value!r} is not a number of bytes; write 100k, 1.5M or 100000", param, ctx)
        return found
