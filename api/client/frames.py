"""Data frames, where pandas is installed."""

import importlib
from typing import Any

from api.client.errors import MissingPackageError


def frame(data: Any) -> Any:
    """A pandas.DataFrame of columns or rows. MissingPackageError without pandas."""
    try:
        pandas = importlib.import_module("pandas")
    except ImportError:
        raise MissingPackageError("to_pandas needs pandas: pip install pandas") from None
    return pandas.DataFrame(data)
