"""Block tables as nested JSON dictionaries, as TF-NAS and FBNet keep theirs: `{"block": {"width": latency}}`."""

import json
from collections.abc import Iterator
from typing import Any

from latency_db.errors import TableFormatError
from latency_db.exchange.importer import Importer, Origin, importer, number
from latency_db.exchange.table import RowKind, TableRow


@importer("block_dictionary")
class BlockDictionary(Importer):
    """The key of a row is the path to its number. A level whose names are all numbers is a number, else a category."""

    def rows(self, text: str, origin: Origin) -> Iterator[TableRow]:
        device = origin.named_device()
        try:
            tree = json.loads(text)
        except json.JSONDecodeError as error:
            raise TableFormatError(f"line {error.lineno}: {error.msg}; save the dictionary as JSON") from None
        leaves = list(_leaves(tree, ()))
        depth = max((len(path) for path, _ in leaves), default=0)
        numeric = [all(_is_number(path[level]) for path, _ in leaves if level < len(path)) for level in range(depth)]
        for path, value in leaves:
            features: dict[str, float | str] = {
                f"level{level}": float(name) if numeric[level] else name for level, name in enumerate(path)
            }
            yield TableRow("/".join(path), RowKind.BLOCK, device, origin.ms(value), features=features)


def _leaves(tree: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    if isinstance(tree, dict):
        for name, below in tree.items():
            yield from _leaves(below, (*path, name))
    elif isinstance(tree, int | float) and not isinstance(tree, bool) and path:
        yield path, number(str(tree), "/".join(path))
    else:
        raise TableFormatError(f"{'/'.join(path) or 'the file'}: neither a number nor a dictionary; leave it out")


def _is_number(name: str) -> bool:
    return name.replace(".", "", 1).isdigit()
