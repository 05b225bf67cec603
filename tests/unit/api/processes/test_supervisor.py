"""The supervisor's children, as real processes: they die when they like, and the supervisor goes on."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from api.processes.supervisor import Child, Supervisor
from nas.service.parent import DEAD_TOKENS, PROCESS_TOKEN

SLEEPS = (sys.executable, "-c", "import time; time.sleep(60)")
DIES = (sys.executable, "-c", "raise SystemExit(3)")


@pytest.fixture
def child():
    """Starts a child of this command; it is killed at the end."""
    made = []

    def start(command, said=None):
        made.append(Child("one", command, os.environ, ([] if said is None else said).append))
        made[-1].check()
        return made[-1]

    yield start
    for one in made:
        one.kill()
        one.wait(lambda: False)


def await_death(child):
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)


def test_a_child_that_has_just_died_is_terminated_like_one_that_lives(child):
    dead, alive = child(DIES), child(SLEEPS)
    pid = alive.pid
    await_death(dead)
    for one in (dead, alive):
        one.terminate()
    assert all(one.wait(lambda: False) for one in (dead, alive))
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_sigterm_ends_the_other_children_where_one_has_just_died(monkeypatch):
    """A signal may come at any moment after a death: here, at the tick after it."""
    monkeypatch.setattr("api.processes.supervisor.API", DIES)
    monkeypatch.setattr("api.processes.supervisor.DISPATCHER", SLEEPS)
    supervisor = Supervisor(("127.0.0.1", 1), {}, worker=True)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    pids = {}

    def answers():
        pids.update(supervisor.pids)
        os.waitid(os.P_PID, pids["api"], os.WEXITED | os.WNOWAIT)
        signal.raise_signal(signal.SIGTERM)
        return False

    monkeypatch.setattr(supervisor, "_answers", answers)
    try:
        supervisor.run(lambda: None)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert supervisor.pids == {"supervisor": os.getpid(), "api": None, "worker": None}
    with pytest.raises(ProcessLookupError):
        os.kill(pids["worker"], 0)


def test_a_child_learns_which_ones_before_it_have_died(child, tmp_path, monkeypatch):
    """So a dispatcher need not wait for the end of a dead one's leases."""
    monkeypatch.setattr("api.processes.supervisor.FIRST_WAIT_S", 0.0)
    monkeypatch.setattr("api.processes.supervisor.MAX_WAIT_S", 0.0)
    told = tmp_path / "told"
    code = (
        f"import os; print(os.environ[{PROCESS_TOKEN!r}], os.environ[{DEAD_TOKENS!r}], file=open({str(told)!r}, 'a'))"
    )
    one = child((sys.executable, "-c", code))
    for _ in range(2):
        await_death(one)
        one.check()  # finds it dead
        one.check()  # starts it again
    await_death(one)
    (first, nothing), (second, before), (_, both) = (line.split(" ") for line in told.read_text().splitlines())
    assert (nothing, before, both) == ("", first, f"{first},{second}")


def test_a_child_that_cannot_be_started_is_tried_again(child):
    said = []
    started = child(("/nowhere/at all",), said)
    assert started.pid is None
    assert said == ["one cannot be started (No such file or directory); starting it again in 0.5 s"]
    started.terminate()
    assert started.wait(lambda: True)


def test_a_reader_of_stderr_that_is_gone_does_not_end_it(tmp_path):
    script = "from api.processes.supervisor import Supervisor as S; S(('', 1), {}, worker=False)._say('x'); print('on')"
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=writing, text=True, cwd=tmp_path, check=False)
    os.close(writing)
    assert done.stdout == "on\n"


def test_a_second_signal_ends_the_wait(child):
    stubborn = (sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); print(); time.sleep(60)")
    one = child(stubborn)
    asked = threading.Event()
    asked.set()
    assert not one.wait(asked.is_set)
