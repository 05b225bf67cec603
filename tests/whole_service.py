"""The commands of the project as processes, and a search that takes seconds."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from processes import PATIENCE_S

NAS = Path(sys.executable).with_name("nas")

SPEC = {
    "dataset": "fashion_mnist_mini",
    "space": {
        "name": "tiny",
        "resolution": 28,
        "channels": 1,
        "classes": 10,
        "stem": {"width": 8, "kernel": 3, "stride": 2},
        "stages": [
            {
                "blocks": [{"conv": {"kernel": 3}}, {"separable": {"kernel": 3}}],
                "layers": 1,
                "width": [8, 16],
                "stride": 2,
            },
            {"blocks": [{"fire": {"squeeze": 0.25}}], "layers": [1, 2], "width": 32, "stride": 2},
        ],
        "head": 0,
    },
    "objective": {"name": "mnasnet", "target_latency_ms": 0.02, "alpha": 0.0, "beta": -1.0},
    "searcher": "random",
    "evaluator": {"name": "train", "epochs": 1, "train_images": 1500},
    "max_trials": 6,
    "parallel": 2,
    "finalists": {"count": 1, "epochs": 1},
    "references": [{"name": "lenet_300_100"}],
}


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextlib.contextmanager
def process(*command, environment, log=None):
    """A command of the project, ended as a user ends it. log: a file for what it says."""
    with contextlib.nullcontext() if log is None else log.open("w") as to:
        running = subprocess.Popen([NAS, *command], env=environment, stdout=to, stderr=to)
    try:
        yield running
    finally:
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(PATIENCE_S)
        finally:
            running.kill()
            running.wait()


def environment(home, latency_db, **more):
    """Of a service whose workers have one thread: several would wait for each other, on a busy machine for long."""
    return {**os.environ, "NAS_HOME": str(home), "NAS_LATENCY_DB": str(latency_db), "NAS_THREADS": "1", **more}
