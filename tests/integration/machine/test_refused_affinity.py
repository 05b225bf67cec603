"""A system that refuses to bind threads to cores, as some sandboxes do: a real filter of the kernel (seccomp(2))."""

import json
import platform
import subprocess
import sys

import pytest

SET, GET = {"x86_64": (203, 204), "aarch64": (122, 123)}.get(platform.machine(), (None, None))

MEASURE = """
import ctypes, errno, json, sys

class Filter(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)]

class Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.POINTER(Filter))]

refused = [int(number) for number in sys.argv[1:]]
load = [(0x20, 0, 0, 0)]  # the number of the system call
tests = [(0x15, len(refused) - at, 0, number) for at, number in enumerate(refused)]
ends = [(0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x00050000 | errno.EPERM)]  # allow, refuse
lines = (Filter * (len(refused) + 3))(*load, *tests, *ends)
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
if libc.prctl(22, 2, ctypes.byref(Program(len(lines), lines)), 0, 0):  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
    sys.exit(77)

from latency_db.devices.local import local_device
from latency_db.measuring.measure import Effort, measure
from latency_db.records.record import Kind, Signature
from latency_db.records.reference_models import EMPTY_KERNEL, fixed_models
from nas.machine.cgroup import allowed_cores
from nas.service.settings import read_settings

models = {Signature("a copy", Kind.KERNEL): fixed_models()[EMPTY_KERNEL]}
records = measure(models, local_device("local-cpu-1t"), Effort(rounds=2, min_time_s=0, min_runs=1, warmup_s=0))
print(json.dumps([records[0].session.environment["cores"], len(records), len(allowed_cores())]))
read_settings()
"""


@pytest.mark.skipif(SET is None, reason="needs x86_64 or aarch64: other machines have other numbers of system calls")
def test_latencies_are_measured_on_any_core_and_that_is_told():
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(SET), str(GET)], check=False, capture_output=True, text=True
    )
    if done.returncode == 77:
        pytest.skip("needs a kernel with seccomp filters: CONFIG_SECCOMP_FILTER")

    assert done.returncode == 0, done.stderr
    cores, measured, allowed = json.loads(done.stdout)
    assert (cores, measured > 0, allowed >= 1) == ([], True, True)
    assert "threads cannot be bound to cores (Operation not permitted)" in done.stderr
