"""Tables of plugins by name: a plugin exists because its module exists in the family's package."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from nas.errors import UnknownNameError

T = TypeVar("T")
P = TypeVar("P")


class Plugins(Generic[T]):
    """Plugins of one kind, found by scanning one package the first time they are asked for.

    It needs only Python, as a device's agent has little installed; nas.registry adds parameters.
    """

    def __init__(self, kind: str, package: str, hint: str | None = None) -> None:
        """hint: what to tell who asks for a name that there is not."""
        self.kind = kind
        self._package = package
        self._hint = hint
        self._classes: dict[str, type[T]] = {}
        self._scanned = False

    def __call__(self, name: str) -> Callable[[type[P]], type[P]]:
        """Class decorator: register the class under name, and set its `name`."""

        def register(cls: type[P]) -> type[P]:
            if name in self._classes:
                raise ValueError(f"two {self.kind}s are named {name!r}: {self._classes[name]} and {cls}")
            self._classes[name] = cls  # type: ignore[assignment]  # P is a subclass of T; bounds cannot say so
            cls.name = name  # type: ignore[attr-defined]  # every contract declares `name`
            return cls

        return register

    def __getitem__(self, name: str) -> type[T]:
        self._scan()
        try:
            return self._classes[name]
        except (KeyError, TypeError):
            raise UnknownNameError(self.kind, name, self, self._hint) from None

    def __iter__(self) -> Iterator[str]:
        self._scan()
        return iter(sorted(self._classes))

    def make(self, name: str, *arguments: Any) -> T:
        """Build the plugin of that name."""
        return self[name](*arguments)

    def _scan(self) -> None:
        if self._scanned:
            return
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{self._package}.{module.name}")
        self._scanned = True
