"""Cores and memory as a container's limits have them, from files like those of real systems."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from nas.machine.cgroup import core_count, memory_bytes, quota_waits
from nas.machine.mounts import mount_of, mounts
from nas.service.settings import Settings

MIB = 1 << 20

VERSION_2 = "30 24 0:26 {shown} /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw,nsdelegate\n"
VERSION_1 = (
    "30 24 0:30 {shown} /sys/fs/cgroup/cpu,cpuacct ro,nosuid master:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "31 24 0:31 {shown} /sys/fs/cgroup/memory ro,nosuid master:9 - cgroup cgroup rw,memory\n"
)
NO_LIMIT = "9223372036854771712"


@pytest.fixture(autouse=True)
def sixteen_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))


def system(root, mountinfo, group, files):
    """A folder that looks like a system with 8 GiB of memory."""
    files = {
        "proc/meminfo": "MemTotal:        8388608 kB\nMemFree: 1 kB\n",
        "proc/self/mountinfo": f"24 1 0:5 / / rw - overlay overlay rw\n{mountinfo}",
        "proc/self/cgroup": group,
        **files,
    }
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def test_a_container_of_version_2_with_a_namespace_sees_its_limits_at_the_top(tmp_path):
    files = {"cpu.max": "250000 100000\n", "memory.max": "2147483648\n", "cpu.stat": "usage_usec 5\nnr_throttled 7\n"}
    at_top = {f"sys/fs/cgroup/{name}": text for name, text in files.items()}
    root = system(tmp_path, VERSION_2.format(shown="/"), "0::/\n", at_top)

    assert (core_count(root), memory_bytes(root), quota_waits(root)) == (2, 2048 * MIB, 7)


def test_the_lowest_limit_of_a_group_and_of_those_above_it_holds(tmp_path):
    files = {
        "sys/fs/cgroup/a/cpu.max": "400000 100000\n",
        "sys/fs/cgroup/a/memory.max": "max\n",
        "sys/fs/cgroup/a/cpu.stat": "nr_throttled 2\n",
        "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
        "sys/fs/cgroup/a/b/memory.max": f"{512 * MIB}\n",
        "sys/fs/cgroup/a/b/cpu.stat": "nr_periods 9\nnr_throttled 3\n",
    }
    root = system(tmp_path, VERSION_2.format(shown="/"), "0::/a/b\n", files)

    assert (core_count(root), memory_bytes(root), quota_waits(root)) == (4, 512 * MIB, 5)


@pytest.mark.parametrize(
    ("shown", "group", "folder"),
    [
        ("/docker/1f", "/docker/1f", ""),  # a container without a namespace of control groups
        ("/", "/", ""),
        ("/", "/user/job", "user/job/"),
        ("/../..", "/", ""),
        ("/kubepods/pod1", "/elsewhere", ""),
    ],
)
def test_limits_of_version_1(tmp_path, shown, group, folder):
    files = {
        f"sys/fs/cgroup/cpu,cpuacct/{folder}cpu.cfs_quota_us": "50000\n",
        f"sys/fs/cgroup/cpu,cpuacct/{folder}cpu.cfs_period_us": "100000\n",
        f"sys/fs/cgroup/cpu,cpuacct/{folder}cpu.stat": "nr_periods 4\nnr_throttled 1\nthrottled_time 9\n",
        f"sys/fs/cgroup/memory/{folder}memory.limit_in_bytes": f"{1024 * MIB}\n",
    }
    root = system(tmp_path, VERSION_1.format(shown=shown), f"4:memory:{group}\n3:cpu,cpuacct:{group}\n0::/\n", files)

    assert (core_count(root), memory_bytes(root), quota_waits(root)) == (1, 1024 * MIB, 1)


def test_without_limits_the_machine_counts(tmp_path):
    files = {
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{NO_LIMIT}\n",
    }
    root = system(tmp_path, VERSION_1.format(shown="/"), "4:memory:/\n3:cpu,cpuacct:/\n", files)

    assert (core_count(root), memory_bytes(root), quota_waits(root)) == (16, 8192 * MIB, None)
    assert (core_count(tmp_path / "absent"), memory_bytes(tmp_path / "absent")) == (16, None)


def test_the_last_of_the_deepest_mounts_holds_a_path(tmp_path):
    mounted = ("nfs4 server:/data rw", "ext4 /dev/sdb rw")
    root = system(tmp_path, "".join(f"31 24 0:40 / /home/my\\040data rw - {what}\n" for what in mounted), "", {})

    assert [mount.kind for mount in mounts(root)] == ["overlay", "nfs4", "ext4"]
    assert mount_of(Path("/home/my data/x"), root).kind == "ext4"
    assert mount_of(Path("/home/my"), root).kind == "overlay"
    assert mount_of(Path("/home"), tmp_path / "absent") is None


@pytest.mark.parametrize(
    ("memory_mib", "workers", "object_store_mib"),
    [(512, 1, 80), (2048, 1, 256), (4096, 4, 256), (24 * 1024, 16, 256), (None, 16, 256)],
)
def test_workers_and_object_store_are_sized_by_cores_and_memory(monkeypatch, memory_mib, workers, object_store_mib):
    for name in ("NAS_WORKERS", "NAS_THREADS", "NAS_RAY_OBJECT_STORE_BYTES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("nas.service.settings.core_count", lambda: 16)
    monkeypatch.setattr("nas.service.settings.memory_bytes", lambda: memory_mib and memory_mib * MIB)
    settings = Settings()

    assert (settings.workers, settings.threads) == (workers, 16 // workers)
    assert settings.ray_object_store_bytes == object_store_mib * MIB


def test_a_lower_limit_that_the_process_has_already_stays():
    program = (
        "import resource; from nas.machine.limits import limit_process; "
        "limit_process({resource.RLIMIT_CPU: 600, resource.RLIMIT_AS: 1 << 40}); "
        "print(resource.getrlimit(resource.RLIMIT_CPU)[0])"
    )
    limit = f"ulimit -t 300; exec {shlex.quote(sys.executable)} -c {shlex.quote(program)}"
    done = subprocess.run(["/bin/sh", "-c", limit], check=True, capture_output=True)

    assert done.stdout == b"300\n"
