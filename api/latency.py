"""The latency database as routes use it: the only module through which they reach it.

It is imported when a route first asks for it (`AppState.latency`), so that the API starts without a runtime.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import onnx
from google.protobuf.message import DecodeError

from latency_db.agent.measuring_process import device_json
from latency_db.devices.device import Device
from latency_db.estimating.estimate import Estimate
from latency_db.estimating.estimator import Estimator
from latency_db.estimating.space_latencies import space_latencies
from latency_db.profiling.mixed_networks import MixedTarget
from latency_db.records.signatures import network_signature, onnx_signature
from latency_db.remote.agents import AgentRecord, Agents, Hello
from latency_db.remote.leases import LEASE_S, Failure, Leases
from latency_db.remote.requests import Requests, RequestStatus
from latency_db.storing.known_devices import find_device
from latency_db.storing.store import Store
from latency_db.validating.device_rows import device_row, device_rows
from nas.asking.codes import Codes, encode
from nas.errors import NotMeasuredError, SpecError
from nas.jobs.keys import Keys
from nas.onnx_file.metadata import properties
from nas.ops import Network
from nas.search.reach import Drawn
from nas.space import SearchSpace
from nas.spaces import read_architecture
from nas.sql.connections import Connections
from nas.trial import Columns

Json = dict[str, Any]


class Latency:
    """The database that NAS_LATENCY_DB names, opened when this is made. StoreError if it cannot be used."""

    def __init__(self, connections: Connections) -> None:
        self._store = Store(connections=connections)

    def devices(self) -> list[Json]:
        """The devices of this machine, and all that were measured."""
        return device_rows(self._store)

    def device(self, name: str) -> Json:
        """What is known of one device. UnknownNameError if nothing is."""
        return device_row(self._store, name)

    def find(self, name: str) -> Device:
        """The device of this name. UnknownNameError if there is none."""
        return find_device(self._store, name)

    def check_in_integers(self, name: str) -> None:
        """UnknownNameError if there is no such device; NotMeasuredError, with the remedy, unless it computes in 8-bit
        integers and it, and the same machine in floats, can be measured from here.
        """
        MixedTarget(self._store, name).check_can_measure()

    def estimate(self, name: str, network: Network) -> Json:
        """The latency of a network from a device's records, in ms. NotMeasuredError if they are too few."""
        return Estimator(self._store, self.find(name)).estimate(network).plain()

    def estimate_file(self, name: str, model: bytes) -> Json:
        """The latency of an ONNX file, in ms: of its own record, or of the architecture that its metadata names.

        NotMeasuredError if there is neither; SpecError if it is no ONNX file.
        """
        estimator = Estimator(self._store, self.find(name))
        record = estimator.predictor.network_records.get(onnx_signature(model).key)
        if record is not None:
            return estimator.check(Estimate.of_record(record), "the file").plain()
        architecture = _metadata(model).get("architecture")
        if architecture is None:
            raise NotMeasuredError(
                f"the file was not measured on {name}, and no metadata say which network it is; measure it on that "
                f"machine with `nas latency estimate FILE --device {name}`, or send the network's notation"
            )
        return estimator.estimate(read_architecture(architecture).expand()).plain()

    def latencies(self, name: str, space: SearchSpace, codes: Codes) -> Columns:
        """The estimates of networks of a space, [n] a column in ms; NaN where there is none.

        UnknownNameError if there is no such device, NotMeasuredError if it has too few records for any.
        """
        return space_latencies(self._store, self.find(name), space, codes)

    def drawn_latencies(self, name: str, drawn: Drawn) -> Columns:
        """The same of networks that are drawn; kept until more is measured on any device."""
        measured = [(each.samples, each.last_measured_at) for each in self._store.devices()]
        key = self._store.name, name, drawn.space.id, str(drawn.seed), str(measured)
        return _drawn_latencies(_Asked(self._store, self.find(name), drawn.space, drawn.seed, key))

    def agents(self) -> list[AgentRecord]:
        """All agents, by name."""
        return Agents(self._store).all()

    def add_agent(self, name: str, keys: Keys) -> tuple[AgentRecord, str]:
        """A new agent, and its token. AgentError if the name is taken."""
        return Agents(self._store).add_with_token(name, keys)

    def renew_agent(self, agent_id: str, keys: Keys) -> tuple[AgentRecord, str]:
        """The agent, and a new token for it. UnknownNameError if there is none."""
        return Agents(self._store).renew(agent_id, keys)

    def remove_agent(self, agent_id: str, keys: Keys) -> None:
        """Forget an agent; what it measured stays. UnknownNameError if there is none."""
        Agents(self._store).remove(agent_id, keys)

    def register(self, hello: Mapping[str, Any], key_id: str | None, keys: Keys) -> tuple[AgentRecord, list[str]]:
        """An agent that starts, as it describes itself; the names of its devices. AgentError if it is refused."""
        devices = [Device(**offered) for offered in hello["devices"]]
        return Agents(self._store).register(Hello(**{**hello, "devices": devices}), key_id, keys.is_active)

    def batches(self, agent_id: str, key_id: str | None) -> "Batches | None":
        """The batches of this agent; None if it did not register with this key."""
        known = Agents(self._store).of_key(agent_id, key_id)
        return Batches(Leases(self._store), agent_id) if known else None

    def model(self, digest: str) -> bytes:
        """The ONNX model of this digest. NotMeasuredError if no request is for it."""
        return Requests(self._store).model(digest)

    def requests(self, name: str) -> RequestStatus:
        """How the requests of a device stand. UnknownNameError, or NotMeasuredError if no agent has the device."""
        return Requests(self._store).status(self.find(name))

    def ask(self, name: str, networks: Iterable[Network], effort: str, priority: int) -> int:
        """Ask a device to measure networks; returns how many of them were not queued yet. Errors as of requests."""
        device = self.find(name)
        wanted = [network_signature(network) for network in networks]
        return Requests(self._store).ask(device, wanted, effort, models={}, priority=priority)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Latencies of the networks of a space that a seed draws. key: the location, the device, the space, the seed, and
    all that is measured.
    """

    store: Store = field(compare=False)
    device: Device = field(compare=False)
    space: SearchSpace = field(compare=False)
    seed: int = field(compare=False)
    key: tuple[str, ...]


@lru_cache(maxsize=64)
def _drawn_latencies(asked: _Asked) -> Columns:
    """Kept, as a form asks with every change of a spec; the networks themselves are not."""
    chosen = [candidate.choices for candidate in Drawn(asked.space, asked.seed).candidates]
    return space_latencies(asked.store, asked.device, asked.space, encode(asked.space, chosen))


def _metadata(model: bytes) -> Json:
    try:
        return properties(onnx.load_from_string(model))
    except (DecodeError, ValueError):  # ValueError: metadata that are not JSON, and so not ours
        raise SpecError("model: this is no ONNX file that nas exported; send the .onnx as it was downloaded") from None


@dataclass(frozen=True, slots=True)
class Batches:
    """What one agent leases. LeaseLostError from all but lease if the batch is not leased to it any more."""

    leases: Leases
    agent_id: str

    def lease(self, run: str, trouble: str | None) -> Json | None:
        """The next batch, as the agent reads it; None if nothing waits. AgentError if a later run has registered."""
        batch = self.leases.lease(self.agent_id, run, trouble)
        if batch is None:
            return None
        tasks = [
            {
                "request": task.request,
                "kind": task.signature.kind,
                "key": task.signature.key,
                "digest": task.digest,
                "size_bytes": task.size_bytes,
            }
            for task in batch.tasks
        ]
        described = {name: getattr(batch, name) for name in ("id", "settings", "lease_s", "known_ms")}
        return {**described, "device": device_json(batch.device), "tasks": tasks}

    def extend(self, batch_id: str) -> float:
        """Extend the lease; returns the seconds that it lasts from now on."""
        self.leases.extend(self.agent_id, batch_id)
        return LEASE_S

    def give_back(self, batch_id: str) -> None:
        self.leases.give_back(self.agent_id, batch_id)

    def complete(self, batch_id: str, sessions: Sequence[Json], failures: Iterable[Json]) -> bool:
        """Store results; False if they are stored already. RecordError says what is wrong with a record."""
        return self.leases.complete(self.agent_id, batch_id, sessions, [Failure(**each) for each in failures])
