"""What a search over REST may ask for: what `nas run` takes, without the files of this machine."""

from collections.abc import Mapping
from random import Random
from typing import Any

from api.http.app_state import AppState
from latency_db.devices.local import is_local_name
from nas.errors import UnknownNameError
from nas.service.data_root import resolve_path
from nas.spaces import known_spaces, named_space
from nas.spec import SearchSpec, parse_spec

TRIES = 50
"""Number of random members examined before a space counts as infeasible, so that a request is answered soon."""

SPEC_FIELDS = frozenset(SearchSpec.model_fields)


def check_spec(data: Mapping[str, Any], app: AppState) -> SearchSpec:
    """The spec, checked as far as possible without loading images. SpecError or UnknownNameError says what is wrong;
    InfeasibleError why random members of the space cannot be built.
    """
    space = data.get("space")
    if isinstance(space, str) and space not in known_spaces():  # before the spec would look for a file of that name
        raise UnknownNameError("space", space, known_spaces())
    spec = parse_spec(dict(data))
    named_space(spec.space).sample(Random(0), TRIES)
    resolve_path(spec.dataset, app.settings.data_root)
    if not is_local_name(spec.device):
        app.latency.find(spec.device)
    return spec


def default_name(spec: SearchSpec) -> str:
    space = spec.space if isinstance(spec.space, str) else str(spec.space["name"])
    return f"{spec.dataset['name']} on {spec.device}, space {space}"
