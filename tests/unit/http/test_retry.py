"""When a request is tried again: faults that pass cost no row, dead servers seconds, and nobody is asked for ever."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clocks import Clock

from harvest_duck.errors import HarvestDuckError, ProtocolError, RateLimited, ServerError, TransportError
from harvest_duck.http.retry import ATTEMPTS, PATIENCE_S, RETRY_S, RetryBudget, tries

if TYPE_CHECKING:
    from collections.abc import Callable

LOG = logging.getLogger("harvest_duck.tests")


def limited(retry_after_s: float | None) -> RateLimited:
    return RateLimited("429", status=429, retry_after_s=retry_after_s)


def broken(retry_after_s: float | None = None) -> ServerError:
    return ServerError("503", status=503, retry_after_s=retry_after_s)


def tried(
    faults: list[HarvestDuckError],
    *,
    clock: Clock | None = None,
    takes_s: float = 0,
    patience_s: float = PATIENCE_S,
    budget: RetryBudget | None = None,
    waited_s: Callable[[], float] = lambda: 0.0,
) -> tuple[int, HarvestDuckError | None]:
    """How many attempts were made at what fails with one fault after the other, and the error that stood."""
    clock = clock or Clock()
    made = 0

    async def run() -> None:
        nonlocal made
        async for attempt in tries(clock, LOG, patience_s=patience_s, budget=budget, waited_s=waited_s):
            with attempt:
                made += 1
                clock.moment += takes_s
                if made <= len(faults):
                    raise faults[made - 1]

    try:
        asyncio.run(run())
    except HarvestDuckError as error:
        return made, error
    return made, None


@pytest.mark.parametrize("fault", [TransportError("reset"), broken(), broken(3), limited(None), limited(7), limited(0)])
def test_faults_that_pass_cost_no_error(fault: HarvestDuckError) -> None:
    assert tried([fault] * (ATTEMPTS - 1)) == (ATTEMPTS, None)


def test_what_does_not_pass_ends_with_its_error() -> None:
    fault = broken()
    assert tried([fault] * 99) == (ATTEMPTS, fault)


def test_what_trying_again_cannot_help_is_tried_once() -> None:
    fault = ProtocolError("HTML")
    assert tried([fault]) == (1, fault)


@given(st.lists(st.sampled_from([TransportError("reset"), broken(), broken(2)]), min_size=ATTEMPTS, max_size=ATTEMPTS))
def test_a_dead_server_costs_seconds(faults: list[HarvestDuckError]) -> None:
    clock = Clock()
    made, error = tried(faults, clock=clock)
    assert made == ATTEMPTS
    assert error is faults[-1]
    assert sum(clock.sleeps) <= 2 + 2 + 2 + 4


def test_a_server_that_lets_each_request_wait_is_not_waited_for_five_times() -> None:
    clock = Clock()
    made, error = tried([TransportError("no answer")] * 9, clock=clock, takes_s=RETRY_S / 2)
    assert isinstance(error, TransportError)
    assert made <= 3
    assert clock.moment <= RETRY_S * 1.5 + 8


@pytest.mark.parametrize("takes_s", [RETRY_S, 5 * RETRY_S])
def test_a_first_try_of_any_length_is_followed_by_another(takes_s: float) -> None:
    """A silent connection, with Timeout=60 or 300."""
    assert tried([TransportError("no answer")], takes_s=takes_s) == (2, None)
    assert tried([TransportError("no answer")] * 9, takes_s=takes_s)[0] == 2


def stalled(seconds: float) -> TransportError:
    """What a process finds that stood still."""
    error = TransportError("no answer")
    error.stalled_s = seconds
    return error


def test_time_in_which_the_process_stood_still_is_no_try_and_no_time() -> None:
    budget = RetryBudget(3)
    assert tried([stalled(1000)] * 9, takes_s=1000, budget=budget) == (10, None)
    assert [budget.spend() for _ in range(4)] == [True, True, True, False]


def vanished() -> TransportError:
    """What a port that was closed comes to."""
    error = TransportError("Connection refused")
    error.reached = False
    return error


@pytest.mark.parametrize("seed", range(20))
def test_a_host_that_answered_a_moment_ago_may_be_away_for_half_a_minute(seed: int) -> None:
    random.seed(seed)
    clock, budget = Clock(), RetryBudget(5)
    budget.succeeded(0)
    fault, left = vanished(), 0.0

    async def run() -> None:
        nonlocal left
        async for attempt in tries(clock, LOG, budget=budget):
            with attempt:
                if clock.moment < 30:
                    raise fault
                left = clock.moment

    asyncio.run(run())
    assert 30 <= left < RETRY_S
    assert all(budget.spend() for _ in range(5)), "it costs the host nothing"


def test_a_host_that_stays_away_is_given_up_after_a_minute() -> None:
    clock, budget = Clock(), RetryBudget(5)
    budget.succeeded(0)
    _, error = tried([vanished()] * 999, clock=clock, budget=budget)
    assert isinstance(error, TransportError)
    assert RETRY_S <= clock.moment <= RETRY_S + 2 * 8


@pytest.mark.parametrize("answered", [None, -2 * RETRY_S])
def test_a_host_that_has_not_answered_lately_costs_seconds(answered: float | None) -> None:
    clock, budget = Clock(), RetryBudget(99)
    if answered is not None:
        budget.succeeded(answered)
    assert tried([vanished()] * 99, clock=clock, budget=budget)[0] == ATTEMPTS
    assert clock.moment <= 10


def test_a_limit_that_does_not_say_how_long_is_outwaited() -> None:
    """Harvest's window is 15 seconds."""
    clock = Clock()
    assert tried([limited(None)] * 4, clock=clock)[1] is None
    assert sum(clock.sleeps) > 15


@pytest.mark.parametrize("fault", [limited(PATIENCE_S + 1), broken(PATIENCE_S + 1)])
def test_more_patience_than_there_is_is_not_begun(fault: HarvestDuckError) -> None:
    clock = Clock()
    assert tried([fault], clock=clock) == (1, fault)
    assert sum(clock.sleeps) == 0


def test_patience_is_for_all_waits_together() -> None:
    clock = Clock()
    made, error = tried([limited(PATIENCE_S * 0.4)] * 9, clock=clock)
    assert isinstance(error, RateLimited)
    assert made == 3
    assert sum(clock.sleeps) == pytest.approx(PATIENCE_S * 0.8)


def test_the_window_of_reports_is_waited_for_where_a_limit_says_so_and_not_where_a_server_is_broken() -> None:
    assert tried([limited(900)], patience_s=960) == (2, None)
    assert tried([broken(900)], patience_s=960)[0] == 1


def test_what_was_waited_for_a_turn_or_on_advice_is_not_counted() -> None:
    clock = Clock()
    assert tried([limited(50), broken(), broken()], clock=clock, patience_s=960) == (4, None)
    assert tried([broken()] * 4, takes_s=RETRY_S, waited_s=lambda: 10 * RETRY_S) == (5, None)


def test_all_requests_of_a_client_have_one_budget() -> None:
    budget = RetryBudget(6)
    made = [tried([broken()] * 9, budget=budget)[0] for _ in range(4)]
    assert made == [5, 3, 1, 1], "six further tries, whoever makes them"


def test_success_fills_the_budget_by_half_a_try_and_never_beyond_its_measure() -> None:
    budget = RetryBudget(2)
    assert [budget.spend() for _ in range(3)] == [True, True, False]
    budget.succeeded(0)
    assert not budget.spend()
    budget.succeeded(0)
    assert budget.spend()
    for _ in range(99):
        budget.succeeded(0)
    assert [budget.spend() for _ in range(3)] == [True, True, False]
