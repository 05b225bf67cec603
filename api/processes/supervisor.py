"""The parent of the service's processes: it starts the API and a dispatcher, and restarts what dies.

It imports neither, so that it is small and their faults cannot end it. Children end when it does: they get its process
id, and check whether it still lives.
"""

import errno
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import Any

import click

from nas.service.parent import DEAD_TOKENS, PROCESS_TOKEN, SUPERVISOR

API = (sys.executable, "-P", "-m", "api")
DISPATCHER = (sys.executable, "-P", "-c", "from nas.command_line.groups import main; main()", "worker")

FIRST_WAIT_S = 0.5
MAX_WAIT_S = 15.0
STEADY_S = 60.0
"""A child that has lived so long is started again at once."""

KEPT_TOKENS = 8
"""A process that died at its start may not have used what it was told of those before it."""

DRAIN_S = 30.0
POLL_S = 0.2
ANSWER_S = 2.0
READY = 200
ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - how they are reached from here


class Child:
    """A process in a group of its own. say is called with a message when it ends."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], say: Callable[[str], None]
    ) -> None:
        self.name = name
        self._command = command
        self._environment = environment
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._wait_s = FIRST_WAIT_S
        self._born = self._due = 0.0
        self._tokens: list[str] = []

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def check(self) -> None:
        """Start the process if it is due; if it has ended, say so and set when it is due again."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._due:
                self._start(now)
        elif self._over():
            if now - self._born >= STEADY_S:
                self._wait_s = FIRST_WAIT_S
            self._again(_exit_text(self.reap()), now)

    def terminate(self) -> None:
        if self._process is not None:
            # Not Popen.terminate, which reaps a child that has just died: wait() must still find it.
            os.kill(self._process.pid, signal.SIGTERM)

    def kill(self) -> None:
        """Kill the process and all that it started."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def wait(self, until: Callable[[], bool]) -> bool:
        """Whether it has ended before the time is over."""
        while self._process is not None and not self._over():
            if until():
                return False
            time.sleep(POLL_S / 4)
        self.reap()
        return True

    def reap(self) -> int:
        """Its exit code, once it has ended; processes that it left behind are killed."""
        if self._process is None:
            return 0
        self.kill()
        code, self._process = self._process.wait(), None
        return code

    def _start(self, now: float) -> None:
        self._born = now
        try:
            # Its output goes to stderr: stdout is for the command's own answer. In its own group, it gets no Ctrl-C.
            self._process = subprocess.Popen(  # noqa: S603 - our own commands
                self._command, env=self._with_tokens(), stdin=subprocess.DEVNULL, stdout=2, process_group=0
            )
        except OSError as error:
            self._again(f"cannot be started ({error.strerror})", now)

    def _with_tokens(self) -> dict[str, str]:
        """The environment of the next process: it learns which ones have died, all that they started included."""
        dead = ",".join(self._tokens)
        self._tokens = [*self._tokens, secrets.token_hex(6)][-KEPT_TOKENS:]
        return {**self._environment, PROCESS_TOKEN: self._tokens[-1], DEAD_TOKENS: dead}

    def _again(self, how: str, now: float) -> None:
        """Start it again later; how: what has become of it."""
        self._due = now + self._wait_s
        self._say(f"{self.name} {how}; starting it again in {self._wait_s:g} s")
        self._wait_s = min(2 * self._wait_s, MAX_WAIT_S)

    def _over(self) -> bool:
        """Whether it has ended. It is not reaped, so that its process id, and its group's, stay its own."""
        assert self._process is not None  # noqa: S101 - for the type checker
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


class Supervisor:
    """Keeps children alive until a signal. environment is what they get beside this process's own."""

    def __init__(self, address: tuple[str, int], environment: Mapping[str, str], *, worker: bool) -> None:
        self._host, self._port = ANY_HOST.get(address[0], address[0]), address[1]
        given = {**os.environ, **environment, SUPERVISOR: str(os.getpid())}
        commands = {"api": API} | ({"worker": DISPATCHER} if worker else {})
        self._children = [Child(name, command, given, self._say) for name, command in commands.items()]
        self._signals = 0
        self._stop = threading.Event()

    @property
    def pids(self) -> dict[str, int | None]:
        return {"supervisor": os.getpid()} | {child.name: child.pid for child in self._children}

    def run(self, ready: Callable[[], None]) -> None:
        """Run until SIGTERM or SIGINT; then children have DRAIN_S to end. ready is called once the API answers."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)
        waiting = True
        try:
            while not self._stop.is_set():
                for child in self._children:
                    child.check()
                if waiting and self._answers():
                    waiting = False
                    ready()
                self._stop.wait(POLL_S)
        finally:
            self._drain()

    def _signalled(self, *_: Any) -> None:
        self._signals += 1
        self._stop.set()

    def _answers(self) -> bool:
        """Whether the API says that it is ready."""
        connection = HTTPConnection(self._host, self._port, timeout=ANSWER_S)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == READY
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def _drain(self) -> None:
        """End the children. A second signal ends the wait."""
        for child in self._children:
            child.terminate()
        end = time.monotonic() + DRAIN_S
        for child in self._children:
            if not child.wait(lambda: self._signals > 1 or time.monotonic() > end):
                self._say(f"{child.name} does not end; killing it. What was finished is kept")
                child.reap()

    def _say(self, text: str) -> None:
        with suppress(OSError):  # the reader of stderr is gone: the children are still tended
            click.echo(f"nas serve: {text}", err=True)


def free_port(host: str, port: int) -> int:
    """The port, or any free one for 0. click.ClickException if the service cannot listen there."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
            return int(probe.getsockname()[1])
    except OSError as error:
        remedies = {
            errno.EADDRINUSE: f"port {port} is in use; stop what uses it, or take another with --port {port + 1}",
            errno.EACCES: f"port {port} needs an administrator; take another with --port 8000",
        }
        reason = remedies.get(error.errno or 0, f"{host} is not an address of this machine ({error.strerror})")
        raise click.ClickException(f"cannot listen on {host}:{port}: {reason}") from None


def _exit_text(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
