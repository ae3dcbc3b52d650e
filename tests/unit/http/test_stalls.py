"""A process that stood still knows for how long, and nothing else counts as that."""

from __future__ import annotations

import asyncio

from support.virtual import VirtualLoop, run

from harvest_duck.http.stalls import StallWatch


def stand_still(seconds: float) -> None:
    """Let time pass in which the loop does not run."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop._skipping.now += seconds


def test_the_seconds_in_which_nothing_ran_are_known_to_whoever_waited() -> None:
    async def work() -> tuple[float, float, float]:
        watch = StallWatch()
        with watch.watching() as first:
            await asyncio.sleep(30)
            undisturbed = first()
            stand_still(60)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            with watch.watching() as second:
                await asyncio.sleep(30)
                return undisturbed, first(), second()

    undisturbed, first, second = run(work())
    assert (undisturbed, second) == (0, 0)
    assert 59 <= first <= 60


def test_a_busy_moment_is_no_standstill_and_nobody_looks_where_nothing_is_awaited() -> None:
    async def work() -> tuple[float, int]:
        watch = StallWatch()
        with watch.watching() as stalled_s:
            stand_still(4)
            await asyncio.sleep(10)
        stand_still(1000)
        await asyncio.sleep(10)
        with watch.watching() as later_s:
            await asyncio.sleep(10)
        return stalled_s() + later_s(), len(asyncio.get_running_loop()._scheduled)  # type: ignore[attr-defined]

    found, timers = run(work())
    assert found == 0
    assert timers <= 1, "that of the last wait, which was cancelled"
