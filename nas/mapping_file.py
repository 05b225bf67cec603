"""Files that users write: a mapping as YAML or JSON."""

from pathlib import Path
from typing import Any

import yaml

from nas.errors import SpecError


def read_mapping(path: Path) -> dict[str, Any]:
    """The mapping in a YAML or JSON file. SpecError if it holds none."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path} cannot be read: {error}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise SpecError(f"{path} is not YAML: {error}") from None
    if not isinstance(data, dict):
        raise SpecError(f"{path}: a mapping is wanted, such as `dataset: NAME`")
    return data
