"""Requests whose work takes long: a few at once, some wait, others are refused; who leaves no longer waits."""

import anyio
import pytest

from api.http.concurrency import ConcurrencyLimit, Limiter
from api.http.problems import ProblemError


class Client:
    """A request whose client leaves when the test says so."""

    def __init__(self):
        self.leaves = anyio.Event()

    async def receive(self):
        await self.leaves.wait()
        return {"type": "http.disconnect"}


def test_a_few_are_worked_on_some_wait_and_others_are_refused():
    async def run():
        limiter, over, order = Limiter("uploads", ConcurrencyLimit(at_once=2, waiting=2)), anyio.Event(), []

        async def work(number):
            async with limiter.turn(Client()):
                order.append(number)
                await over.wait()

        async with anyio.create_task_group() as tasks:
            for number in range(4):
                tasks.start_soon(work, number)
            await anyio.wait_all_tasks_blocked()
            assert order == [0, 1]
            with pytest.raises(ProblemError, match="as many uploads as it can") as refused:
                await work(4)
            over.set()
        assert (refused.value.reason, refused.value.headers) == ("BUSY", {"retry-after": "5"})
        assert order == [0, 1, 2, 3]
        await work(5)
        assert order[-1] == 5

    anyio.run(run)


@pytest.mark.parametrize(("wait_s", "leaves"), [(1e6, True), (0.0, False)])
def test_who_leaves_waits_no_longer_and_who_waits_too_long_is_refused(wait_s, leaves):
    async def run():
        limiter = Limiter("estimates", ConcurrencyLimit(at_once=1, waiting=1, wait_s=wait_s))
        over, second = anyio.Event(), Client()

        async def work(client):
            async with limiter.turn(client):
                await over.wait()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work, Client())
            await anyio.wait_all_tasks_blocked()
            if leaves:
                second.leaves.set()
            with pytest.raises(ProblemError):
                await work(second)
            over.set()
        await work(Client())

    anyio.run(run)
