"""Agents: devices elsewhere that lease what is to be measured on them, and what is asked of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from fastapi import APIRouter, Response

from api.http.app_state import App, AppState
from api.http.concurrency import AGENT_WORK, ESTIMATE, RECORDS
from api.http.parameters import AgentId, BatchId, Digest
from api.http.problems import ProblemError, problems
from api.http.security import ADMIN, AGENT, READ, WRITE, Measurer, Principal
from api.schemas import agent as bodies
from nas.errors import NotMeasuredError, UnknownNameError
from nas.ops.notation import read_network

if TYPE_CHECKING:
    from api.latency import Batches

router = APIRouter(prefix="/v1", tags=["devices"])

_LOST = problems("DEVICES_UNAVAILABLE", "AGENT_REFUSED", "LEASE_LOST", "NOT_FOUND")
_ASK = problems("DEVICES_UNAVAILABLE", "NOT_FOUND", "NOT_MEASURED", "NOTATION_INVALID", "ARCHITECTURE_INVALID")


@router.get("/agents", dependencies=[READ, RECORDS], responses=problems("DEVICES_UNAVAILABLE"))
def list_agents(app: App) -> bodies.AgentList:
    """The machines that measure for this service, by name."""
    return bodies.AgentList(items=[bodies.AgentOut.model_validate(found) for found in app.latency.agents()])


@router.post(
    "/devices",
    status_code=201,
    dependencies=[ADMIN, AGENT_WORK],
    responses=problems("AGENT_REFUSED", "DEVICES_UNAVAILABLE"),
)
def add_device(body: bodies.NewDevice, app: App) -> bodies.CreatedDevice:
    """A device that an agent will measure on, and the token for it, which is in this answer and nowhere else."""
    made, token = app.latency.add_agent(body.name, app.ledger.keys)
    return bodies.CreatedDevice(id=made.id, name=made.name, key_id=str(made.key_id), token=token)


@router.post(
    "/agents/{agent_id:id}:renew",
    dependencies=[ADMIN, AGENT_WORK],
    responses=problems("NOT_FOUND", "DEVICES_UNAVAILABLE"),
)
def renew_device(agent_id: AgentId, app: App) -> bodies.CreatedDevice:
    """A new token for an agent; its last one is refused from now on."""
    with _known_agent():
        made, token = app.latency.renew_agent(agent_id, app.ledger.keys)
    return bodies.CreatedDevice(id=made.id, name=made.name, key_id=str(made.key_id), token=token)


@router.delete(
    "/agents/{agent_id:id}",
    status_code=204,
    dependencies=[ADMIN, AGENT_WORK],
    responses=problems("NOT_FOUND", "DEVICES_UNAVAILABLE"),
)
def remove_device(agent_id: AgentId, app: App) -> Response:
    """Ask nothing of an agent any more, and refuse its token. What it has measured stays."""
    with _known_agent():
        app.latency.remove_agent(agent_id, app.ledger.keys)
    return Response(status_code=204)


@contextmanager
def _known_agent() -> Iterator[None]:
    """NOT_FOUND where there is no such agent."""
    try:
        yield
    except UnknownNameError as error:
        raise ProblemError("NOT_FOUND", str(error)) from None


@router.post("/agents:register", dependencies=[AGENT_WORK], responses=problems("AGENT_REFUSED", "DEVICES_UNAVAILABLE"))
def register(body: bodies.Hello, caller: Measurer, app: App) -> bodies.Registered:
    """An agent starts. What an earlier run of it had leased waits again.

    A token stays with its first machine, and a machine with its token until that is revoked or has expired.
    """
    fingerprints = [device.fingerprint for device in body.devices]
    if any(each.get("machine") != body.machine or "runtime_version" not in each for each in fingerprints):
        raise ProblemError(
            "REQUEST_INVALID", "devices: each fingerprint needs `machine`, as above, and `runtime_version`."
        )
    agent, names = app.latency.register(body.model_dump(), caller.key_id, app.ledger.keys)
    return bodies.Registered(id=agent.id, name=agent.name, devices=names)


@router.post("/agents/{agent_id:id}/batches:lease", dependencies=[AGENT_WORK], responses=_LOST)
def lease(agent_id: AgentId, body: bodies.LeaseBody, caller: Measurer, app: App) -> bodies.Leased:
    """What to measure next, if anything; the same again until it is completed."""
    batch = _batches(app, agent_id, caller).lease(body.run, body.trouble)
    return bodies.Leased(batch=None if batch is None else bodies.BatchOut.model_validate(batch))


@router.post("/agents/{agent_id:id}/batches/{batch_id:id}:extend", dependencies=[AGENT_WORK], responses=_LOST)
def extend(agent_id: AgentId, batch_id: BatchId, caller: Measurer, app: App) -> bodies.Extended:
    """The agent still measures it."""
    return bodies.Extended(lease_s=_batches(app, agent_id, caller).extend(batch_id))


@router.post(
    "/agents/{agent_id:id}/batches/{batch_id:id}:return", status_code=204, dependencies=[AGENT_WORK], responses=_LOST
)
def give_back(agent_id: AgentId, batch_id: BatchId, caller: Measurer, app: App) -> Response:
    """The agent stops, and will not measure it."""
    _batches(app, agent_id, caller).give_back(batch_id)
    return Response(status_code=204)


@router.post(
    "/agents/{agent_id:id}/batches/{batch_id:id}:complete",
    dependencies=[AGENT_WORK],
    responses={**_LOST, **problems("RECORD_INVALID")},
)
def complete(agent_id: AgentId, batch_id: BatchId, body: bodies.Results, caller: Measurer, app: App) -> bodies.Done:
    """The results of a batch, stored once however often they are sent."""
    failures = [failure.model_dump() for failure in body.failures]
    return bodies.Done(stored=_batches(app, agent_id, caller).complete(batch_id, body.sessions, failures))


@router.get(
    "/models/{sha256}",
    dependencies=[AGENT, AGENT_WORK],
    response_class=Response,
    responses={
        200: {"description": "An ONNX file", "content": {"application/octet-stream": {}}},
        **problems("NOT_FOUND", "DEVICES_UNAVAILABLE"),
    },
)
def get_model(sha256: Digest, app: App) -> Response:
    """A model that is asked for, by its digest. A file that was given to the service was checked before it was kept."""
    try:
        content = app.latency.model(sha256)
    except NotMeasuredError as error:
        raise ProblemError("NOT_FOUND", str(error)) from None
    return Response(content, media_type="application/octet-stream")


@router.get("/devices/{name}/requests", dependencies=[READ, RECORDS], responses=_ASK)
def get_requests(name: str, app: App) -> bodies.RequestsOut:
    """What was asked of a device with an agent, and what became of it."""
    return _status(app, name)


@router.post("/devices/{name}/requests", status_code=202, dependencies=[WRITE, ESTIMATE], responses=_ASK)
def ask(name: str, body: bodies.NewRequests, app: App) -> bodies.RequestsOut:
    """Ask a device to measure networks. What waits there already is not asked for twice."""
    networks = (read_network(text) for text in body.networks)
    try:
        added = app.latency.ask(name, networks, body.effort, body.priority)
    except UnknownNameError as error:
        raise ProblemError("NOT_FOUND", str(error)) from None
    return _status(app, name, added)


def _batches(app: AppState, agent_id: str, caller: Principal) -> "Batches":
    """The batches of the agent that registered with the caller's key."""
    batches = app.latency.batches(agent_id, caller.key_id)
    if batches is None:
        raise ProblemError("NOT_FOUND", "No agent of this id registered with this key.")
    return batches


def _status(app: AppState, name: str, added: int = 0) -> bodies.RequestsOut:
    try:
        status = app.latency.requests(name)
    except UnknownNameError as error:
        raise ProblemError("NOT_FOUND", str(error)) from None
    return bodies.RequestsOut(**asdict(status), added=added)
