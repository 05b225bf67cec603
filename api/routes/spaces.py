"""Search spaces: what they decide, whether one of your own is right, and single members of them."""

from functools import cache
from random import Random
from typing import Any

from fastapi import APIRouter

from api.http.concurrency import SPEC
from api.http.problems import ProblemError, problems
from api.http.security import READ
from api.schemas.space import Cost, DecodeBody, Member, SpaceBody
from nas.errors import UnknownNameError
from nas.metric import network_metrics
from nas.ops.diagram import diagram
from nas.ops.notation import write_network
from nas.space import SearchSpace
from nas.spaces import known_spaces, named_space, space_definition
from nas.spec import TRIES

router = APIRouter(prefix="/v1", tags=["spaces"])

WRONG = problems(
    "JSON_INVALID",
    "MEDIA_TYPE_UNSUPPORTED",
    "REQUEST_INVALID",
    "SPEC_INVALID",
    "NAME_UNKNOWN",
    "ARCHITECTURE_INVALID",
    "SPACE_INFEASIBLE",
)


@router.get("/spaces", dependencies=[READ])
def list_spaces() -> dict[str, list[dict[str, Any]]]:
    """The spaces that ship with nas. Sizes are exact, as strings, as they do not fit a JSON number."""
    shown = ("name", "size", "resolution", "width_multiplier", "channels", "classes")
    return {"items": [{key: _shipped(name)[key] for key in shown} for name in known_spaces()]}


@router.get("/spaces/{name}", dependencies=[READ], responses=problems("NOT_FOUND"))
def get_space(name: str) -> dict[str, Any]:
    """A space: its definition as it may be sent back changed, its stages, and every decision with its options."""
    try:
        return _shipped(name)
    except UnknownNameError as error:
        raise ProblemError("NOT_FOUND", str(error)) from None


@router.post("/spaces:check", dependencies=[READ, SPEC], responses=WRONG)
def check_space(body: SpaceBody) -> dict[str, Any]:
    """Whether a space is right, and how large it is; a wrong one is a 422 that names each wrong field."""
    return {"valid": True, **_described(named_space(body.space))}


@router.post("/spaces:decode", dependencies=[READ, SPEC], responses=WRONG)
def decode(body: DecodeBody) -> Member:
    """The architecture that choices lead to, or a random one: its notation, cost and diagram."""
    space = named_space(body.space)
    candidate = space.sample(Random(body.seed), TRIES) if body.choices is None else space.decode(body.choices)
    network = candidate.architecture.expand()
    return Member(
        architecture_id=candidate.architecture.id,
        notation=write_network(network),
        architecture=candidate.architecture.to_dict(),
        choices=dict(candidate.choices),
        cost=Cost.model_validate(network_metrics(network)),
        diagram=diagram(network),
    )


@cache
def _shipped(name: str) -> dict[str, Any]:
    space = named_space(name)
    asked = [{"name": decision.name, "options": decision.options} for decision in space.decisions()]
    return {**_described(space), "decisions": asked, "definition": space_definition(name)}


def _described(space: SearchSpace) -> dict[str, Any]:
    described: dict[str, Any] = _sizes_as_text(space.describe())
    return described


def _sizes_as_text(value: Any) -> Any:
    """A description with its sizes as strings: they are exact, and larger than a JSON number is read."""
    if isinstance(value, list):
        return [_sizes_as_text(part) for part in value]
    if not isinstance(value, dict):
        return value
    sized = {"size": str(value["size"])} if isinstance(value.get("size"), int) else {}
    return {key: _sizes_as_text(part) for key, part in value.items()} | sized
