"""Requests for measurements on machines with an agent: queued here, leased by latency_db.remote.leases."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from onnx import checker
from sqlalchemy import Connection, func, select

from latency_db.devices.device import Device
from latency_db.records.record import Signature
from latency_db.records.signatures import network_model
from latency_db.remote import tables as request_tables
from latency_db.remote.tables import RequestState
from latency_db.storing import tables
from latency_db.storing.rows import find_signatures, parts, signature_ids, target_of
from latency_db.storing.store import Store
from nas.errors import ModelRefusedError, NotMeasuredError
from nas.onnx_file.model_check import MAX_BYTES, check_model
from nas.ops.cost import network_cost
from nas.ops.notation import read_network
from nas.sql.column_types import now
from nas.sql.database import insert

_agent = request_tables.agent.c
_request = request_tables.request.c
_signature = tables.signature.c
MAX_REASONS = 5


@dataclass(frozen=True, slots=True)
class RequestStatus:
    """The requests of a device. agent: its name. counts: by state. reasons: the latest of those that FAILED.

    trouble: the problem that the agent reported last. seen_ago_s: None if the agent was never seen.
    """

    agent: str
    counts: Mapping[RequestState, int]
    reasons: tuple[str, ...]
    trouble: str | None
    last_seen_at: datetime | None
    seen_ago_s: float | None


class Requests:
    """The requests in a latency database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def ask(
        self,
        device: Device,
        wanted: Iterable[Signature],
        effort: str,
        *,
        models: Mapping[Signature, bytes],
        priority: int,
    ) -> int:
        """Queue those that are not queued yet; returns how many. Higher priorities are measured first.

        models: ONNX files of those signatures that have no notation; ModelRefusedError if one is not valid, or has
        what agents do not run, or if a network is larger than they take. NotMeasuredError if no agent offers the device
        with this version of its runtime.
        """
        sent = {s: _sent(checked_model(models[s]) if s in models else _built(s)) for s in wanted}
        with self._store.writing() as connection:
            target_id, agent_id = _offered(connection, device)
            _check_version(connection, agent_id, device)
            fixed = {"agent_id": agent_id, "target_id": target_id, "effort": effort, "priority": priority}
            fixed |= {"state": RequestState.QUEUED.value, "attempts": 0}
            ids, added = find_signatures(connection, set(sent)), 0
            for signature, (digest, size_bytes) in sent.items():
                row = {**fixed, "signature_id": ids[signature], "digest": digest}
                new = insert(connection, request_tables.request).values(**row, size_bytes=size_bytes, created_at=now())
                added += connection.execute(new.on_conflict_do_nothing()).rowcount
                if signature in models:
                    kept = insert(connection, request_tables.model).values(digest=digest, content=models[signature])
                    connection.execute(kept.on_conflict_do_nothing())
        return added

    def has_agent(self, device: Device) -> bool:
        """Whether an agent offers the device; it may be away."""
        with self._store.reading() as connection:
            return _find_offered(connection, device) is not None

    def status(self, device: Device) -> RequestStatus:
        """The device's requests and its agent. NotMeasuredError if no agent offers the device."""
        with self._store.reading() as connection:
            target_id, agent_id = _offered(connection, device)
            mine = _request.target_id == target_id
            counted = select(_request.state, func.count().label("requests")).where(mine).group_by(_request.state)
            failed = select(_request.reason).where(mine, _request.state == RequestState.FAILED.value)
            reasons = connection.scalars(failed.order_by(_request.ended_at.desc()).limit(MAX_REASONS)).all()
            agent = connection.execute(
                select(request_tables.agent, now().label("now")).where(_agent.id == agent_id)
            ).one()
            found = {row.state: row.requests for row in connection.execute(counted)}
        ago = None if agent.last_seen_at is None else (agent.now - agent.last_seen_at).total_seconds()
        return RequestStatus(
            agent=agent.name,
            counts={state: found.get(state.value, 0) for state in RequestState},
            reasons=tuple(dict.fromkeys(filter(None, reasons))),
            trouble=agent.trouble,
            last_seen_at=agent.last_seen_at,
            seen_ago_s=ago,
        )

    def states(
        self, device: Device, wanted: Iterable[Signature], effort: str
    ) -> dict[Signature, tuple[RequestState, str | None]]:
        """State and reason of the newest request of each signature; those never requested are absent."""
        found: dict[Signature, tuple[RequestState, str | None]] = {}
        with self._store.reading() as connection:
            target_id, _ = _offered(connection, device)
            by_id = {number: signature for signature, number in signature_ids(connection, set(wanted)).items()}
            asked = select(_request.signature_id, _request.state, _request.reason).order_by(_request.id)
            of_effort = asked.where(_request.target_id == target_id, _request.effort == effort)
            for ids in parts(list(by_id)):
                for row in connection.execute(of_effort.where(_request.signature_id.in_(ids))):
                    found[by_id[row.signature_id]] = RequestState(row.state), row.reason
        return found

    def model(self, digest: str) -> bytes:
        """The ONNX file of a request. NotMeasuredError if none has this digest, or if it is built differently now."""
        with self._store.reading() as connection:
            kept = connection.scalar(
                select(request_tables.model.c.content).where(request_tables.model.c.digest == digest)
            )
            if kept is not None:
                return bytes(kept)
            asked = select(_signature.key).join_from(request_tables.request, tables.signature)
            row = connection.execute(asked.where(_request.digest == digest).limit(1)).one_or_none()
        model = None if row is None else network_model(read_network(row.key))
        if model is None or hashlib.sha256(model).hexdigest() != digest:
            raise NotMeasuredError("no request has a model of this digest; request it again")
        return model


def too_large(signature: Signature) -> str | None:
    """Why agents do not take the network that the signature's key is the notation of; None if they do."""
    size_bytes = network_cost(read_network(signature.key)).size_bytes
    return f"it has {size_bytes} bytes of weights, agents take {MAX_BYTES} at most" if size_bytes > MAX_BYTES else None


def _built(signature: Signature) -> bytes:
    """The model of the network that the signature's key is the notation of. ModelRefusedError if it is too large."""
    if reason := too_large(signature):  # before it is built: this process has other work
        raise ModelRefusedError(f"'{signature.key}': {reason}")
    return network_model(read_network(signature.key))


def _sent(model: bytes) -> tuple[str, int]:
    """Digest and size in bytes of a model; the model itself is built again when an agent asks for it."""
    return hashlib.sha256(model).hexdigest(), len(model)


def checked_model(model: bytes) -> bytes:
    """The file, if it is valid and agents run it; ModelRefusedError if not."""
    check_model(model)
    try:
        checker.check_model(model)
    except UnicodeDecodeError:
        raise ModelRefusedError("the model is not a valid ONNX file: it has text that is not UTF-8") from None
    except (checker.ValidationError, ValueError) as error:  # ValueError: it does not parse
        raise ModelRefusedError(f"the model is not a valid ONNX file: {error}") from None
    return model


def _find_offered(connection: Connection, device: Device) -> tuple[int, str] | None:
    """Ids of the device's target and of the agent that offers it; None if no agent does."""
    machine = device.machine.get("machine")
    agent_id = machine and connection.scalar(select(_agent.id).where(_agent.machine == machine))
    target_id = target_of(connection, device)
    return (target_id, str(agent_id)) if agent_id and target_id is not None else None


def _offered(connection: Connection, device: Device) -> tuple[int, str]:
    found = _find_offered(connection, device)
    if found is None:
        raise NotMeasuredError(
            f"device {device.name!r} is another machine, and no agent has registered from there; run `nas agent` on it"
        )
    return found


def _check_version(connection: Connection, agent_id: str, device: Device) -> None:
    """NotMeasuredError if the agent has another version of the runtime now."""
    facts = connection.execute(select(_agent.facts).where(_agent.id == agent_id)).scalar_one()
    runtimes = facts.get("runtimes")  # as the agent sent it: it may be anything
    version = runtimes.get(device.runtime) if isinstance(runtimes, Mapping) else None
    if version not in (None, device.runtime_version):
        raise NotMeasuredError(
            f"device {device.name!r}: its agent has {device.runtime} {version} now, not {device.runtime_version}"
        )
