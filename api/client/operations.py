"""The operations of the service, each a script: its path, what is sent, and how the answer is read."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from api.client.errors import ApiError
from api.client.objects import Artifact, Estimate, Event, Export, Pareto, Trial
from api.client.scripts import Spec, body, delete, get, pages, post, stream, wait
from api.client.wire import Call, Emit, Json, Script, answered, content, creation

CHANGE_TRIES = 8
PRECONDITION_FAILED = 412
LOG_LINES = 200


def at(*parts: str, verb: str = "") -> str:
    """The path of a resource, or of a verb on it."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts) + (f":{verb}" if verb else "")


def submit(spec: Spec | None, fields: Mapping[str, Any]) -> Script[Json]:
    return post(at("searches"), body(spec, fields), headers=creation())


def check(spec: Spec | None, fields: Mapping[str, Any]) -> Script[Json]:
    return post(at("searches"), body(spec, fields), validate_only="true")


def search(search_id: str) -> Script[Json]:
    return get(at("searches", search_id))


def searches(state: str | None, text: str | None, order_by: str | None) -> Script[None]:
    return pages(at("searches"), state=state, text=text, order_by=order_by)


def wait_search(search_id: str, timeout_s: float | None) -> Script[Json]:
    return wait(at("searches", search_id), timeout_s)


def watch(search_id: str, after: int) -> Script[None]:
    return stream(at("searches", search_id), after, Event.model_validate_json)


def change(search_id: str, fields: Mapping[str, Any]) -> Script[Json]:
    """Change a search whatever else changed meanwhile: only the fields given are replaced."""
    path = at("searches", search_id)
    for tries_left in reversed(range(CHANGE_TRIES)):
        tag = (yield from answered(Call("GET", path))).headers["ETag"]
        try:
            response = yield from answered(Call("PATCH", path, json=dict(fields), headers={"If-Match": tag}))
        except ApiError as error:
            if error.status != PRECONDITION_FAILED or not tries_left:
                raise
        else:
            return content(response)
    raise AssertionError("the last try returns or raises")


def turn(search_id: str, verb: str) -> Script[Json]:
    return post(at("searches", search_id, verb=verb))


def fork(search_id: str, changes: Mapping[str, Any]) -> Script[Json]:
    return post(at("searches", search_id, verb="fork"), dict(changes), headers=creation())


def delete_search(search_id: str) -> Script[None]:
    return delete(at("searches", search_id))


def trials(search_id: str, state: str | None) -> Script[None]:
    return pages(at("searches", search_id, "trials"), read=Trial.model_validate, state=state)


def trial(trial_id: str) -> Script[Trial]:
    return Trial.model_validate((yield from get(at("trials", trial_id))))


def columns(search_id: str, after_seq: int | None) -> Script[dict[str, list[Any]]]:
    page = yield from get(at("searches", search_id, "trials", verb="columns"), after_seq=after_seq)
    found: dict[str, list[Any]] = page["columns"]
    return found


def pareto(search_id: str) -> Script[Pareto]:
    return Pareto.model_validate((yield from get(at("searches", search_id, "pareto"))))


def artifacts(search_id: str) -> Script[list[Artifact]]:
    found = yield from get(at("searches", search_id, "artifacts"))
    return [Artifact.model_validate(item) for item in found["items"]]


def logs(search_id: str, trial_number: int | None, after: int) -> Script[None]:
    """Emit the lines of a log that are there, page after page."""
    of = ("searches", search_id) if trial_number is None else ("trials", f"{search_id}.{trial_number}")
    while True:
        page = yield from get(at(*of, "logs"), after=after, limit=LOG_LINES)
        for line in page["items"]:
            yield Emit(line)
        if len(page["items"]) < LOG_LINES:
            return
        after = page["next"]


def export(trial_id: str, file_format: str, epochs: int | None, timeout_s: float | None) -> Script[Export]:
    """Ask for the file of a trial and wait for it; asking again finds the same export."""
    asked = yield from post(at("trials", trial_id, verb="export"), {"format": file_format, "epochs": epochs})
    return Export.model_validate((yield from wait(at("exports", asked["id"]), timeout_s)))


def find_export(export_id: str) -> Script[Export]:
    return Export.model_validate((yield from get(at("exports", export_id))))


def catalogue() -> Script[Json]:
    return get(at("catalogue"))


def schema() -> Script[Json]:
    return get(at("schemas", "search"))


def listed(kind: str) -> Script[list[Json]]:
    """Spaces, devices or datasets."""
    page = yield from get(at(kind))
    items: list[Json] = page["items"]
    return items


def one(kind: str, name: str) -> Script[Json]:
    return get(at(kind, name))


def check_space(space: str | Json) -> Script[Json]:
    return post(at("spaces", verb="check"), {"space": space})


def decode(space: str | Json, choices: Json | None, seed: int) -> Script[Json]:
    return post(at("spaces", verb="decode"), {"space": space, "choices": choices, "seed": seed})


def estimate(device: str, network: str | Mapping[str, Any]) -> Script[Estimate]:
    form = "network" if isinstance(network, str) else "architecture"
    return Estimate.model_validate((yield from post(at("latency", verb="estimate"), {"device": device, form: network})))
