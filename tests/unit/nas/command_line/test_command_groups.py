"""The exit codes of the command line for what ends a command."""

import signal
import subprocess
import sys

import click
import pytest

from nas.command_line.groups import cli, main
from nas.errors import InfeasibleError


def interrupted_while_cleaning_up() -> None:
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        raise RuntimeError("dictionary changed size during iteration")


def interrupted_and_explained() -> None:
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        raise ValueError("the record is half written") from OSError("cut off")


def infeasible() -> None:
    raise InfeasibleError("nothing is fast enough")


def wrong_use() -> None:
    raise click.UsageError("no such option")


def disk_full() -> None:
    raise OSError(28, "No space left on device", "journal.jsonl")


def exit_code(monkeypatch, callback) -> int:
    monkeypatch.setattr(cli, "get_command", lambda _context, name: click.Command(name, callback=callback))
    monkeypatch.setattr("sys.argv", ["nas", "anything"])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


@pytest.mark.parametrize("callback", [interrupted_while_cleaning_up, interrupted_and_explained])
def test_an_interrupt_is_reported_even_if_cleaning_up_fails(monkeypatch, capsys, callback):
    assert exit_code(monkeypatch, callback) == 130
    assert capsys.readouterr().err.strip() == "Interrupted."


@pytest.mark.parametrize(
    ("callback", "code", "message"),
    [
        (lambda: None, 0, ""),
        (disk_full, 1, "journal.jsonl: No space left on device"),
        (infeasible, 2, "nothing is fast enough"),
        (wrong_use, 2, "no such option"),
    ],
)
def test_the_exit_code_says_what_ended_the_command(monkeypatch, capsys, callback, code, message):
    assert exit_code(monkeypatch, callback) == code
    assert message in capsys.readouterr().err


def test_an_error_of_the_program_is_raised(monkeypatch):
    with pytest.raises(ZeroDivisionError):
        exit_code(monkeypatch, lambda: 1 // 0)


def commands(command: click.Command, *path: str):
    if not isinstance(command, click.Group):
        yield " ".join(path), command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        yield from commands(command.get_command(context, name), *path, name)


def test_every_command_that_ends_by_itself_prints_json_when_asked():
    without = [path for path, command in commands(cli) if "--json" not in {o for p in command.params for o in p.opts}]

    assert without == ["agent", "worker"]


@pytest.mark.parametrize("group", [[], ["latency"], ["space"]])
def test_help_of_a_group_imports_none_of_its_commands(group):
    """Their modules import their libraries at the top, and the help is wanted at once."""
    heavy = ("torch", "numpy", "sqlalchemy", "ray", "onnxruntime", "fastapi")
    asked = [
        "import sys",
        "from nas.command_line.groups import cli",
        f"cli.main({[*group, '--help']}, standalone_mode=False)",
        f"sys.exit(', '.join(module for module in {heavy} if module in sys.modules) or 0)",
    ]

    done = subprocess.run([sys.executable, "-c", "\n".join(asked)], check=False, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")


def test_help_of_a_group_describes_each_command_as_its_own_help_does():
    context = click.Context(cli)
    listed = click.HelpFormatter(width=1000)
    cli.format_commands(context, listed)

    for name in cli.list_commands(context):
        assert cli.get_command(context, name).get_short_help_str(900) in listed.getvalue()
