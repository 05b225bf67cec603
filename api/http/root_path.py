"""Where clients find the service: below the path of a proxy, if it has one."""

from contextvars import ContextVar

_root: ContextVar[str] = ContextVar("root_path", default="")


def enter(root_path: str) -> None:
    """Set it for the request that is being answered: "", or a path such as "/nas"."""
    _root.set(root_path)


def served(path: str) -> str:
    """A path of the service, such as "/v1/searches", as clients have to ask for it."""
    return _root.get() + path
