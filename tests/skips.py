"""What was skipped and how to have it, at the end of a test run; `--fail-on-skip` makes that a failure."""

import re
from collections import Counter

import pytest

ALLOWED = re.compile(r"\b(GPU|CUDA)\b|`docker compose`", re.IGNORECASE)
"""Reasons that --fail-on-skip lets pass: what a machine for continuous integration cannot install."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fail-on-skip", action="store_true", help="fail if a test is skipped, but for a GPU or `docker compose`"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """With --fail-on-skip, success becomes failure. Of pytest-xdist, the main process reports, not the workers."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus == pytest.ExitCode.OK and reporter is not None and _forbidden(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each reason: how many tests, what they need, and how to have it."""
    reasons, forbidden = _reasons(terminalreporter), _forbidden(terminalreporter)
    if reasons:
        terminalreporter.section("skipped")
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count:4}  {reason}", red=reason in forbidden)
    if forbidden:
        terminalreporter.write_line("These skips fail the run: --fail-on-skip allows a GPU and `docker compose` alone.")


def _reasons(reporter: pytest.TerminalReporter) -> Counter[str]:
    """How many tests each reason has skipped."""
    return Counter(report.longrepr[2].removeprefix("Skipped: ") for report in reporter.stats.get("skipped", []))


def _forbidden(reporter: pytest.TerminalReporter) -> list[str]:
    """Reasons that fail the run."""
    strict = reporter.config.getoption("fail_on_skip")
    return [reason for reason in _reasons(reporter) if strict and not ALLOWED.search(reason)]
