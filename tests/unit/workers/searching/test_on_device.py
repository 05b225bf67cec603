"""Compressions for a latency: what tasks ask for is measured between them, and a failure is of its network alone."""

from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from nas.compression.device_latencies import MemberLatencies
from nas.errors import NotMeasuredError, UnknownNameError
from nas.ops.notation import read_network, write_network
from nas.ops.onnx_graph import RandomWeights, onnx_model
from nas.spec import parse_spec
from workers.folder_run.run import run
from workers.searching.finalists import on_device
from workers.searching.finalists.on_device import carried_out
from workers.tasks.compress import CompressedFiles
from workers.tasks.told_latencies import ToldLatencies, Untold, UntoldError

NAME = "local-onnxruntime_cpu-int8-1t"
NETWORK = read_network("1x8x8: conv_4_k3 gap linear_2")


def file(seed, network=NETWORK):
    return onnx_model(network, RandomWeights(seed)).SerializeToString()


@dataclass
class Target:
    """A device that is made up. asked: what is measured on it."""

    file_ms: float = 0.5
    name: str = NAME
    asked: list = field(default_factory=list)
    measurer = SimpleNamespace(is_local=True)

    def members(self, network):
        if network.input.channels == 3:
            raise NotMeasuredError("there is no agent")
        self.asked.append(write_network(network))
        count = len(network.op.ops)
        return MemberLatencies("int8", 0.1, [0.2] * count, [0.1] * count, [0.0] * (count - 1))

    def latency_ms(self, _):
        self.asked.append("file")
        return self.file_ms


class Quota:
    """Counts how often its workers are held back."""

    def __init__(self):
        self.quieted = 0

    @contextmanager
    def quiet(self):
        self.quieted += 1
        yield


@pytest.fixture
def target(monkeypatch):
    target = Target()
    monkeypatch.setattr(on_device, "_target", lambda _: target)
    return target


def submitted(task):
    """As an executor would run it at once."""

    def submit(told):
        done = Future()
        try:
            done.set_result(task(told))
        except UntoldError as error:
            done.set_result(Untold(error.subject))
        return done

    return submit


def test_tasks_are_told_what_they_ask_for_until_they_end(target, monkeypatch):
    monkeypatch.setattr(on_device, "unpacked", lambda made: made)
    begun, quota = [], Quota()

    def task(network, seed):
        def compress(told):
            begun.append(network)
            if told.members(network).recipe == "int8":
                told.latency_ms(file(seed + len(begun)))  # of other weights each time, as where a training is lost
            return CompressedFiles(b"naz", b"onnx", {"size_bytes": 3})

        return submitted(compress)

    elsewhere = read_network("3x8x8: conv_4_k3 gap linear_2")
    tasks = {"a": task(NETWORK, 0), "b": task(elsewhere, 0), "c": task(NETWORK, 100)}
    ended = dict(carried_out(tasks, {"latency_device": NAME}, quota))

    assert str(ended.pop("b")) == "there is no agent"
    report = {"size_bytes": 3, "on_device": {"device": NAME, "latency_ms": 0.5}}
    assert ended == dict.fromkeys("ac", CompressedFiles(b"naz", b"onnx", report))
    assert begun.count(NETWORK) == 6, "two that ask for members, for a file, and end"
    assert quota.quieted == len(target.asked) + 1


def test_a_task_that_is_told_nothing_of_a_network_asks_for_it():
    told = ToldLatencies(NAME)
    with pytest.raises(UntoldError) as asked:
        told.members(NETWORK)
    assert asked.value.subject == write_network(NETWORK)
    told = told.told(Untold(file(0)), Target(file_ms=0.7))

    assert told.latency_ms(file(1)) == 0.7, "weights make no difference"
    with pytest.raises(UntoldError):
        told.latency_ms(file(0, read_network("1x8x8: conv_5_k3 gap linear_2")))


def test_a_failed_task_and_one_without_a_device_are_as_they_are():
    done, failed = Future(), Future()
    done.set_result(CompressedFiles(b"naz", b"onnx", {}))
    failed.set_exception(NotMeasuredError("as the test says"))

    ended = dict(carried_out({"a": lambda _: done, "b": lambda _: failed}, {"preset": "int8"}, Quota()))

    assert ended == {"a": done.result(), "b": failed.exception()}


@pytest.fixture
def searched(spec):
    """A search whose finalist is compressed for a latency."""

    def data(device):
        plan = {"stages": [{"name": "int8", "fine_tuning": False}]}
        compression = {"plan": plan, "max_latency_ms": 2.0, "latency_device": device}
        finalists = {"count": 1, "epochs": 1, "compression": compression}
        return {**spec, "evaluator": {"name": "train", "epochs": 1}, "max_trials": 1, "finalists": finalists}

    return data


class Silent:
    def __getattr__(self, _):
        return lambda *_: None


def test_a_finalist_keeps_a_latency_and_says_what_it_takes(tmp_path, searched, target):
    result = run(parse_spec(searched(NAME)), tmp_path, Silent(), executor_name="inline")
    (finalist,) = result["finalists"]

    assert finalist["file"].endswith(f"-in-2-ms-on-{NAME}.onnx")
    assert f"On {NAME} 0.5 ms measured end to end" in finalist["note"]
    assert target.asked[1:] == ["file", "file"], "one that was tried, and the finalist's"


def test_a_search_for_a_latency_on_a_device_that_is_not_there_trains_nothing(tmp_path, searched):
    with pytest.raises(UnknownNameError, match="no device named 'toaster'"):
        run(parse_spec(searched("toaster")), tmp_path, Silent(), executor_name="inline")
    assert not (tmp_path / "trials.jsonl").exists() or not (tmp_path / "trials.jsonl").read_text()
