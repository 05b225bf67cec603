"""Rows of results that a benchmark keeps in a file and makes only once, and the arguments for that."""

import argparse
import json
import multiprocessing
import os
import platform
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from nas.errors import SpecError
from nas.files import write_whole
from nas.trial import unheard
from workers.executing.executor import Executor, Task
from workers.executing.scheduler import Scheduler

Row = dict[str, Any]
Run = TypeVar("Run")
Key = TypeVar("Key")


class RowFile:
    """The rows in a file, which is written whole after each new one, so that a benchmark that was ended goes on.

    needs: fields without which something is no row. SpecError if the file has something else.
    """

    def __init__(self, path: Path, *needs: str) -> None:
        self._path = path
        try:
            rows = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
            complete = isinstance(rows, list) and all(row[name] for row in rows for name in needs)
        except (ValueError, KeyError, TypeError):
            complete = False
        if not complete:
            raise SpecError(f"--json: {path} is not a list of rows of this benchmark; move it away")
        self.rows: list[Row] = rows

    def has(self, key: Row) -> bool:
        """Whether a row has all of these fields with these values."""
        return any(key.items() <= row.items() for row in self.rows)

    def make(self, runs: Iterable[Run], work: Callable[[Run], Row], processes: int = 1) -> Iterator[Row]:
        """The rows of the runs as they are made and kept."""
        for row in _made(runs, work, processes):
            self.rows.append(row)
            write_whole(self._path, json.dumps(self.rows, indent=1) + "\n")
            yield row


def _made(runs: Iterable[Run], work: Callable[[Run], Row], processes: int) -> Iterator[Row]:
    if processes == 1:
        yield from map(work, runs)
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        for future in as_completed([pool.submit(work, run) for run in runs]):
            yield future.result()


def in_turn(pool: Executor, tasks: Mapping[Key, tuple[Task, tuple[Any, ...]]]) -> Iterator[tuple[Key, Future[Any]]]:
    """Each task by its key once it has ended, as many at a time as the pool is for. tasks: functions, arguments."""
    quota = Scheduler(pool).quota()
    keys = {quota.submit(task, *given, report=unheard): key for key, (task, given) in tasks.items()}
    for future in as_completed(keys):
        yield keys[future], future


def machine() -> str:
    """What a result is to say of the machine and the versions."""
    versions = f"Python {platform.python_version()}, numpy {np.__version__}"
    return f"{versions}, {platform.machine()}, {os.cpu_count()} cores"


def add_row_arguments(parser: argparse.ArgumentParser, *, seeds: int | None = None) -> None:
    """--seeds, --first and --json. seeds: how many by default; must be given if None."""
    parser.add_argument("--seeds", type=int, default=seeds, required=seeds is None, help="number of seeds")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--json", type=Path, required=True, metavar="OUT")


def add_processes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--processes", type=int, default=1, help="rows that are made at a time")


def parsed(parser: argparse.ArgumentParser, given: Sequence[str] | None, *positive: str) -> argparse.Namespace:
    """The arguments; those that are named, --seeds and --processes have to be at least 1."""
    arguments = parser.parse_args(given)
    for name in ("seeds", "processes", *positive):
        if getattr(arguments, name, 1) < 1:
            parser.error(f"--{name}: at least 1")
    return arguments


def seeds_of(arguments: argparse.Namespace) -> range:
    return range(arguments.first, arguments.first + arguments.seeds)


def say(text: object) -> None:
    """Beside the table: on standard error, at once."""
    print(text, file=sys.stderr, flush=True)
