"""A call that blocks is left behind; others return what they return."""

from __future__ import annotations

import asyncio
import threading

import pytest

from harvest_duck.diagnosis.blocking_call import within


def test_what_a_call_returns_or_raises_comes_through() -> None:
    assert asyncio.run(within(60, lambda: 7)) == 7
    with pytest.raises(LookupError, match="nothing"):
        asyncio.run(within(60, lambda: (_ for _ in ()).throw(LookupError("nothing"))))


def test_a_call_that_blocks_for_ever_is_left_behind() -> None:
    """The loop ends while it still blocks, which a pool of threads would wait for."""
    release = threading.Event()
    with pytest.raises(TimeoutError):
        asyncio.run(within(0.01, release.wait))
    release.set()
