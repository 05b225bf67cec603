"""The entry of `nas`: programs that run without click, or the command line."""

import sys
from importlib.metadata import entry_points
from importlib.util import find_spec


def main() -> None:
    """Run what the first argument names. Exit codes: those of the program, or of nas.command_line.groups."""
    for program in entry_points(group="nas.programs", name=sys.argv[1] if sys.argv[1:] else ""):
        sys.exit(program.load()(sys.argv[2:]))
    if find_spec("click") is None:
        programs = ", ".join(f"`nas {name}`" for name in sorted(entry_points(group="nas.programs").names))
        sys.exit(f"nas: only {programs} runs with what is installed; for all else install nas, not nas-agent")
    from nas.command_line.groups import main as command_line  # noqa: PLC0415 - needs click

    command_line()
