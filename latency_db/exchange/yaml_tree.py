"""YAML as a tree in which each value knows its line."""

from collections.abc import Iterator

import yaml

from latency_db.errors import TableFormatError


def parse(text: str) -> yaml.Node:
    """The document, with nothing constructed from it. TableFormatError names the line."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise TableFormatError(f"line {mark.line + 1 if mark else 1}: {error.problem}; this is no YAML") from None
    if root is None:
        raise TableFormatError("line 1: the file is empty; fetch it again")
    return root


def line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def items(node: yaml.Node, what: str) -> Iterator[tuple[str, yaml.Node]]:
    """Keys and values of a mapping; TableFormatError if node is none."""
    if not isinstance(node, yaml.MappingNode):
        raise TableFormatError(f"line {line(node)}: {what} should be `name: value` lines; choose another format")
    for key, value in node.value:
        yield str(key.value), value
