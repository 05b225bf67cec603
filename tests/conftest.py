"""Skips a test marked `data(name)` where that published set is in none of the data folders."""

import pytest

from nas.dataset import dataset
from nas.published import PublishedSource

pytest_plugins = ["databases"]


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("data"):
        (name,) = marker.args
        source = dataset[name]
        if issubclass(source, PublishedSource) and source.published.find() is None:
            pytest.skip(f"data set {name} is not in NAS_DATA_DIR")
