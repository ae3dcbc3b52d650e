"""Rate limits: never more sends in a window than Harvest may count, all of them used, and first come first served."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share
from support.virtual import Job, Sent, VirtualClock, most_within, run, served

from harvest_duck.http.ratelimit.window import SlidingWindow, SystemClock


def serve(requests: int, window_s: float, jobs: list[Job]) -> list[Sent]:
    """The requests that a fresh window lets through, in the order in which they were sent."""
    return run(served(SlidingWindow(requests, window_s, VirtualClock()), jobs))


jobs = st.lists(st.builds(Job, st.integers(0, 30), st.integers(0, 20)), min_size=1, max_size=25)


@settings(deadline=None, max_examples=share(150))
@given(st.integers(1, 6), st.integers(1, 15), jobs)
def test_no_window_ever_holds_more_requests_than_allowed(requests: int, window_s: int, asked: list[Job]) -> None:
    done = serve(requests, window_s, asked)
    assert len(done) == len(asked)
    assert most_within(window_s, done) <= requests


@settings(deadline=None, max_examples=share(150))
@given(st.integers(1, 6), st.integers(1, 15), jobs)
def test_a_request_waits_only_where_the_window_is_full(requests: int, window_s: int, asked: list[Job]) -> None:
    """Just before it was sent, as many others as are allowed were under way, or answered less than a window before."""
    done = serve(requests, window_s, asked)
    for place, late in enumerate(done):
        if late.sent > late.asked:
            blocking = [other for other in done[:place] if other.answered + window_s >= late.sent]
            assert len(blocking) >= requests


@settings(deadline=None, max_examples=share(150))
@given(st.integers(1, 6), st.integers(1, 15), jobs)
def test_first_come_is_first_served(requests: int, window_s: int, asked: list[Job]) -> None:
    assert [one.number for one in serve(requests, window_s, asked)] == list(range(len(asked)))


@settings(deadline=None, max_examples=share(50))
@given(st.integers(1, 6), st.integers(1, 15), jobs)
def test_the_wait_that_is_reported_is_the_one_that_passed(requests: int, window_s: int, asked: list[Job]) -> None:
    assert all(one.waited == one.sent - one.asked for one in serve(requests, window_s, asked))


def test_the_whole_quota_goes_out_at_once_and_again_a_window_later() -> None:
    done = serve(100, 15, [Job(0, 0)] * 250)
    assert [one.sent for one in done] == [0] * 100 + [15] * 100 + [30] * 50


def test_a_window_begins_with_the_answer_not_with_the_request() -> None:
    """Harvest may have counted the request as late as that."""
    done = serve(1, 15, [Job(0, 10), Job(0, 0)])
    assert [one.sent for one in done] == [0, 25]


def test_places_become_free_one_by_one_as_they_were_taken() -> None:
    done = serve(3, 10, [Job(0, 0), Job(2, 0), Job(5, 0), *[Job(6, 0)] * 3])
    assert [one.sent for one in done] == [0, 2, 5, 10, 12, 15]


def test_while_all_are_under_way_the_next_waits_for_an_answer_and_its_window() -> None:
    done = serve(2, 10, [Job(0, 100), Job(0, 7), Job(0, 0), Job(0, 0)])
    assert [one.sent for one in done] == [0, 0, 17, 27]


def test_one_window_for_all_that_is_asked_without_waiting_for_room_reports_no_wait() -> None:
    assert {one.waited for one in serve(5, 10, [Job(second, 1) for second in range(5)])} == {0}


async def paused(window: SlidingWindow, *, at: float, seconds: float) -> None:
    """A pause that begins at a moment."""
    await asyncio.sleep(at)
    window.pause(seconds)


@pytest.mark.parametrize(
    ("pauses", "sent"),
    [
        pytest.param([(0, 30)], 30, id="before anything is asked for"),
        pytest.param([(2, 30), (3, 5)], 32, id="the longer one stands"),
        pytest.param([(2, 5), (3, 30)], 33, id="a later end counts"),
        pytest.param([(2, 0)], 5, id="no time at all"),
        pytest.param([(2, 3)], 5, id="over by then"),
    ],
)
def test_nothing_is_sent_during_a_pause(pauses: list[tuple[float, float]], sent: float) -> None:
    """Two requests are asked for at the second 5."""

    async def work() -> list[float]:
        window = SlidingWindow(10, 15, VirtualClock())
        async with asyncio.TaskGroup() as group:
            for at, seconds in pauses:
                group.create_task(paused(window, at=at, seconds=seconds))
            done = group.create_task(served(window, [Job(5, 0), Job(5, 0)]))
        return [one.sent for one in done.result()]

    assert run(work()) == [sent, sent]


def test_a_pause_during_a_wait_prolongs_it() -> None:
    """A 429 comes while others queue for their turn."""

    async def work() -> list[float]:
        window = SlidingWindow(1, 10, VirtualClock())
        async with asyncio.TaskGroup() as group:
            done = group.create_task(served(window, [Job(0, 0), Job(1, 0), Job(2, 0)]))
            group.create_task(paused(window, at=5, seconds=20))
        return [one.sent for one in done.result()]

    assert run(work()) == [0, 25, 35]


def test_a_pause_while_waiting_for_an_answer_is_kept() -> None:
    async def work() -> list[float]:
        window = SlidingWindow(1, 2, VirtualClock())
        async with asyncio.TaskGroup() as group:
            done = group.create_task(served(window, [Job(0, 10), Job(1, 0)]))
            group.create_task(paused(window, at=5, seconds=30))
        return [one.sent for one in done.result()]

    assert run(work()) == [0, 35]


async def cut_off(window: SlidingWindow) -> None:
    """A request that fails after three seconds."""
    async with window.slot():
        await asyncio.sleep(3)
        raise OSError("cut off")


def test_a_request_that_fails_counts_all_the_same() -> None:
    async def work() -> float:
        window = SlidingWindow(1, 15, VirtualClock())
        with pytest.raises(OSError, match="cut off"):
            await cut_off(window)
        async with window.slot():
            return VirtualClock().now()

    assert run(work()) == 18


def test_a_request_that_gives_up_waiting_takes_no_place() -> None:
    async def work() -> list[float]:
        window = SlidingWindow(1, 15, VirtualClock())
        async with asyncio.TaskGroup() as group:
            first = group.create_task(served(window, [Job(0, 0)]))
            given_up = group.create_task(served(window, [Job(1, 0)]))
            third = group.create_task(served(window, [Job(2, 0)]))
            await asyncio.sleep(5)
            given_up.cancel()
        return [one.sent for done in (first, third) for one in done.result()]

    assert run(work()) == [0, 15]


def test_a_request_that_is_cancelled_under_way_counts_from_then() -> None:
    async def work() -> list[float]:
        window = SlidingWindow(1, 15, VirtualClock())
        async with asyncio.TaskGroup() as group:
            cancelled = group.create_task(served(window, [Job(0, 100)]))
            waiting = group.create_task(served(window, [Job(1, 0)]))
            await asyncio.sleep(4)
            cancelled.cancel()
        return [one.sent for one in waiting.result()]

    assert run(work()) == [19]


def test_the_clock_of_the_machine_moves_forward() -> None:
    clock = SystemClock()

    async def work() -> tuple[float, float]:
        before = clock.now()
        await clock.sleep(0)
        return before, clock.now()

    before, after = asyncio.run(work())
    assert before <= after
