"""`-o KEY=VALUE`: parameters of the data set that a command is given by its name."""

from typing import Any

import click
from yaml import YAMLError, safe_load

set_options = click.option(
    "-o", "options", metavar="KEY=VALUE", multiple=True, help="A parameter of the data set, as size=64."
)


def with_options(config: dict[str, Any], options: tuple[str, ...]) -> dict[str, Any]:
    """The data set with these parameters, read as YAML. BadParameter names an option that cannot be read."""
    found = dict(config)
    for option in options:
        key, equals, value = option.partition("=")
        if not equals:
            raise click.BadParameter(f"{option!r} is not KEY=VALUE", param_hint="-o")
        try:
            found[key] = safe_load(value)
        except YAMLError:
            raise click.BadParameter(f"{value!r} is not a YAML value", param_hint="-o") from None
    return found
