"""HTML and SVG elements as values: text is escaped unless it is already markup."""

import html
from collections.abc import Iterable


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = str | int | None
"""What an element holds; None is left out."""

Value = str | float | bool | None
"""What an attribute is set to; None and False leave it out, True writes its name alone."""


def tag(element: str, /, *children: Child, **attributes: Value) -> Markup:
    """The element of that name. In attribute names `_` stands for `-`, and one at the end is dropped (`class_`)."""
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    return Markup(f"<{element}{written}>{join(children)}</{element}>")


def join(parts: Iterable[Child]) -> Markup:
    """Parts one after the other."""
    return Markup("".join(part if isinstance(part, Markup) else _escaped(part) for part in parts if part is not None))


def _escaped(part: Child) -> str:
    return html.escape(str(part), quote=False)


def _attribute(key: str, value: Value) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return f' {name}="{html.escape(text)}"'
