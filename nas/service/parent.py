"""The service's processes end with the process that started them."""

import os
import threading
import time
from collections.abc import Callable

SUPERVISOR = "NAS_PARENT_PID"
"""The environment variable in which the supervisor gives its process id to its children."""
POLL_S = 0.5


def supervisor_pid() -> int | None:
    """The process id of the supervisor that started this process; None if there is none."""
    value = os.environ.get(SUPERVISOR)
    return int(value) if value else None


def when_parent_ends(parent: int, act: Callable[[], object]) -> None:
    """Call act in a thread once the parent of this process is not the process of this id any more."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(POLL_S)
        act()

    threading.Thread(target=watch, name="parent watch", daemon=True).start()
