"""Devices: the machines and runtimes that latencies belong to."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

MEASURED = "measured"
"""The source of latencies measured by nas, here or by an agent."""


@dataclass(frozen=True, slots=True)
class Device:
    """A machine with one way to run networks on it. Latencies of different devices are never mixed.

    fingerprint: the facts that decide latency: processor, cores, caches, memory, operating system, runtime, version.
    batch: images per run; nas measures with 1, imported tables may have more. layout: of the image. source: MEASURED,
    or the name of the published table that the device is from.
    """

    name: str
    runtime: str
    precision: str
    threads: int
    fingerprint: Mapping[str, str]
    batch: int = 1
    layout: str = "nchw"
    source: str = MEASURED

    @property
    def runtime_version(self) -> str:
        return self.fingerprint["runtime_version"]

    @property
    def machine(self) -> dict[str, str]:
        """The facts of the fingerprint that do not change with the runtime."""
        return {fact: value for fact, value in self.fingerprint.items() if not fact.startswith("runtime")}

    @property
    def machine_id(self) -> str:
        """Content id of the machine's facts, 8 hexadecimal digits; independent of its name.

        Devices of published tables, of which little is known, are identified by source and name as well.
        """
        published = {} if self.source == MEASURED else {"source": self.source, "name": self.name}
        return _digest(self.machine | published)

    @property
    def id(self) -> str:
        """Content id of the whole fingerprint, 8 hexadecimal digits; each version of the runtime has another."""
        return _digest(self.fingerprint)


def _digest(facts: Mapping[str, str]) -> str:
    canonical = json.dumps(dict(facts), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:8]
