"""Real control groups, as a container has them: a CPU quota and a limit of memory."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from nas.machine import cgroup

INSIDE = """
import json, os, subprocess, sys, time
from pathlib import Path
from api.processes.doctor import cores
from api.uploading.unpack import _memory_limit
from latency_db.measuring.environment import environment
from nas.machine.cgroup import core_count, memory_bytes
from nas.service.settings import read_settings
for folder in sys.argv[1:]:
    Path(folder, "cgroup.procs").write_text(str(os.getpid()))
before = environment()["quota_waits"]
while time.process_time() < 1 and environment()["quota_waits"] == before:
    pass
settings = read_settings()
print(json.dumps({
    "cores": core_count(), "memory": memory_bytes(), "workers": settings.workers, "threads": settings.threads,
    "object store": settings.ray_object_store_bytes, "unpacking": _memory_limit(), "doctor": cores(settings).state,
    "waited": environment()["quota_waits"] - before,
}))
"""


@contextmanager
def group(controller, limits):
    """A group below this process' own with these limits, in the version that the machine has; gone afterwards."""
    own = next(cgroup._folders(controller, Path("/")), None)
    folder = own and own / f"nas-test-{os.getpid()}"
    try:
        folder.mkdir()
        version = 2 if (folder / "cgroup.controllers").exists() else 1
        for name, text in limits[version].items():
            (folder / name).write_text(text)
    except (OSError, AttributeError) as error:
        pytest.skip(f"control groups cannot be made ({error}): run as root, with control groups that may be written")
    try:
        yield folder
    finally:
        folder.rmdir()


def test_a_container_with_a_part_of_a_core_and_a_gibibyte():
    # So small a part that the quota is used up also where other processes keep all cores busy.
    quota = {1: {"cpu.cfs_period_us": "50000", "cpu.cfs_quota_us": "2000"}, 2: {"cpu.max": "2000 50000"}}
    memory = {1: {"memory.limit_in_bytes": str(1 << 30)}, 2: {"memory.max": str(1 << 30)}}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NAS_")}
    with ExitStack() as stack:
        folders = [stack.enter_context(group("cpu", quota)), stack.enter_context(group("memory", memory))]
        done = subprocess.run(
            [sys.executable, "-c", INSIDE, *folders], env=environment, check=True, text=True, stdout=subprocess.PIPE
        )
    seen = json.loads(done.stdout)

    assert seen.pop("waited") >= 1
    assert seen == {
        "cores": 1,
        "memory": 1 << 30,
        "workers": 1,
        "threads": 1,
        "object store": (1 << 30) // 8,
        "unpacking": 512 << 20,
        "doctor": "ok",
    }
