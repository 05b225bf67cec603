"""Files that users write: a mapping as YAML or JSON."""

import json
from pathlib import Path
from typing import Any

import yaml

from nas.errors import SpecError


def read_mapping(path: Path) -> dict[str, Any]:
    """The mapping in a file, which is JSON if it is called .json and YAML otherwise. SpecError if it holds none."""
    is_json = path.suffix == ".json"  # YAML does not have JSON's tabs
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text) if is_json else yaml.safe_load(text)
    except OSError as error:
        raise SpecError(f"{path} cannot be read: {error}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SpecError(f"{path} is not {'JSON' if is_json else 'YAML'}: {error}") from None
    if not isinstance(data, dict):
        raise SpecError(f"{path}: it holds {type(data).__name__}, not a mapping; write lines such as `name: value`")
    return data
