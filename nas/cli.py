"""The `nas` command: sub-commands are entry points, each loaded when it is called, so every package brings its own."""

import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import click

FAILED = 1
USAGE_ERROR = 2
INTERRUPTED = 130


class EntryPointGroup(click.Group):
    """A group whose commands are the entry points of one group. Only the command that is called imports its library."""

    def __init__(self, name: str, *, entry_point_group: str, **options: Any) -> None:
        super().__init__(name, **options)
        self._found: dict[str, EntryPoint] = {e.name: e for e in entry_points(group=entry_point_group)}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(self._found)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        found = self._found.get(cmd_name)
        if found is None:
            return None
        command: click.Command = found.load()
        return command


cli = EntryPointGroup(
    "nas",
    entry_point_group="nas.commands",
    help="Search for the most accurate network that is fast enough on your device.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
cli = click.version_option(package_name="nas")(cli)


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 failed, 2 wrong use or input, 130 interrupted."""
    from nas.errors import NasError  # noqa: PLC0415 - keeps the start-up to click alone

    try:
        sys.exit(cli.main(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.exit(INTERRUPTED)
    except NasError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(USAGE_ERROR)
    except OSError as error:
        if not isinstance(error.filename, str):
            raise
        click.echo(f"Error: {error.filename}: {error.strerror}. What was finished is kept; run it again.", err=True)
        sys.exit(FAILED)
