"""YAML as a tree of nodes with line numbers."""

from collections.abc import Iterator

import yaml

from latency_db.errors import TableFormatError


def parse(text: str) -> yaml.Node:
    """The document's root node; no objects are constructed. TableFormatError names the line."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise TableFormatError(f"line {mark.line + 1 if mark else 1}: {error.problem}; this is not YAML") from None
    if root is None:
        raise TableFormatError("line 1: the file is empty; fetch it again")
    return root


def line(node: yaml.Node) -> int:
    """The line of the file on which a node starts, from 1."""
    return int(node.start_mark.line) + 1


def items(node: yaml.Node, what: str) -> Iterator[tuple[str, yaml.Node]]:
    """Keys and values of a mapping; TableFormatError if node is not a mapping."""
    if not isinstance(node, yaml.MappingNode):
        raise TableFormatError(f"line {line(node)}: {what} should be `name: value` lines; choose another format")
    for key, value in node.value:
        yield str(key.value), value
