"""What the supervisor tells the service's processes: its own id, with which they end, and which of them have died."""

import os
import threading
import time
from collections.abc import Callable

SUPERVISOR = "NAS_PARENT_PID"
"""The environment variable in which the supervisor gives its process id to its children."""
PROCESS_TOKEN = "NAS_PROCESS_TOKEN"  # noqa: S105 - a name
"""The environment variable with a token that no other process has; it stays when the process replaces itself."""

DEAD_TOKENS = "NAS_DEAD_TOKENS"
"""The environment variable with the tokens of the processes in whose place this one was started."""

POLL_S = 0.5


def supervisor_pid() -> int | None:
    """The process id of the supervisor that started this process; None if there is none."""
    value = os.environ.get(SUPERVISOR)
    return int(value) if value else None


def process_token() -> str:
    """The token that the supervisor gave this process; empty if it has none."""
    return os.environ.get(PROCESS_TOKEN, "")


def dead_tokens() -> list[str]:
    """The tokens of processes that have died, the supervisor's last ones, and of what this one was before."""
    return [token for token in (*os.environ.get(DEAD_TOKENS, "").split(","), process_token()) if token]


def when_parent_ends(parent: int, act: Callable[[], object]) -> None:
    """Call act in a thread once the parent of this process is not the process of this id any more."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(POLL_S)
        act()

    threading.Thread(target=watch, name="parent watch", daemon=True).start()
