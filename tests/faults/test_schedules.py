"""Scans under seeded faults: the rows are exactly those of Harvest, or a fault explains the error."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import TYPE_CHECKING

from faults.expected_errors import EXPECTED_ERRORS, expected
from faults.sandboxes import Hang, Sandboxes, close_clients, open_sockets, tasks_left, with_timeout
from faults.scenarios import Scenario, scenario_for

from harvest_duck.errors import CredentialsError, HarvestDuckError, Unauthorized
from harvest_duck.runtime import interrupt, loop
from harvest_duck.sandbox.faults.schedule import Kind, Schedule

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from harvest_duck.sandbox.faults.injector import InjectedFault


def test_rows_are_exact_or_an_error_says_why(
    seeds: list[int], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """For every schedule; nothing hangs, no resources leak, and the next scan is correct."""
    # The loop and the handling of Ctrl-C each open their sockets once for the process.
    loop.run(asyncio.sleep(0))
    interrupt.watch_sigint()
    # Other tests of this process may share a server.
    running, before = set(threading.enumerate()), open_sockets()
    with Sandboxes() as sandboxes:
        reports = [_run(sandboxes, seed, alone=len(seeds) == 1) for seed in seeds]
        close_clients()
    if len(seeds) == 1:
        with capsys.disabled():
            print(f"\n{reports[0][0]}")  # noqa: T201 - `--seed` prints it
    failures = [f"{failure}\n{report}" for report, failure in reports if failure]
    assert not failures, "\n\n".join(failures)
    assert not [record for record in caplog.records if record.name.startswith(("aiohttp", "asyncio"))]
    gc.collect()
    assert _left_open(before) == set()
    begun = {
        thread.name.rstrip("0123456789") for thread in threading.enumerate() if _ours(thread) and thread not in running
    }
    assert begun <= _THREADS


#: The names of the threads: those of the pools of the event loop, and its own and that of the sandbox.
_POOLS = {"harvest-duck decoding_", "harvest-duck unpacking_", "asyncio_"}
_THREADS = {"MainThread", "harvest-duck requests", "harvest-sandbox", *_POOLS}


def _ours(thread: threading.Thread) -> bool:
    """Return whether Python started a thread for this package or for the tests, and not DuckDB or pytest."""
    return not isinstance(thread, threading._DummyThread) and not thread.name.startswith(
        ("execnet", "Thread-", "pytest")
    )


def _left_open(before: set[str] | None) -> set[str]:
    """Return the sockets that were not open before, after those that are closing had time to close."""
    for _ in range(200):
        after = open_sockets()
        if before is None or after is None or after <= before:
            return set()
        loop.run(asyncio.sleep(0.01))
    return after - before


#: The number of faults on one target that a report lists at most.
_LISTED = 6


def _run(sandboxes: Sandboxes, seed: int, *, alone: bool) -> tuple[str, str]:
    """Run the scenario of a seed; return a report, and the failure or an empty text."""
    scenario = scenario_for(seed, sandboxes.oracle.rows)
    sandboxes.sandbox(scenario).inject(scenario.schedule)
    failure, injected = _failure(sandboxes, scenario)
    report = [str(scenario), *(f"  {each}" for each in injected if each.attempt <= _LISTED)]
    if failure and alone:
        smallest = _smallest(sandboxes, scenario, injected)
        report += ["the smallest schedule that fails:", *(f"  {each}" for each in smallest)]
    return "\n".join([*report, f"replay: pytest tests/faults --seed {seed}"]), failure


def _failure(sandboxes: Sandboxes, scenario: Scenario) -> tuple[str, list[InjectedFault]]:
    """Run a scan and a second one; return the failure or an empty text, and the injected faults."""
    sandbox, connection = sandboxes.sandbox(scenario), sandboxes.connection(scenario)
    failure = ""
    try:
        found = with_timeout(lambda: sandboxes.rows(scenario, connection))
    except HarvestDuckError as error:
        injected = list(sandbox.injected)
        if not expected(error, injected, scenario):
            failure = f"{type(error).__name__} that no fault explains: {error}"
    except Hang as hang:
        injected = list(sandbox.injected)
        failure = str(hang)
    else:
        injected = list(sandbox.injected)
        changes = [each.change for each in injected if each.change is not None]
        failure = sandboxes.oracle.wrong(scenario, found, changes)
    sandbox.stop_injecting()
    if left := tasks_left():
        return f"{failure} tasks left: {left}", injected
    return failure or _second_scan(sandboxes, scenario, connection, injected), injected


def _second_scan(sandboxes: Sandboxes, scenario: Scenario, connection: str, injected: Sequence[InjectedFault]) -> str:
    """Return the failure of a second scan over the same connection without faults, or an empty text."""
    revoked = any(each.fault.kind is Kind.REVOKED for each in injected) and scenario.oauth
    try:
        found = with_timeout(lambda: sandboxes.rows(scenario, connection))
    except HarvestDuckError as error:
        if revoked and isinstance(error, CredentialsError | Unauthorized):
            return ""
        return f"the scan after it: {type(error).__name__}: {error}"
    except Hang as hang:
        return f"the scan after it: {hang}"
    failure = sandboxes.oracle.wrong(scenario, found, ())
    return f"the scan after it: {failure}" if failure else ""


def _smallest(sandboxes: Sandboxes, scenario: Scenario, injected: Sequence[InjectedFault]) -> Sequence[InjectedFault]:
    """Return those of the faults that are needed for the failure."""
    needed = list(injected)
    for each in injected:
        fewer = [other for other in needed if other is not each]
        sandboxes.sandbox(scenario).inject(Schedule.planned({(one.target, one.attempt): one.fault for one in fewer}))
        if _failure(sandboxes, scenario)[0]:
            needed = fewer
    return needed


def test_every_kind_of_fault_has_its_expected_errors() -> None:
    assert set(EXPECTED_ERRORS) == set(Kind)
