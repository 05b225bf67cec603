"""Methods that are written once for both clients, as coroutines, which each client runs in its own way."""

from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from functools import wraps
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

P = ParamSpec("P")
T = TypeVar("T")


class Blocking:
    """An object whose operations return when they are done."""


class Awaitable:
    """An object whose operations are awaited."""


class Operation(Generic[P, T]):
    """A method that is written as a coroutine; it returns the result, or for asyncio the coroutine."""

    def __init__(self, method: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]) -> None:
        self.method = method
        self.__doc__ = method.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Blocking, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, instance: Awaitable, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else _bound(self.method, instance, instance._transport.run)  # noqa: SLF001 - its own


class Streaming(Generic[P, T]):
    """A method that is written as an asynchronous generator; it returns an iterator, or for asyncio the generator."""

    def __init__(self, method: Callable[Concatenate[Any, P], AsyncGenerator[T, None]]) -> None:
        self.method = method
        self.__doc__ = method.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Blocking, owner: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, instance: Awaitable, owner: type) -> Callable[P, AsyncGenerator[T, None]]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else _bound(self.method, instance, instance._transport.each)  # noqa: SLF001 - its own


def _bound(method: Callable[..., Any], instance: object, run: Callable[[Any], Any]) -> Callable[..., Any]:
    """The method of an object, run so, with its own name, parameters and docstring."""
    bound = MethodType(method, instance)

    @wraps(bound)
    def call(*args: Any, **kwargs: Any) -> Any:
        return run(bound(*args, **kwargs))

    return call
