"""The queue of names: each in one pair of hands, each when it is due, no busy waiting.

The loop's clock is the test's: it jumps to the next timer instead of sleeping.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.cluster.work_queue import WorkQueue
from tests.unit.jumping_loop import JumpingLoop, run_on

A, B, C = ("shop", "a"), ("shop", "b"), ("shop", "c")


def run(
    story: Callable[[JumpingLoop, WorkQueue[tuple[str, str]]], Coroutine[Any, Any, None]],
) -> None:
    """Run a story on a loop of its own."""
    loop = JumpingLoop()

    async def begin() -> None:
        await story(loop, WorkQueue())

    run_on(loop, begin())


async def nothing_within(seconds: float, taking: Awaitable[Any]) -> bool:
    """Say whether nothing comes within some time; what was begun is called off."""
    try:
        await asyncio.wait_for(taking, seconds)
    except TimeoutError:
        return True
    return False


def test_names_come_when_they_are_due_the_earliest_first() -> None:
    async def story(loop: JumpingLoop, queue: WorkQueue[tuple[str, str]]) -> None:
        queue.add(C, 30)
        queue.add(A)
        queue.add(B, 10)
        taken = [(await queue.take(), loop.time()) for _ in range(3)]
        assert taken == [(A, 0), (B, 10), (C, 30)]

    run(story)


@pytest.mark.parametrize(("first", "second"), [(60, 5), (5, 60)])
def test_of_two_wishes_for_a_name_the_earlier_wins(first: float, second: float) -> None:
    async def story(loop: JumpingLoop, queue: WorkQueue[tuple[str, str]]) -> None:
        queue.add(A, first)
        queue.add(A, second)
        assert await queue.take() == A
        assert loop.time() == 5
        queue.done(A)
        assert await nothing_within(600, queue.take())

    run(story)


def test_an_earlier_wish_wakes_whoever_waits() -> None:
    async def story(loop: JumpingLoop, queue: WorkQueue[tuple[str, str]]) -> None:
        queue.add(A, 600)
        taking = asyncio.ensure_future(queue.take())
        await asyncio.sleep(1)
        queue.add(B, 2)
        assert await taking == B
        assert loop.time() == 3

    run(story)


def test_a_name_in_somebodys_hands_is_not_handed_out_again() -> None:
    async def story(loop: JumpingLoop, queue: WorkQueue[tuple[str, str]]) -> None:
        queue.add(A)
        assert await queue.take() == A
        queue.add(A)
        queue.add(B, 1)
        assert await queue.take() == B
        assert await nothing_within(60, queue.take())
        queue.done(A)
        assert await queue.take() == A

    run(story)


def test_waiting_for_a_busy_name_costs_nothing() -> None:
    async def story(loop: JumpingLoop, queue: WorkQueue[tuple[str, str]]) -> None:
        queue.add(A)
        await queue.take()
        queue.add(A)
        takers = [asyncio.ensure_future(queue.take()) for _ in range(8)]
        await asyncio.sleep(3600)
        assert loop.turns < 50
        for taker in takers:
            taker.cancel()

    run(story)


@given(
    st.lists(
        st.tuples(st.sampled_from([A, B, C]), st.integers(0, 5), st.integers(0, 5)), max_size=20
    )
)
def test_side_by_side_no_name_is_in_two_hands_and_none_is_lost(
    wishes: list[tuple[tuple[str, str], int, int]],
) -> None:
    async def story(loop: JumpingLoop, queue: WorkQueue[tuple[str, str]]) -> None:
        held: set[tuple[str, str]] = set()
        served: set[tuple[str, str]] = set()

        async def work() -> None:
            while True:
                name = await queue.take()
                assert name not in held
                held.add(name)
                await asyncio.sleep(1)
                held.remove(name)
                served.add(name)
                queue.done(name)

        workers = [asyncio.ensure_future(work()) for _ in range(3)]
        for name, after, pause in wishes:
            queue.add(name, after)
            await asyncio.sleep(pause)
        await asyncio.sleep(60)
        assert served == {name for name, _, _ in wishes}
        assert not any(worker.done() for worker in workers)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    run(story)


def test_of_the_names_that_are_due_the_lowest_rank_comes_first() -> None:
    async def story(loop: JumpingLoop, queue: WorkQueue[tuple[str, str]]) -> None:
        queue.add(A, rank=(2, "old"))
        queue.add(B, rank=(0, "young"))
        queue.add(C, 5, rank=(0, "old"))
        await asyncio.sleep(1)
        assert [await queue.take() for _ in range(3)] == [B, A, C]
        assert loop.time() == 5

    run(story)


def test_a_name_that_gets_worse_while_it_waits_overtakes() -> None:
    async def story(loop: JumpingLoop, queue: WorkQueue[tuple[str, str]]) -> None:
        queue.add(A, rank=(1,))
        queue.add(B, rank=(2,))
        queue.add(C, rank=(3,))
        assert await queue.take() == A
        queue.add(C, rank=(0,))
        assert [await queue.take(), await queue.take()] == [C, B]
        for name in (A, B, C):
            queue.done(name)
        assert await nothing_within(600, queue.take())

    run(story)


def test_a_name_in_somebodys_hands_stays_there_whatever_its_rank() -> None:
    async def story(loop: JumpingLoop, queue: WorkQueue[tuple[str, str]]) -> None:
        queue.add(A, rank=(1,))
        queue.add(A, rank=(0,))
        assert await queue.take() == A
        queue.add(A)
        assert await nothing_within(60, queue.take())
        queue.done(A)
        assert await queue.take() == A

    run(story)


def test_a_name_that_is_put_back_keeps_its_rank() -> None:
    async def story(loop: JumpingLoop, queue: WorkQueue[tuple[str, str]]) -> None:
        queue.add(A, rank=(0,))
        queue.add(B, rank=(1,))
        assert await queue.take() == A
        queue.add(A)
        queue.done(A)
        assert [await queue.take(), await queue.take()] == [A, B]

    run(story)


@given(
    st.lists(
        st.tuples(st.sampled_from([A, B, C]), st.integers(0, 3), st.integers(0, 3)), max_size=20
    )
)
def test_whatever_the_ranks_no_name_is_lost_and_none_comes_twice(
    wishes: list[tuple[tuple[str, str], int, int]],
) -> None:
    async def story(loop: JumpingLoop, queue: WorkQueue[tuple[str, str]]) -> None:
        for name, after, rank in wishes:
            queue.add(name, after, (rank,))
        await asyncio.sleep(10)
        wanted = {name for name, _, _ in wishes}
        assert {await queue.take() for _ in wanted} == wanted
        assert await nothing_within(60, queue.take())
        assert not len(queue)

    run(story)
