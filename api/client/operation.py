"""Methods that are written once for both clients: as steps, which each client carries out in its own way."""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import wraps
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from api.client.transport import AsyncTransport, Transport
from api.client.wire import Steps, Stream

P = ParamSpec("P")
T = TypeVar("T")


class Blocking:
    """An object whose operations return when they are done."""

    _transport: Transport


class Awaitable:
    """An object whose operations are awaited."""

    _transport: AsyncTransport


class Operation(Generic[P, T]):
    """A method that is written as steps; called, it returns their result, or for asyncio a coroutine of it."""

    def __init__(self, steps: Callable[Concatenate[Any, P], Steps[T]]) -> None:
        self.steps = steps
        self.__doc__ = steps.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Blocking, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, instance: Awaitable, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else _method(self.steps, instance, instance._transport.run)  # noqa: SLF001 - its own


class Streaming(Generic[P, T]):
    """As Operation, of a method that gives many values: an iterator, or for asyncio an asynchronous one."""

    def __init__(self, steps: Callable[Concatenate[Any, P], Stream[T]]) -> None:
        self.steps = steps
        self.__doc__ = steps.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Blocking, owner: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, instance: Awaitable, owner: type) -> Callable[P, AsyncIterator[T]]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else _method(self.steps, instance, instance._transport.each)  # noqa: SLF001 - its own


def _method(steps: Callable[..., Any], instance: object, carry_out: Callable[[Any], Any]) -> Callable[..., Any]:
    """The method of an object, with the name, parameters and docstring of its steps."""
    bound = MethodType(steps, instance)

    @wraps(bound)
    def call(*args: Any, **kwargs: Any) -> Any:
        return carry_out(bound(*args, **kwargs))

    return call
