"""The base of conformance suites: pytest-style tests of one plugin, which also run without pytest."""

from collections.abc import Mapping
from typing import Any


class Contract:
    """Subclass a suite with the config of one plugin, at least its name."""

    config: str | Mapping[str, Any]

    @classmethod
    def check(cls, config: str | Mapping[str, Any]) -> None:
        """Run all tests of the suite on one plugin; AssertionError for the first promise that is broken."""
        for name in [name for name in dir(cls) if name.startswith("test_")]:
            suite = cls()
            suite.config = config
            getattr(suite, name)()
