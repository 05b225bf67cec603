"""What a search over REST may ask for: what `nas run` takes, without the files of this machine."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latency_db.devices.local import is_local_name
from nas.errors import UnknownNameError
from nas.service.data_root import resolve_path
from nas.spaces import known_spaces
from nas.spec import SearchSpec, parse_spec

SPEC_FIELDS = frozenset(SearchSpec.model_fields)


def check_spec(data: Mapping[str, Any], data_root: Path) -> SearchSpec:
    """The spec, checked as deeply as can be without loading images. SpecError or UnknownNameError says what is wrong.

    data_root: the folder below which a data set's path must lie.
    """
    space = data.get("space")
    if isinstance(space, str) and space not in known_spaces():  # before the spec would look for a file of that name
        raise UnknownNameError("space", space, known_spaces())
    spec = parse_spec(dict(data))
    resolve_path(spec.dataset, data_root)
    _check_device(spec.device)
    return spec


def default_name(spec: SearchSpec) -> str:
    space = spec.space if isinstance(spec.space, str) else str(spec.space["name"])
    return f"{spec.dataset['name']} on {spec.device}, space {space}"


def _check_device(name: str) -> None:
    if is_local_name(name):
        return
    from latency_db.storing.known_devices import find_device  # noqa: PLC0415 - the API starts without onnxruntime
    from latency_db.storing.store import Store  # noqa: PLC0415 - as above

    find_device(Store(), name)
