"""Measuring in a process of its own, with models that end it."""

import pickle
import signal
import subprocess
import sys

import pytest

from latency_db.devices.local import local_device
from latency_db.errors import MeasurementError
from latency_db.measuring import apart
from latency_db.measuring.apart import measure_apart
from latency_db.measuring.measure import Effort
from latency_db.records.record import Kind, Signature
from latency_db.records.reference_models import EMPTY_NETWORK
from latency_db.records.signatures import network_model, network_signature
from nas.ops.limits import FLOAT_BYTES, MAX_PARAMS, MEASURING_BYTES
from nas.ops.notation import read_network

FAST = Effort(rounds=2, min_time_s=0.001, min_runs=3, warmup_s=0.001)
DEVICE = local_device("local-cpu-1t")
NETWORK = network_signature(read_network("3x16x16: conv_16_k3_s2 gap linear_10"))
ENDS = Signature("it ends the process", Kind.NETWORK)
PLAYED = """
import os, pickle, signal, sys
from latency_db.measuring import apart

real = apart.measure
how = int(sys.argv[1])

def measure(built, *more, **given):
    os.write(1, b"a line of a runtime")
    if any(model == b"the end" for model in built.values()):
        if how < 0:
            os._exit(-how)
        os.kill(os.getpid(), how) if how else bytearray(2 * apart.MEASURING_BYTES)
    return real(built, *more, **given)

apart.measure = measure
apart.main()
"""


@pytest.fixture
def played(monkeypatch):
    """A process that a model ends by this signal, for 0 by its need of memory, for -n with exit code n."""

    def play(how):
        real = subprocess.Popen

        def start(_, **given):
            return real([sys.executable, "-c", PLAYED, str(how)], **given)

        monkeypatch.setattr(apart.subprocess, "Popen", start)

    return play


def measured(models):
    refused = {}
    records = measure_apart(models, DEVICE, FAST, seed=0, known_ms=None, on_refused=refused.__setitem__)
    return {record.signature for record in records}, refused


def test_networks_and_files_are_measured_and_broken_ones_refused():
    file = Signature("a file", Kind.NETWORK)
    models = {NETWORK: None, file: network_model(read_network(NETWORK.key)), ENDS: b"no model"}

    found, refused = measured(models)

    assert {NETWORK, file, EMPTY_NETWORK} <= found
    assert list(refused) == [ENDS]
    assert "cannot run the model" in refused[ENDS]


@pytest.mark.parametrize(
    ("how", "reason"),
    [(0, "needed more than 3.9 GiB of memory"), (signal.SIGABRT, "was ended by SIGABRT")],
    ids=["memory", "crash"],
)
def test_a_model_that_ends_the_process_is_refused_and_the_others_are_measured(played, how, reason):
    played(how)

    found, refused = measured({ENDS: b"the end", NETWORK: None})

    assert NETWORK in found
    assert refused == {ENDS: f"the process that measured it {reason}"}


def test_a_process_that_the_system_kills_is_an_error_with_the_remedy(played):
    played(signal.SIGKILL)

    with pytest.raises(MeasurementError, match=r"the system has killed .* 'it ends the process': free memory"):
        measured({ENDS: b"the end"})


def test_models_are_measured_together_as_far_as_their_weights_fit():
    half = read_network("65536x1x1: linear_1600")
    models = {network_signature(half): None, ENDS: bytes(1000), Signature("more", Kind.NETWORK): bytes(2**28)}
    parts = [set(part) for part in apart._fitting({**models, NETWORK: None})]
    assert [len(part) for part in parts] == [2, 2]
    assert FLOAT_BYTES * MAX_PARAMS < MEASURING_BYTES < 4 << 30


def test_the_process_ends_with_its_parent():
    job = apart._Job({NETWORK: None}, DEVICE, Effort(1, 3600.0, 1, 0.0), 0, None)
    command = [sys.executable, "-m", "latency_db.measuring.apart"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(pickle.dumps(job))
        process.stdin.close()
        assert process.stdout.read() == b""
    assert process.returncode == 1


def test_a_process_that_fails_by_itself_refuses_no_model(played):
    """A runtime that cannot be imported there, say, is no fault of the models."""
    played(-1)

    with pytest.raises(MeasurementError, match="exit code 1: see its output"):
        measured({ENDS: b"the end"})
