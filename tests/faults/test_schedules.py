"""Seeded faults on the way: a scan returns exactly the rows of Harvest, or an error that a fault explains."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import TYPE_CHECKING

from faults.excuses import EXCUSES, excused
from faults.scenarios import Scenario, scenario
from faults.stage import Hang, Stage, bounded, close_clients, open_files, tasks_left

from harvest_duck.errors import CredentialsError, HarvestDuckError, Unauthorized
from harvest_duck.runtime import interrupt, loop
from harvest_duck.sandbox.faults.schedule import Kind, Schedule

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from harvest_duck.sandbox.faults.injector import Committed


def test_rows_are_exact_or_an_error_says_why(
    seeds: list[int], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong on the way; nothing hangs, nothing is left behind, and the next scan is right."""
    # The sockets that the process has once: those of the loop, and those by which it hears of Ctrl-C.
    loop.run(asyncio.sleep(0))
    interrupt.watch_sigint()
    before = open_files()
    with Stage() as stage:
        reports = [_played(stage, seed, alone=len(seeds) == 1) for seed in seeds]
        close_clients()
    if len(seeds) == 1:
        with capsys.disabled():
            print(f"\n{reports[0][0]}")  # noqa: T201 - asked for
    failures = [f"{fault}\n{story}" for story, fault in reports if fault]
    assert not failures, "\n\n".join(failures)
    assert not [record for record in caplog.records if record.name.startswith(("aiohttp", "asyncio"))]
    gc.collect()
    assert _left_open(before) == set()
    assert {thread.name.rstrip("0123456789") for thread in threading.enumerate() if _ours(thread)} <= _THREADS


#: The loop of all requests and its pools, each of which has so many threads at most.
_THREADS = {"MainThread", "harvest-duck requests", "harvest-duck decoding_", "asyncio_", "harvest-sandbox"}


def _ours(thread: threading.Thread) -> bool:
    """Whether Python started a thread for this package or for the tests, rather than DuckDB or pytest."""
    return not isinstance(thread, threading._DummyThread) and not thread.name.startswith(("execnet", "Thread-"))


def _left_open(before: set[str] | None) -> set[str]:
    """The sockets that were not there before, after those that are closing had the time to."""
    for _ in range(200):
        after = open_files()
        if before is None or after is None or after <= before:
            return set()
        loop.run(asyncio.sleep(0.01))
    return after - before


#: How many faults on one target a report tells at most.
_TOLD = 6


def _played(stage: Stage, seed: int, *, alone: bool) -> tuple[str, str]:
    """What a seed comes to, and what is wrong with it; nothing where all is right."""
    played = scenario(seed, stage.oracle.rows)
    stage.sandbox(played).misbehave(played.schedule)
    fault, committed = _fault(stage, played)
    story = [str(played), *(f"  {each}" for each in committed if each.time <= _TOLD)]
    if fault and alone:
        smallest = _smallest(stage, played, committed)
        story += ["the smallest schedule that fails:", *(f"  {each}" for each in smallest)]
    return "\n".join([*story, f"replay: pytest tests/faults --seed {seed}"]), fault


def _fault(stage: Stage, played: Scenario) -> tuple[str, list[Committed]]:
    """What is wrong with a scan and the one after it, and the faults that were committed."""
    sandbox, connection = stage.sandbox(played), stage.connection(played)
    fault = ""
    try:
        found = bounded(lambda: stage.rows(played, connection))
    except HarvestDuckError as error:
        committed = list(sandbox.committed)
        if not excused(error, committed, played):
            fault = f"{type(error).__name__} without an excuse: {error}"
    except Hang as hang:
        committed = list(sandbox.committed)
        fault = str(hang)
    else:
        committed = list(sandbox.committed)
        touched = [each.touched for each in committed if each.touched is not None]
        fault = stage.oracle.wrong(played, found, touched)
    sandbox.behave()
    if left := tasks_left():
        return f"{fault} tasks left: {left}", committed
    return fault or _afterwards(stage, played, connection, committed), committed


def _afterwards(stage: Stage, played: Scenario, connection: str, committed: Sequence[Committed]) -> str:
    """What is wrong with a second scan over the same connection, when all is well again."""
    revoked = any(each.fault.kind is Kind.REVOKED for each in committed) and played.oauth
    try:
        found = bounded(lambda: stage.rows(played, connection))
    except HarvestDuckError as error:
        if revoked and isinstance(error, CredentialsError | Unauthorized):
            return ""
        return f"the scan after it: {type(error).__name__}: {error}"
    except Hang as hang:
        return f"the scan after it: {hang}"
    fault = stage.oracle.wrong(played, found, ())
    return f"the scan after it: {fault}" if fault else ""


def _smallest(stage: Stage, played: Scenario, committed: Sequence[Committed]) -> Sequence[Committed]:
    """Those of the faults without which the scan would not fail."""
    needed = list(committed)
    for each in committed:
        fewer = [other for other in needed if other is not each]
        stage.sandbox(played).misbehave(Schedule.planned({(one.target, one.time): one.fault for one in fewer}))
        if _fault(stage, played)[0]:
            needed = fewer
    return needed


def test_every_kind_of_fault_has_its_excuses() -> None:
    assert set(EXCUSES) == set(Kind)
