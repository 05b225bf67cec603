"""The `nas` command: sub-commands are entry points, each loaded when it is called, so every package brings its own."""

import ast
import sys
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from nas.errors import NasError
from nas.machine.folders import find_temporary_folder

FAILED = 1
USAGE_ERROR = 2
INTERRUPTED = 130
COMMANDS, PROGRAMS = "nas.commands", "nas.programs"
"""Programs are run by nas.command_line.entry, before click; here they are only listed."""


class EntryPointGroup(click.Group):
    """A group whose commands are the entry points of one group, beside its own. Only what is called is imported."""

    def __init__(self, name: str, *, entry_point_group: str, **options: Any) -> None:
        super().__init__(name, **options)
        self._found: dict[str, EntryPoint] = {e.name: e for e in entry_points(group=entry_point_group)}
        if entry_point_group == COMMANDS:
            self._found |= {e.name: e for e in entry_points(group=PROGRAMS)}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted({*self.commands, *self._found})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        found = self._found.get(cmd_name)
        if found is None:
            return self.commands.get(cmd_name)
        return _program(found) if found.group == PROGRAMS else _loaded(found)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        listed = {**self.commands, **{name: _listed(found) for name, found in self._found.items()}}
        click.Group(commands=listed).format_commands(ctx, formatter)


def _program(found: EntryPoint) -> click.Command:
    return click.Command(found.name, short_help="Runs without click; see its --help.")


def _loaded(found: EntryPoint) -> click.Command:
    command: click.Command = found.load()
    return command


def _listed(found: EntryPoint) -> click.Command:
    """The command with nothing but its help: the docstring in its source if it is a function there, or else loaded."""
    if found.group == PROGRAMS:
        return _program(found)
    spec = find_spec(found.module)
    file = Path(spec.origin) if spec and spec.has_location and spec.origin else None
    for node in ast.parse(file.read_bytes()).body if file and file.suffix == ".py" else ():
        if isinstance(node, ast.FunctionDef) and node.name == found.attr:
            return click.Command(found.name, help=ast.get_docstring(node))
    return _loaded(found)


cli = EntryPointGroup(
    "nas",
    entry_point_group=COMMANDS,
    help="Search for the most accurate network that is fast enough on your device.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
cli = click.version_option(package_name="nas")(cli)


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 failed, 2 wrong use or input, 130 interrupted."""
    find_temporary_folder()
    try:
        code = cli.main(standalone_mode=False) or 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - what it cannot explain is raised again
        code = _report(error)
    sys.exit(code)


def _report(error: BaseException) -> int:
    """Print on standard error what ended the command; returns its exit code. A program error is raised again."""
    if was_interrupted(error):
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if isinstance(error, NasError):
        click.echo(f"Error: {error}", err=True)
        return USAGE_ERROR
    if isinstance(error, OSError) and isinstance(error.filename, str):
        click.echo(f"Error: {error.filename}: {error.strerror}. What was finished is kept; run it again.", err=True)
        return FAILED
    raise error


def was_interrupted(error: BaseException) -> bool:
    """Whether Ctrl-C ended it, also if the cleaning up then failed with another error that hides the interrupt."""
    links = (link for link in (error.__cause__, error.__context__) if link is not None)
    return isinstance(error, click.Abort | KeyboardInterrupt) or any(map(was_interrupted, links))
