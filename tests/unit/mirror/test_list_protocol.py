"""The sync of a list that changes all the time loses nothing, takes nothing that exists for deleted, asks little."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import inf
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.changing_list import BEGIN, TODAY, ChangingList, Copy, Pace
from support.run_size import share
from support.still_list import NOW, StillList, working_days

from harvest_duck.mirror.asks import (
    Bury,
    ChangedRead,
    CountAll,
    CountDays,
    Counted,
    DaysRead,
    Held,
    HeldRows,
    ReadChanged,
    ReadDays,
    ReadRunning,
)
from harvest_duck.mirror.list_protocol import (
    ListOptions,
    ListState,
    most_requests,
    requests_if_unchanged,
    sync_list,
    unseen,
)
from harvest_duck.mirror.model import CheckDeletes
from harvest_duck.mirror.periods import Period, months, pack, verification_periods

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from random import Random

    from harvest_duck.mirror.asks import Answer, Ask
    from harvest_duck.mirror.list_protocol import ListOutcome

WHOLE = Period()


class History:
    """A list that changes at random, a copy of it, and what has to be true of both after each sync."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.pace = Pace(
            changes=random.choice([0.02, 0.2, 0.2, 1, 3]),
            late_s=random.choice([0, 0, 4, 30]),
            undated=random.choice([0, 0, 0, 0.1]),
            fleeting=random.choice([0, 0, 0, 0.2]),
            entering=random.choice([0, 0, 0, 0, 0.1]),
        )
        self.source = ChangingList(random)
        for _ in range(random.randint(10, 60)):
            self.source.insert(TODAY - timedelta(days=int(random.random() ** 2 * 300)))
        self.source.pass_time(1)
        self.source.pace = self.pace
        self.copy = Copy(self.source, random.choice([1, 2, 3, 5]))
        self.copy.rows = dict(self.source.records)
        self.copy.watermark = BEGIN + timedelta(seconds=self.source.now)
        self.read: list[tuple[Period, datetime]] = []

    @property
    def state(self) -> ListState:
        """What the copy holds."""
        return ListState(self.copy.watermark, self.copy.by_day(), TODAY)

    def options(self) -> ListOptions:
        """Usual options, with an overlap that is no longer than it must be."""
        return ListOptions(page_size=self.copy.page_size, overlap=timedelta(seconds=self.pace.late_s + 1))

    def any_options(self) -> ListOptions:
        """Options of any kind."""
        verified = self.random.randint(0, 2)
        return replace(
            self.options(),
            check=self.random.choice([*[CheckDeletes.RECENT] * 4, *CheckDeletes]),
            verify=verification_periods(self.copy.by_day(), self.read, verified, self.copy.page_size),
            whole=self.random.random() < 0.1,
            running=self.random.random() < 0.3,
        )

    def sync(self, options: ListOptions, *, stop_at: float = inf) -> ListOutcome | None:
        """Run a sync and check what it left behind."""
        outcome = self.copy.run(sync_list(self.state, options), stop_at=stop_at)
        if outcome:
            self.read += [(period, outcome.watermark) for period in outcome.read]
        self._check_rows()
        if outcome and outcome.proven_at and any(isinstance(ask, CountAll) for ask in self.copy.asks):
            self._check_proof()
        return outcome

    def _check_rows(self) -> None:
        """(i) What was saved before the watermark is there, as it was or newer; (ii) nothing that exists is deleted."""
        rows, records = self.copy.rows, self.source.records
        for record, version in self.source.at((self.copy.watermark - BEGIN).total_seconds()).items():
            if record in records and (record in rows or not self.pace.entering):
                assert rows[record].version >= version.version
        assert not self.copy.deleted & records.keys()

    def _check_proof(self) -> None:
        """(iii) The ids that were held were those of the list, but for records that were deleted within seconds."""
        moment, held = self.copy.counted
        listed = self.source.at(moment).keys()
        if not self.pace.entering:
            fleeting = listed - held
            assert not fleeting & self.source.records.keys()
            assert fleeting or held == listed


@settings(deadline=None, max_examples=share(200))
@given(st.randoms(use_true_random=True))
def test_a_list_that_changes_all_the_time(random: Random) -> None:
    history = History(random)
    source, copy = history.source, history.copy
    for _ in range(3):
        source.pass_time(random.choice([1, 30, 900]))
        history.sync(history.any_options(), stop_at=random.randint(1, 30) if random.random() < 0.4 else inf)
    source.settle()
    outcome = history.sync(history.options())
    if history.pace.undated and outcome and not outcome.proven_at:
        outcome = history.sync(history.options())
    assert outcome
    assert outcome.proven_at
    if history.pace.entering:
        history.sync(replace(history.options(), whole=True, verify=(WHOLE,)))
    assert history.pace.entering or copy.rows == source.records

    copy.changes = 0
    assert history.sync(history.options())
    assert history.pace.entering or not copy.changes


@settings(deadline=None, max_examples=share(100))
@given(st.randoms(use_true_random=True))
def test_a_quiet_list_takes_the_requests_that_were_foretold(random: Random) -> None:
    history = History(random)
    source, copy = history.source, history.copy
    source.settle()
    source.now += 10_000
    copy.watermark += timedelta(seconds=9_000)
    start, options = history.state, history.any_options()
    assert history.sync(options)
    assert copy.requests == requests_if_unchanged(start, options) == most_requests(start, options, 0)

    gone = random.sample(sorted(source.records), random.choice([1, 1, 2, 5, 10]))
    for record in gone:
        source.delete(record)
    start, options, copy.requests = history.state, history.any_options(), 0
    assert history.sync(options)
    assert copy.requests <= most_requests(start, options, len(gone)) <= most_requests(start, options)
    if options.check is not CheckDeletes.NONE:
        assert copy.rows == source.records
        assert copy.deleted == set(gone)


@settings(deadline=None, max_examples=share(10))
@given(st.randoms(use_true_random=True), st.sampled_from([0.5, 1, 3]))
def test_the_searches_of_a_list_that_never_rests_end(random: Random, changes: float) -> None:
    """One search reads each part and counts each run of them once at most; none begins after as many as the parts."""
    source = ChangingList(random)
    for _ in range(300):
        source.insert(TODAY - timedelta(days=int(random.random() * 1800)))
    copy = Copy(source, 5, BEGIN, dict(source.records))
    for record in random.sample(sorted(source.records), 5):
        source.delete(record)
    source.now, copy.watermark = 4000.0, BEGIN + timedelta(seconds=3500)
    source.pace = Pace(changes, late_s=1)
    options = ListOptions(page_size=5, overlap=timedelta(seconds=3))
    parts = len(pack(copy.by_day(), 5))
    assert copy.run(sync_list(ListState(copy.watermark, copy.by_day(), TODAY), options))
    assert sum(isinstance(ask, CountDays | ReadDays) for ask in copy.asks) <= 3 * parts
    assert not copy.deleted & source.records.keys()


def spread(days: Mapping[date | None, range], number: int, *, of_days: Sequence[int]) -> dict[int, date | None]:
    """Ids that are gone, at even distances over some of the days."""
    chosen = [day for index, day in enumerate(days) if index in of_days]
    found: dict[int, date | None] = {}
    for index in range(number):
        day = chosen[index * len(chosen) // number]
        found[days[day][index % len(days[day])]] = day
    return found


@pytest.mark.parametrize(
    ("gone", "of_days", "most"),
    [
        pytest.param(0, range(1), 6, id="none"),
        pytest.param(1, range(1), 6 + 25, id="one of today"),
        pytest.param(1, range(700, 701), 6 + 25, id="one of years ago"),
        pytest.param(5, range(20), 6 + 45, id="five of the last weeks"),
        pytest.param(5, range(1300), 6 + 45, id="five of any day"),
        pytest.param(5, range(900, 905), 6 + 25, id="five of one week"),
        pytest.param(14, range(1300), 6 + 70, id="fourteen of any day"),
        pytest.param(50, range(1300), 125, id="fifty of any day"),
        pytest.param(50, range(900, 905), 6 + 45, id="fifty of one week"),
        pytest.param(40, [*range(5), *range(300, 305), *range(600, 605), *range(900, 905)], 6 + 45, id="four weeks"),
        pytest.param(13_000, range(1300), 125, id="ten of every day"),
    ],
)
def test_200_000_rows_take_few_requests(gone: int, of_days: Sequence[int], most: int) -> None:
    days = working_days(200_000)
    lost = spread(days, gone, of_days=of_days) if gone else {}
    still = StillList(days, lost)
    due = verification_periods(still.held, [(WHOLE, NOW)], 2)
    start, options = ListState(NOW, still.held, TODAY), ListOptions(running=True, verify=due)
    outcome = still.run(sync_list(start, options))
    assert outcome.proven_at == NOW
    assert still.buried == lost.keys()
    foretold = most_requests(start, options, gone)
    assert still.requests <= min(most, foretold)
    assert foretold <= most_requests(start, options) <= 125
    if not gone:
        assert still.requests == foretold == requests_if_unchanged(start, options) == most


def answered(asks: Sequence[tuple[Ask, Answer]], start: ListState, options: ListOptions) -> ListOutcome:
    """Drive a sync by asks and answers that are written down."""
    generator, answer = sync_list(start, options), None
    for expected, following in asks:
        assert generator.send(answer) == expected
        answer = following
    with pytest.raises(StopIteration) as end:
        generator.send(answer)
    return end.value.value


OVERLAP = timedelta(minutes=15)
DAYS: dict[date | None, int] = {TODAY - timedelta(days=number): 5 for number in range(4)}
START = ListState(NOW, DAYS, TODAY)
TENS = ListOptions(page_size=5)
HELD = HeldRows(DAYS)


def moment(seconds: int) -> datetime:
    """A moment so many seconds after the watermark."""
    return NOW + timedelta(seconds=seconds)


def changed(at: int, *ids: int, new: tuple[int, ...] = ()) -> tuple[ReadChanged, ChangedRead]:
    """The scan of changes after one whose horizon is ten seconds before."""
    since = moment(at - 10) - OVERLAP
    return ReadChanged(since), ChangedRead(moment(at), frozenset({*ids, *new}), frozenset(new))


def test_nothing_changed() -> None:
    asks = [changed(10), (Held(), HELD), (Held(), HELD), (CountAll(), Counted(20, moment(15))), changed(20)]
    outcome = answered(asks, START, TENS)
    assert (outcome.watermark, outcome.proven_at, outcome.note, outcome.read) == (moment(20), moment(15), "", ())


def test_a_row_that_moved_meanwhile_is_not_gone() -> None:
    """It is missing where the copy holds it, and comes with the scan of changes; the one beside it does not."""
    due = Period(TODAY, None)
    asks = [
        changed(10),
        (Held(), HELD),
        (ReadDays(due), DaysRead(moment(12), frozenset({1, 2, 3}), frozenset(), frozenset({4, 5}))),
        (Held(), HELD),
        (CountAll(), Counted(19, moment(15))),
        changed(20, 4),
        (Bury(frozenset({5})), None),
        (Held(), HeldRows(DAYS | {TODAY: 4})),
        (CountAll(), Counted(19, moment(25))),
        changed(30),
    ]
    outcome = answered(asks, START, replace(TENS, verify=(due,)))
    assert (outcome.watermark, outcome.proven_at, outcome.read) == (moment(30), moment(25), (due,))


def test_a_row_that_moves_during_the_search_is_not_gone() -> None:
    """One is gone when its half is counted; another has left the same day when that is read."""
    newest, day_before = Period(TODAY, None), TODAY - timedelta(days=1)
    others = frozenset(range(6, 11))
    asks = [
        changed(10),
        (Held(), HELD),
        (Held(), HELD),
        (CountAll(), Counted(19, moment(15))),
        changed(20),
        (Held(), HELD),
        (CountDays(Period(day_before, None)), Counted(9, moment(21))),
        (ReadDays(newest), DaysRead(moment(22), frozenset({1, 2, 3}), frozenset(), frozenset({4, 5}))),
        (ReadDays(Period(day_before, day_before)), DaysRead(moment(23), others, frozenset(), frozenset())),
        changed(30, 4),
        (Bury(frozenset({5}), tombstones=False), None),
        (Held(), HeldRows(DAYS | {TODAY: 3, TODAY - timedelta(days=3): 6})),
        (CountAll(), Counted(19, moment(35))),
        changed(40),
    ]
    outcome = answered(asks, START, replace(TENS, tombstones=False))
    assert (outcome.watermark, outcome.proven_at) == (moment(40), moment(35))


def test_a_new_row_is_counted_again() -> None:
    asks = [
        changed(10),
        (Held(), HELD),
        (Held(), HELD),
        (CountAll(), Counted(21, moment(15))),
        changed(20, new=(99,)),
        (Held(), HeldRows(DAYS | {TODAY: 6})),
        (CountAll(), Counted(21, moment(25))),
        changed(30),
    ]
    assert answered(asks, START, TENS).proven_at == moment(25)


def test_a_small_list_is_read_whole() -> None:
    gone = frozenset({7})
    read = (ReadDays(WHOLE), DaysRead(moment(10), frozenset(range(6)), frozenset(), gone))
    options = ListOptions(page_size=7, tombstones=False)
    outcome = answered([read, (Bury(gone, tombstones=False), None)], START, options)
    assert (outcome.watermark, outcome.proven_at, outcome.read) == (moment(10), moment(10), (WHOLE,))
    assert requests_if_unchanged(START, options) == most_requests(START, options) == 3
    assert unseen(START, options) == ""


def test_running_timers_are_asked_for() -> None:
    running = (ReadRunning(), ChangedRead(moment(11), frozenset({1}), frozenset()))
    options = replace(TENS, running=True, check=CheckDeletes.NONE)
    outcome = answered([changed(10), running, (Held(), HELD)], START, options)
    assert (outcome.watermark, outcome.proven_at) == (moment(10), None)
    assert outcome.note == "deleted records were not looked for"
    assert requests_if_unchanged(START, options) == most_requests(START, options) == 2


def test_every_month_is_counted() -> None:
    days = working_days(1000, years=1)
    still = StillList(days, page_size=50)
    options = ListOptions(check=CheckDeletes.ALL, page_size=50)
    start = ListState(NOW, still.held, TODAY)
    assert still.run(sync_list(start, options)).proven_at
    counted = [ask.period for ask in still.asks if isinstance(ask, CountDays)]
    assert counted[::-1] == [month.period for month in months(still.held)]
    assert len(counted) == 13
    assert still.requests == requests_if_unchanged(start, options) == 3 + 13


@pytest.mark.parametrize(
    ("options", "found"),
    [
        pytest.param(ListOptions(), False, id="the total alone is the same"),
        pytest.param(ListOptions(check=CheckDeletes.ALL), True, id="months differ"),
        pytest.param(ListOptions(whole=True), True, id="all is read"),
    ],
)
def test_a_row_that_is_gone_while_another_enters_unseen(options: ListOptions, *, found: bool) -> None:
    days = working_days(1000, years=1)
    dates = list(days)
    gone, entered = days[dates[20]][0], days[dates[90]][0]
    still = StillList(days, {gone: dates[20]}, {entered: dates[90]}, page_size=50)
    start, options = ListState(NOW, still.held, TODAY), replace(options, page_size=50)
    assert still.run(sync_list(start, options)).proven_at
    assert (still.buried, still.entered) == (({gone}, {entered}) if found else (set(), set()))
    assert unseen(start, options).startswith("a row that is gone while another ")


def test_all_periods_are_read_of_a_whole_sync() -> None:
    days = working_days(1000, years=1)
    still = StillList(days, page_size=50)
    start, options = ListState(NOW, still.held, TODAY), ListOptions(page_size=50, whole=True)
    outcome = still.run(sync_list(start, options))
    assert outcome.read[::-1] == tuple(part.period for part in pack(still.held, 50))
    assert still.requests == requests_if_unchanged(start, options) == 3 + len(outcome.read)


def test_a_row_without_a_day_is_found_by_reading_the_whole_list() -> None:
    days = {**working_days(1000, years=1), None: range(5000, 5010)}
    still = StillList(days, {5003: None}, page_size=50)
    start, options = ListState(NOW, still.held, TODAY), ListOptions(page_size=50)
    outcome = still.run(sync_list(start, options))
    assert outcome.proven_at
    assert still.buried == {5003}
    assert WHOLE in outcome.read
    assert still.requests <= most_requests(start, options, 1)

    again = StillList(days, page_size=50)
    assert again.run(sync_list(start, replace(options, whole=True))).read == (WHOLE,)


def test_a_list_that_counts_more_than_it_has_is_not_proven() -> None:
    days = working_days(1000, years=1)
    still = StillList(days, page_size=50)
    still.miscount = 3
    outcome = still.run(sync_list(ListState(NOW, still.held, TODAY), ListOptions(page_size=50)))
    rows = sum(still.held.values())
    assert outcome.proven_at is None
    assert outcome.note == f"Harvest counts {rows + 3} records and lists {rows}"


def test_a_list_that_never_rests_is_not_proven() -> None:
    asks = [changed(10), (Held(), HELD)]
    for at in (20, 30):
        asks += [(Held(), HELD), (CountAll(), Counted(20, moment(at - 5))), changed(at, new=(100 + at,))]
    outcome = answered(asks, START, replace(TENS, rounds=2))
    assert outcome.proven_at is None
    assert outcome.note == "records came and went all the time that they were counted; the next sync may prove it"


def test_an_answer_to_another_ask_is_refused() -> None:
    generator = sync_list(START, TENS)
    next(generator)
    with pytest.raises(TypeError, match="ReadChanged"):
        generator.send(HELD)
