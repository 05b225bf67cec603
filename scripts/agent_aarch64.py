"""Install and run `nas agent` on an emulated 64-bit ARM machine, against a real service on this one.

    python scripts/agent_aarch64.py FOLDER

FOLDER becomes the machine's root file system: a Debian with Python, kept for the next time. There pip installs the
agent as on a device; it registers with a token of `nas device add`, measures kernels for `nas device measure`, and is
stopped. Fails unless the service's database then has records of a device that says it is aarch64. Latencies under
emulation say nothing about a processor.

Needs root, Linux 6.7 or newer, Debian's packages qemu-user-static and mmdebstrap, and the network. QEMU is the
interpreter of ARM programs in namespaces of their own only (binfmt_misc): the rest of this machine sees nothing of it,
and what runs there ends with this command.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

CHECKOUT = Path(__file__).parents[1]
NAS = Path(sys.executable).with_name("nas")
NAME = "emulated"
DEVICE = f"{NAME}-cpu-1t"
BUDGET = "20s"
PATIENCE_S = 300

TOOLS = ("unshare", "mmdebstrap", "qemu-aarch64-static")
SUITE = "bookworm"
PACKAGES = "python3-venv,libstdc++6"
CPU = "cortex-a72"
CPUINFO = """\
processor\t: {number}
Features\t: fp asimd aes pmull sha1 sha2 crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd08
CPU revision\t: 3

"""
"""What the kernel says of CPU. QEMU 7.2 shows the host's own instead, and ONNX Runtime 1.32 crashes on an x86's."""

LENT = ("/proc", "/sys", "/dev", "/etc/hosts", "/etc/resolv.conf", "/etc/ssl/certs")
"""What is there of this machine; so the agent finds its caches and memory."""

ISOLATED = ("unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
ENTER = r"""
set -e
qemu=$1 root=$2 checkout=$3 lent=$4
shift 4
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
printf '%s' ':aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00' \
    ':\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff' \
    ":$qemu:FP" > /proc/sys/fs/binfmt_misc/register
for path in $lent; do mount --rbind "$path" "$root$path"; done
mount --bind "$root/cpuinfo" "$root/proc/cpuinfo"
mount --bind "$checkout" "$root/checkout"
exec chroot "$root" "$@"
"""


@dataclass(frozen=True, slots=True)
class Emulated:
    """The machine in the folder root. environment: of what runs there."""

    root: Path
    environment: Mapping[str, str]

    def make(self) -> None:
        """Debian's packages for 64-bit ARM, unpacked, and places for what is lent."""
        if not (self.root / "usr/bin/python3").exists():
            made = ["mmdebstrap", "--quiet", "--variant=extract", "--architectures=arm64", f"--include={PACKAGES}"]
            subprocess.run([*made, SUITE, self.root], check=True)
        for folder in ("checkout", "dev", "etc/ssl/certs", "proc", "root", "sys", "tmp"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        for file in ("etc/hosts", "etc/resolv.conf"):
            (self.root / file).touch()
        processors = range(os.cpu_count() or 1)
        (self.root / "cpuinfo").write_text("".join(CPUINFO.format(number=number) for number in processors))

    def command(self, *command: str) -> list[str]:
        """What runs a command there."""
        qemu = shutil.which(TOOLS[-1])
        return [
            *ISOLATED,
            "sh",
            "-c",
            ENTER,
            "enter",
            str(qemu),
            str(self.root),
            str(CHECKOUT),
            " ".join(LENT),
            *command,
        ]

    def run(self, *command: str) -> None:
        if subprocess.run(self.command(*command), env=self.environment, check=False).returncode != 0:
            sys.exit(f"on the emulated machine failed: {' '.join(command)}")

    def install_agent(self) -> None:
        if not (self.root / "root/nas-agent/bin/pip").exists():
            self.run("/usr/bin/python3", "-m", "venv", "/root/nas-agent")
        self.run("/root/nas-agent/bin/pip", "install", "--disable-pip-version-check", "/checkout/agent")


@contextmanager
def running(command: list[str], environment: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A process, ended with all that it started, as a terminal ends them."""
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def nas(environment: Mapping[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [NAS, *arguments], env=environment, check=True, timeout=PATIENCE_S, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.strip()


def until_known(environment: Mapping[str, str], agent: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE_S
    while DEVICE not in [device["name"] for device in json.loads(nas(environment, "device", "list", "--json"))]:
        if agent.poll() is not None or time.monotonic() > deadline:
            sys.exit("the agent did not register")
        time.sleep(1)


def measured(machine: Emulated, own: Mapping[str, str]) -> dict[str, Any]:
    """The device as the service's database has it, after its agent measured for a while."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    with TemporaryDirectory() as home:
        here = {**own, "NAS_HOME": home, "NAS_LATENCY_DB": f"{home}/latency.db"}
        token = nas(here, "device", "add", NAME)
        url = f"http://127.0.0.1:{port}"
        asking = machine.command("/root/nas-agent/bin/nas", "agent", "--server", url, "--home", "/root/state")
        with (
            running([str(NAS), "serve", "--no-worker", "--port", port], here),
            running(asking, {**machine.environment, "NAS_API_KEY": token}) as agent,
        ):
            until_known(here, agent)
            say(nas(here, "device", "measure", DEVICE, "--space", "small", "--budget", BUDGET))
        if agent.returncode != 0:
            sys.exit(f"the agent ended with exit code {agent.returncode}")
        shown: dict[str, Any] = json.loads(nas(here, "device", "show", DEVICE, "--json"))
    return shown


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the emulated machine's root file system, made if it is not there")
    folder = parser.parse_args().folder
    if os.geteuid() != 0 or not all(map(shutil.which, TOOLS)):
        sys.exit(f"this needs root, and {', '.join(TOOLS)}: apt-get install mmdebstrap qemu-user-static")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    start = time.monotonic()
    own = {name: value for name, value in os.environ.items() if not name.startswith(("NAS_", "DATABASE_URL"))}
    machine = Emulated(folder.resolve(), {**own, "HOME": "/root", "TMPDIR": "/tmp", "QEMU_CPU": CPU})  # noqa: S108 - its own
    machine.make()
    machine.install_agent()
    say(f"installed after {time.monotonic() - start:.0f} s")

    shown = measured(machine, own)
    (target,) = shown["targets"]
    say(json.dumps(shown["fingerprint"], indent=2))
    say(
        f"{DEVICE}: {target['valid']} records, {target['suspect']} suspect ones, after {time.monotonic() - start:.0f} s"
    )
    if not shown["fingerprint"]["os"].endswith("aarch64") or target["valid"] + target["suspect"] == 0:
        sys.exit("that is no aarch64, or nothing was measured")


if __name__ == "__main__":
    main()
