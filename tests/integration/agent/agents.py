"""Agents as processes: what tests of them share."""

import sys
import time
from pathlib import Path

from processes import PATIENCE_S

NAS = Path(sys.executable).with_name("nas")


def until(answer):
    """What answer gives once it gives something."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := answer()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def requests(service):
    return service.get("/v1/devices/pi-cpu-1t/requests").json().get("counts")
