"""Images for compressions."""

import pytest
from quadrants import quadrants


@pytest.fixture(scope="module")
def images():
    return quadrants()
