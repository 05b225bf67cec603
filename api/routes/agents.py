"""Agents: devices elsewhere that lease what is to be measured on them, and what is asked of them."""

from typing import Any

from fastapi import APIRouter, Response

from api.http.app_state import Serving
from api.http.parameters import AgentId, BatchId, Digest
from api.http.problems import ProblemError, problems
from api.http.security import ADMIN, AGENT, READ, WRITE, Measurer
from api.schemas import agent as bodies

router = APIRouter(prefix="/v1", tags=["devices"])

_LOST = problems("DEVICES_UNAVAILABLE", "AGENT_REFUSED", "LEASE_LOST", "NOT_FOUND")
_ASK = problems("DEVICES_UNAVAILABLE", "NOT_FOUND", "NOT_MEASURED", "NOTATION_INVALID", "ARCHITECTURE_INVALID")


@router.get("/agents", dependencies=[READ], responses=problems("DEVICES_UNAVAILABLE"))
def list_agents() -> bodies.AgentList:
    """The machines that measure for this service, by name."""
    from latency_db.remote.agents import Agents  # noqa: PLC0415 - the API starts without the latency database
    from latency_db.storing.store import Store  # noqa: PLC0415 - as above

    return bodies.AgentList(items=[bodies.AgentOut.model_validate(found) for found in Agents(Store()).all()])


@router.post(
    "/devices",
    status_code=201,
    dependencies=[ADMIN],
    responses=problems("AGENT_REFUSED", "DEVICES_UNAVAILABLE"),
)
def add_device(body: bodies.NewDevice, service: Serving) -> bodies.CreatedDevice:
    """A device that an agent will measure on, and the token for it, which is in this answer and nowhere else."""
    from latency_db.remote.agents import Agents  # noqa: PLC0415 - the API starts without the latency database
    from latency_db.storing.store import Store  # noqa: PLC0415 - as above

    made, token = Agents(Store()).add_with_token(body.name, service.ledger.keys)
    return bodies.CreatedDevice(id=made.id, name=made.name, key_id=str(made.key_id), token=token)


@router.post("/agents:register", responses=problems("AGENT_REFUSED", "DEVICES_UNAVAILABLE"))
def register(body: bodies.Hello, caller: Measurer) -> bodies.Registered:
    """An agent starts. What an earlier run of it had leased waits again; a token stays with its first machine."""
    from latency_db.devices.device import Device  # noqa: PLC0415 - as above
    from latency_db.remote.agents import Agents, Hello  # noqa: PLC0415 - the API starts without the latency database
    from latency_db.storing.store import Store  # noqa: PLC0415 - as above

    devices = [Device(**offered.model_dump()) for offered in body.devices]
    if any(d.fingerprint.get("machine") != body.machine or "runtime_version" not in d.fingerprint for d in devices):
        raise ProblemError(
            "REQUEST_INVALID", "devices: each fingerprint needs `machine`, as above, and `runtime_version`."
        )
    hello = Hello(body.machine, body.run, body.name, body.facts, devices)
    agent, names = Agents(Store()).register(hello, caller.key.id if caller.key else None)
    return bodies.Registered(id=agent.id, name=agent.name, devices=names)


@router.post("/agents/{agent_id:id}/batches:lease", responses=_LOST)
def lease(agent_id: AgentId, body: bodies.LeaseBody, caller: Measurer) -> bodies.Leased:
    """What to measure next, if anything; the same again until it is completed."""
    leases = _leases(agent_id, caller)
    batch = leases.lease(agent_id, body.run, body.trouble)
    return bodies.Leased(batch=None if batch is None else _batch(batch))


@router.post("/agents/{agent_id:id}/batches/{batch_id:id}:extend", responses=_LOST)
def extend(agent_id: AgentId, batch_id: BatchId, caller: Measurer) -> bodies.Extended:
    """The agent still measures it."""
    from latency_db.remote.leases import LEASE_S  # noqa: PLC0415 - the API starts without the latency database

    _leases(agent_id, caller).extend(agent_id, batch_id)
    return bodies.Extended(lease_s=LEASE_S)


@router.post("/agents/{agent_id:id}/batches/{batch_id:id}:return", status_code=204, responses=_LOST)
def give_back(agent_id: AgentId, batch_id: BatchId, caller: Measurer) -> Response:
    """The agent stops, and will not measure it."""
    _leases(agent_id, caller).give_back(agent_id, batch_id)
    return Response(status_code=204)


@router.post("/agents/{agent_id:id}/batches/{batch_id:id}:complete", responses={**_LOST, **problems("RECORD_INVALID")})
def complete(agent_id: AgentId, batch_id: BatchId, body: bodies.Results, caller: Measurer) -> bodies.Done:
    """The results of a batch, stored once however often they are sent."""
    from latency_db.remote.leases import Failure  # noqa: PLC0415 - the API starts without the latency database

    failures = [Failure(**failure.model_dump()) for failure in body.failures]
    return bodies.Done(stored=_leases(agent_id, caller).complete(agent_id, batch_id, body.sessions, failures))


@router.get(
    "/models/{sha256}",
    dependencies=[AGENT],
    response_class=Response,
    responses={
        200: {"description": "An ONNX file", "content": {"application/octet-stream": {}}},
        **problems("NOT_FOUND", "DEVICES_UNAVAILABLE"),
    },
)
def get_model(sha256: Digest) -> Response:
    """A model that is asked for, by its digest. A file that was given to the service was checked before it was kept."""
    from latency_db.remote.requests import Requests  # noqa: PLC0415 - the API starts without the latency database
    from latency_db.storing.store import Store  # noqa: PLC0415 - as above
    from nas.errors import NotMeasuredError  # noqa: PLC0415 - as above

    try:
        content = Requests(Store()).model(sha256)
    except NotMeasuredError as error:
        raise ProblemError("NOT_FOUND", str(error)) from None
    return Response(content, media_type="application/octet-stream")


@router.get("/devices/{name}/requests", dependencies=[READ], responses=_ASK)
def get_requests(name: str) -> bodies.RequestsOut:
    """What was asked of a device with an agent, and what became of it."""
    requests, device = _requests_of(name)
    return _status(requests.status(device))


@router.post("/devices/{name}/requests", status_code=202, dependencies=[WRITE], responses=_ASK)
def ask(name: str, body: bodies.NewRequests) -> bodies.RequestsOut:
    """Ask a device to measure networks. What waits there already is not asked for twice."""
    from latency_db.records.signatures import network_signature  # noqa: PLC0415 - the API starts without the latency database
    from nas.ops.notation import read_network  # noqa: PLC0415 - as above

    requests, device = _requests_of(name)
    wanted = [network_signature(read_network(text)) for text in body.networks]
    added = requests.ask(device, wanted, body.effort, models={}, priority=body.priority)
    return _status(requests.status(device), added)


def _leases(agent_id: str, caller: Any) -> Any:
    """The leases, for the agent that registered with the caller's key; any other id is nothing."""
    from latency_db.remote.agents import Agents  # noqa: PLC0415 - the API starts without the latency database
    from latency_db.remote.leases import Leases  # noqa: PLC0415 - as above
    from latency_db.storing.store import Store  # noqa: PLC0415 - as above

    store = Store()
    if Agents(store).of_key(agent_id, caller.key.id if caller.key else None) is None:
        raise ProblemError("NOT_FOUND", "No agent of this id registered with this key.")
    return Leases(store)


def _requests_of(name: str) -> Any:
    from latency_db.remote.requests import Requests  # noqa: PLC0415 - as above
    from latency_db.storing.known_devices import find_device  # noqa: PLC0415 - the API starts without the latency database
    from latency_db.storing.store import Store  # noqa: PLC0415 - as above
    from nas.errors import UnknownNameError  # noqa: PLC0415 - as above

    store = Store()
    try:
        return Requests(store), find_device(store, name)
    except UnknownNameError as error:
        raise ProblemError("NOT_FOUND", str(error)) from None


def _batch(batch: Any) -> bodies.BatchOut:
    from latency_db.agent.measuring_process import device_json  # noqa: PLC0415 - the API starts without the latency database

    tasks = [
        bodies.TaskOut(
            request=task.request,
            kind=task.signature.kind,
            key=task.signature.key,
            digest=task.digest,
            size_bytes=task.size_bytes,
        )
        for task in batch.tasks
    ]
    device = device_json(batch.device)
    return bodies.BatchOut(
        id=batch.id,
        device=device,
        settings=dict(batch.settings),
        tasks=tasks,
        lease_s=batch.lease_s,
        known_ms=batch.known_ms,
    )


def _status(status: Any, added: int = 0) -> bodies.RequestsOut:
    return bodies.RequestsOut(
        agent=status.agent,
        counts={state.value: count for state, count in status.counts.items()},
        reasons=list(status.reasons),
        trouble=status.trouble,
        last_seen_at=status.last_seen_at,
        added=added,
    )
