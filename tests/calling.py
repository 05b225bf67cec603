"""The command line as a terminal calls it, in this process: to start another one takes a second."""

import contextlib
import io
import sys
from unittest.mock import patch

import pytest

from nas.command_line.groups import main


def nas(*arguments):
    """The exit code, what was printed, and the complaints. What would be a traceback is raised."""
    out, complaints = io.StringIO(), io.StringIO()
    with (
        patch.object(sys, "argv", ["nas", *map(str, arguments)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(complaints),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    return ended.value.code or 0, out.getvalue(), complaints.getvalue()
