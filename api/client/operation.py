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
        if instance is None:
            return self

        steps = MethodType(self.steps, instance)

        @wraps(steps)
        def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            return instance._transport.run(steps(*args, **kwargs))  # noqa: SLF001 - of its own object

        return call


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
        if instance is None:
            return self

        steps = MethodType(self.steps, instance)

        @wraps(steps)
        def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            return instance._transport.each(steps(*args, **kwargs))  # noqa: SLF001 - of its own object

        return call
