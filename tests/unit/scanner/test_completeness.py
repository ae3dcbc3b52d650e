"""Lists that shift while they are read: a loss is found and made good, or the read fails; other lists cost nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.run_size import share
from support.shifting import (
    ORDERS,
    Asked,
    ShiftingList,
    Style,
    after_the_first_page,
    churn,
    compensating,
    leaving,
    moving,
    still,
)

from harvest_duck.decoder.day_counts import calendar, days_of
from harvest_duck.errors import ProtocolError
from harvest_duck.scanner.completeness import SLACK, Repair, ServerClock, Tally, horizon, pause_s, repair
from harvest_duck.scanner.day_ranges import day_ranges, split
from harvest_duck.scanner.delivered_ids import DeliveredIds
from harvest_duck.scanner.incomplete import incomplete

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support.shifting import Answer, Change, Record, Span

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
PAGE = 5
LARGEST = 12
SIZE = 43


class Reader:
    """Reads a list as a scan does, and repairs the read; `records` are those that came, without those that came before.

    `dated` says whether the list can be narrowed to days and to what was updated, `evidence` which column tells the
    newcomers of the whole list, None that none does. Without `timed` no answer says when it was made. Pages whose
    numbers are known are asked for in any order.
    """

    def __init__(
        self, source: ShiftingList, *, dated: bool = True, evidence: str | None = "updated_at", timed: bool = True
    ) -> None:
        self.source = source
        self.timed = timed
        self.dated = dated
        self.evidence = evidence
        self.delivered_ids: DeliveredIds | None = None
        self.records: list[Record] = []
        self.tallies: list[Tally] = []
        #: What had to be done, and the records that each read of a list missed although they were there all the time.
        self.repairs: list[Repair] = []
        self.lost: list[int] = []
        self.waited_s = 0.0
        self._latest = 0

    def read(self) -> Reader:
        """The reader, after it has read everything."""
        self._read(Asked(PAGE, days=self.source.wanted), dated=self.dated)
        return self

    def _read(self, first: Asked, *, dated: bool) -> None:
        days: Counter[date | None] = Counter()
        reads = [self._list(first, days)]
        while not reads[-1].complete:
            todo = repair(announced=self._latest, largest=LARGEST, reads=len(reads), dated=dated)
            if todo is None:
                raise incomplete("time_entries", reads)
            self.repairs.append(todo)
            if todo is Repair.AGAIN:
                waited_s = pause_s(reads, largest=LARGEST)
                self.source.wait(waited_s)
                self.waited_s += waited_s
                again = replace(first, per_page=LARGEST)
                reads.append(self._list(again, days, before=reads[-1], settled=waited_s > 0))
            elif self._by_days(first, days):
                self._read(Asked(LARGEST, days=first.days, since=reads[0].horizon), dated=False)
                return
            else:
                dated = False

    def _list(
        self, first: Asked, days: Counter[date | None], *, before: Tally | None = None, settled: bool = False
    ) -> Tally:
        answer = self.source.ask(first)
        tally = self._begun(answer, before, settled=settled)
        self._admit(tally, answer, first, days)
        if self.source.style is Style.NUMBERED and answer.following:
            numbers = range(2, -(-answer.total_entries // first.per_page) + 1)
            for number in self.source.random.sample(numbers, len(numbers)):
                other = self.source.ask(replace(first, number=number))
                answer = other if number == numbers[-1] else answer
                self._admit(tally, other, first, days)
        while answer.following is not None:
            answer = self.source.ask(answer.following)
            self._admit(tally, answer, first, days)
        self.tallies.append(tally)
        self.lost.append(len(self.source.throughout - {record.id for record in self.records}))
        return tally

    def _by_days(self, first: Asked, days: Counter[date | None]) -> bool:
        waiting = day_ranges(days, first.days, largest=LARGEST)
        while waiting:
            day_range = waiting.pop(0)
            asked = replace(first, per_page=LARGEST, days=day_range)
            answer = self.source.ask(asked)
            tally = self._begun(answer)
            self._admit(tally, answer, asked, Counter())
            if answer.following is not None:
                halves = split(day_range, days)
                if halves is None:
                    return False
                waiting[:0] = halves
        return waiting is not None

    def _begun(self, answer: Answer, before: Tally | None = None, *, settled: bool = False) -> Tally:
        moment = horizon(answer.served_at if self.timed else None, took_s=answer.took_s, received=self.source.now)
        tally = Tally(answer.total_entries, moment, self.delivered_ids, before=before, settled=settled)
        self.delivered_ids = tally.delivered_ids
        return tally

    def _admit(self, tally: Tally, answer: Answer, asked: Asked, days: Counter[date | None]) -> None:
        whole = asked.days == (None, None) and asked.since is None
        evidence = "updated_at" if self.evidence and not whole else self.evidence
        ids = pa.array([record.id for record in answer.records], pa.int64())
        moments = None if evidence is None else stamps([getattr(record, evidence) for record in answer.records])
        new = tally.admit(len(answer.records), ids, moments, answer.total_entries)
        chosen = [True] * len(answer.records) if new is None else new.to_pylist()
        self.records += [record for record, wanted in zip(answer.records, chosen, strict=True) if wanted]
        days.update(calendar(days_of(pa.array([record.day for record in answer.records], pa.date32()))))
        self._latest = answer.total_entries


def stamps(moments: Sequence[datetime | None]) -> pa.TimestampArray:
    """Instants as a column has them."""
    return pa.array(moments, pa.timestamp("us", "UTC"))


def shifting(
    seed: int, change: Change, *, style: Style = Style.NUMBERED, wanted: Span = (None, None), recent: float = 0
) -> ShiftingList:
    """A list of nine pages, in an order that depends on the seed."""
    order = list(ORDERS)[seed % len(ORDERS)]
    return ShiftingList(seed, size=SIZE, style=style, order=order, change=change, wanted=wanted, recent=recent)


# Whole reads of lists that shift


def enough(number: int) -> int:
    """A share of the seeds, also in a usual run large enough that all outcomes are among them."""
    return max(number // 5, share(number))


CHANGES: Sequence[Change] = (churn(0.05), churn(0.3), compensating(0.3), moving(0.02), leaving(0.1), still)
SPANS: Sequence[Span] = ((None, None), (date(2026, 1, 10), None), (date(2026, 1, 5), date(2026, 2, 20)))


@pytest.mark.takes_a_share
@pytest.mark.parametrize(
    ("style", "losses"), [pytest.param(Style.NUMBERED, 150, id="numbered"), pytest.param(Style.CURSOR, 10, id="cursor")]
)
def test_what_was_there_all_the_time_comes_exactly_once_or_the_read_fails(style: Style, losses: int) -> None:
    outcomes: Counter[str] = Counter()
    for seed in range(enough(500)):
        change, wanted = CHANGES[seed // len(ORDERS) % len(CHANGES)], SPANS[seed % len(SPANS)]
        source = shifting(seed, change, style=style, wanted=wanted, recent=0.025)
        evidence = ("updated_at", "created_at")[seed // 3 % 2]
        reader = Reader(source, dated=seed % 7 < 5, evidence=evidence, timed=seed % 11 > 1)
        failed = False
        try:
            reader.read()
        except ProtocolError:
            failed = True
        came = [record.id for record in reader.records]
        assert len(came) == len(set(came)), f"seed {seed}: a record came twice"
        assert set(came) <= source.ever
        assert failed or source.throughout <= set(came), f"seed {seed}: a record was lost"
        assert not any(tally.complete and lost for tally, lost in zip(reader.tallies, reader.lost, strict=True))
        outcomes.update({"failed" if failed else todo.name for todo in reader.repairs} or {"at once"})
        outcomes["a loss made good"] += bool(reader.lost[0]) and not failed
    assert outcomes["a loss made good"] > enough(losses)
    assert outcomes["DAYS"] > enough(100)
    assert outcomes["AGAIN"] > enough(30)
    assert outcomes["at once"] > enough(140)
    assert outcomes["failed"] < enough(50)


@pytest.mark.takes_a_share
@pytest.mark.parametrize("timed", [True, False])
def test_a_list_whose_records_all_changed_a_moment_ago_is_complete_after_a_wait(timed: bool) -> None:
    """A loss in the read after the wait is seen all the same."""
    outcomes: Counter[str] = Counter()
    for seed in range(enough(80)):
        change = (still, churn(0.05), compensating(0.1), moving(0.02))[seed % 4]
        reader = Reader(shifting(seed, change, recent=1), dated=False, timed=timed)
        try:
            reader.read()
        except ProtocolError:
            outcomes["failed"] += 1
        assert not any(tally.complete and lost for tally, lost in zip(reader.tallies, reader.lost, strict=True))
        came = bool(reader.tallies[-1].complete)
        outcomes["after a wait" if reader.waited_s and came else ""] += 1
        assert change is not still or (came and (timed or reader.waited_s == SLACK.total_seconds()))
    assert outcomes["after a wait"] > enough(20)


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("seed", range(len(ORDERS)), ids=list(ORDERS))
def test_a_list_that_does_not_change_costs_no_request_more(style: Style, seed: int) -> None:
    reader = Reader(shifting(seed, still, style=style)).read()
    assert len(reader.source.requests) == -(-SIZE // PAGE)
    assert sorted(reader.records, key=reader.source.place) == reader.source.ordered()
    assert reader.repairs == []


@pytest.mark.takes_a_share
def test_a_loss_is_seen_although_the_total_stays_and_a_record_came_instead() -> None:
    """The one comes within seconds of the first page, by clocks that differ, and the answer takes up to nine."""
    lost = 0
    for seed in range(enough(200)):
        reader = Reader(shifting(seed, after_the_first_page(compensating(1)))).read()
        first = reader.tallies[0]
        if reader.lost[0] and first.delivered == first.announced:
            lost += 1
            assert first.complete is False
            assert reader.lost[-1] == 0
    assert lost > enough(50)


def test_an_edited_record_proves_as_much_as_another_by_the_time_it_was_created() -> None:
    """In order of their ids nothing moves when days do; only `updated_at` makes old records look like newcomers."""
    edited = after_the_first_page(moving(0.5))
    assert Reader(shifting(1, edited), evidence="created_at").read().repairs == []
    assert Reader(shifting(1, edited), evidence="updated_at").read().repairs == [Repair.DAYS]


@pytest.mark.takes_a_share
@pytest.mark.parametrize("style", Style)
def test_a_loss_is_seen_without_times_when_no_record_comes(style: Style) -> None:
    lost = 0
    for seed in range(enough(200)):
        reader = Reader(shifting(seed, after_the_first_page(leaving(0.5)), style=style), dated=False, evidence=None)
        reader.read()
        assert reader.source.throughout <= {record.id for record in reader.records}
        assert not any(tally.complete and gone for tally, gone in zip(reader.tallies, reader.lost, strict=True))
        lost += bool(reader.lost[0])
    assert (lost > enough(5)) is (style is Style.NUMBERED)


def test_a_list_that_never_holds_still_is_an_error() -> None:
    reader = Reader(shifting(0, compensating(1)), dated=False)
    with pytest.raises(ProtocolError, match="the list changed each of the 4 times it was read"):
        reader.read()
    assert reader.repairs == [Repair.AGAIN] * 3


# The count of one list

OLD = NOON - timedelta(days=1)


def tally_of(*pages: Sequence[int], announced: int | None, moments: Sequence[datetime | None] = ()) -> Tally:
    """The tally of pages with these ids; all were updated long ago, but those on the last page at `moments`."""
    tally = Tally(announced, NOON)
    for number, ids in enumerate(pages, 1):
        late = number == len(pages) and moments
        tally.admit(len(ids), pa.array(ids, pa.int64()), stamps(moments if late else [OLD] * len(ids)), announced)
    return tally


def new_at_first() -> Tally:
    """The tally of two pages, the first of which has a record that came just before."""
    tally = Tally(4, NOON)
    tally.admit(2, pa.array([1, 2]), stamps([NOON, OLD]), 4)
    tally.admit(2, pa.array([3, 4]), stamps([OLD, OLD]), 4)
    return tally


@pytest.mark.parametrize(
    ("tally", "complete"),
    [
        pytest.param(tally_of([1, 2, 3], announced=3), True, id="one page"),
        pytest.param(tally_of([], announced=0), True, id="no record"),
        pytest.param(tally_of([1, 2], announced=3), False, id="one page with a record too few"),
        pytest.param(tally_of([1, 2, 2], announced=3), False, id="one page with a record twice"),
        pytest.param(tally_of([1, 2, 3], announced=2), True, id="one page with a record more"),
        pytest.param(tally_of([1, 2], announced=2, moments=[NOON, NOON]), True, id="new on the first page"),
        pytest.param(tally_of([1, 2], [3, 4], announced=4), True, id="two pages"),
        pytest.param(new_at_first(), True, id="new on the first page of two"),
        pytest.param(tally_of([1, 2], [2, 3], announced=4), False, id="a record on both pages"),
        pytest.param(tally_of([1, 2], [2, 3], [4], announced=4), True, id="a record on both pages, and no loss"),
        pytest.param(tally_of([1, 2], [3, 4], announced=4, moments=[NOON, OLD]), False, id="a newcomer for another"),
        pytest.param(tally_of([1, 2], [3, 4, 5], announced=4, moments=[NOON, OLD, OLD]), True, id="a newcomer beside"),
        pytest.param(tally_of([1, 2], [2, 3], announced=3, moments=[NOON, OLD]), True, id="an update on both pages"),
        pytest.param(tally_of([1, 2], [3, 4], announced=4, moments=[None, OLD]), False, id="no time"),
        pytest.param(tally_of([1, 2], [3, 4, 5], announced=4), False, id="more old ones than announced"),
        pytest.param(tally_of([1, 2], [3], announced=None), None, id="two pages and no total"),
        pytest.param(tally_of([1, 2], announced=None), True, id="one page and no total"),
    ],
)
def test_a_list_is_complete_when_as_many_came_as_there_were_at_first(tally: Tally, complete: bool | None) -> None:
    assert tally.complete is complete


@pytest.mark.parametrize(
    ("totals", "complete"), [((4, 4), True), ((4, None), True), ((4, 5), False), ((5, 5), False), ((3, 3), False)]
)
def test_records_without_times_are_counted_under_a_total_that_stays(
    totals: tuple[int, int | None], complete: bool
) -> None:
    for ids in ((pa.array([1, 2]), pa.array([3, 4])), (None, None)):
        tally = Tally(totals[0], NOON)
        masks = [tally.admit(2, page, None, total) for page, total in zip(ids, totals, strict=True)]
        assert tally.complete is complete
        assert masks == [None, None]


@pytest.mark.parametrize(
    ("records", "ids", "identified"),
    [(2, [1, 2], True), (2, None, False), (0, [], True), (0, None, True)],
)
def test_records_are_identified_when_they_have_ids(records: int, ids: list[int] | None, identified: bool) -> None:
    tally = Tally(4, NOON)
    tally.admit(1, pa.array([7]), None, 4)
    tally.admit(records, None if ids is None else pa.array(ids, pa.int64()), None, 4)
    tally.admit(1, pa.array([8]), None, 4)
    assert tally.identified is identified


@pytest.mark.parametrize("announced", [1, 3000])
@pytest.mark.parametrize("dated", [True, False])
def test_nothing_is_read_again_that_would_come_twice(announced: int, dated: bool) -> None:
    assert repair(announced=announced, largest=2000, reads=1, dated=dated, identified=False) is None


def test_a_record_of_another_list_counts_and_is_not_delivered_again() -> None:
    first = tally_of([1, 2], announced=2)
    second = Tally(3, NOON, first.delivered_ids)
    new = second.admit(3, pa.array([2, 3, 3]), stamps([OLD] * 3), 3)
    assert new is not None
    assert new.to_pylist() == [False, True, False]
    assert (second.delivered, second.complete) == (2, False)
    assert second.delivered_ids is first.delivered_ids


def test_what_is_new_to_the_scan_is_told_apart_from_what_is_new_to_the_list() -> None:
    first = tally_of([1, 2, 3, 4], announced=4)
    second = Tally(4, NOON, first.delivered_ids)
    masks = [second.admit(2, pa.array(ids), stamps([OLD] * 2), 4) for ids in ([1, 2], [3, 4])]
    assert [mask.to_pylist() for mask in masks if mask is not None] == [[False, False], [False, False]]
    assert second.complete is True


# Ids that were delivered


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(-20, 150) | st.sampled_from([2**63 - 1, -(2**63)]), max_size=60), max_size=30))
@example([list(range(at, at + 40)) for at in range(0, 800, 39)])
@example([list(range(0, 2**33, 2**28)), list(range(0, 2**33, 2**27)), [-(2**63), 2**28, 2**63 - 1]])
@example([[at] for at in range(300)] + [list(range(250, 350))])
@example([list(range(0, 4000, 2)), [1, 3, 3990, 5001], list(range(1, 4000, 400))])
@example([list(range(3000)), list(range(2999, 2999 + 10**7, 10_000)), list(range(-(10**6), 10**6, 20_001))])
def test_each_id_is_new_once(pages: list[list[int]]) -> None:
    seen, known = DeliveredIds(), set()
    for page in pages:
        wanted = []
        for each in page:
            wanted.append(each not in known)
            known.add(each)
        new = seen.admit(pa.array(page, pa.int64()))
        assert (new is None) == all(wanted)
        assert new is None or new.to_pylist() == wanted


def test_pages_are_merged_and_each_id_is_kept_once() -> None:
    seen = DeliveredIds()
    for page in range(500):
        seen.admit(pa.array(range(page * 7, page * 7 + 10), pa.int64()))
    assert sum(len(run.offsets) for level in seen._levels for run in level) == 499 * 7 + 10
    assert sum(run.offsets.nbytes for level in seen._levels for run in level) == 4 * (499 * 7 + 10)
    assert sum(len(level) for level in seen._levels) <= 500 // 64 + 3 * 3


def test_ids_that_are_a_part_of_a_longer_array_are_those_of_the_part() -> None:
    seen, whole = DeliveredIds(), pa.array(range(10), pa.int64())
    assert seen.admit(whole[3:6]) is None
    new = seen.admit(whole)
    assert new is not None
    assert new.to_pylist() == [not 3 <= each < 6 for each in range(10)]


# A list that is read again

SOON = NOON + timedelta(seconds=1)


def read_again(
    before: Tally | None, *pages: Sequence[tuple[int, datetime | None]], announced: int | None, settled: bool = False
) -> Tally:
    """The tally of pages with these ids and moments, after another read."""
    scan = DeliveredIds() if before is None else before.delivered_ids
    tally = Tally(announced, NOON, scan, before=before, settled=settled)
    for page in pages:
        numbers, moments = zip(*page, strict=True)
        tally.admit(len(page), pa.array(numbers, pa.int64()), stamps(moments), announced)
    return tally


@pytest.mark.parametrize(
    ("settled", "moments", "complete"),
    [
        pytest.param(True, (NOON, NOON), True, id="as before"),
        pytest.param(True, (SOON, NOON), True, id="updated on the first page"),
        pytest.param(True, (NOON, SOON), False, id="updated since"),
        pytest.param(True, (NOON, OLD), True, id="old"),
        pytest.param(True, (NOON, None), False, id="without a moment"),
        pytest.param(False, (NOON, NOON), False, id="too early"),
    ],
)
def test_a_record_that_was_not_updated_since_an_earlier_read_is_no_newcomer(
    settled: bool, moments: tuple[datetime, datetime | None], complete: bool
) -> None:
    """It may have been on any page of that."""
    before = read_again(None, [(2, moments[1] if moments[1] is None else NOON)], [(1, NOON)], announced=2)
    assert before.complete is False
    again = read_again(before, [(1, moments[0])], [(2, moments[1])], announced=2, settled=settled)
    assert again.complete is complete


def test_a_record_that_the_earlier_read_lacks_is_a_newcomer() -> None:
    before = read_again(None, [(1, NOON)], [(3, NOON)], announced=2)
    again = read_again(before, [(1, NOON)], [(2, NOON)], announced=2, settled=True)
    assert (again.complete, again.newcomers) == (False, 1)


@pytest.mark.parametrize(
    ("ids", "announced", "repeated"),
    [
        ((1, 2, 3), 9, True),
        ((3, 2, 1, 1), 9, True),
        ((1, 2, 3), 8, False),
        ((1, 2, 3), None, False),
        ((1, 2), 9, False),
        ((1, 2, 4), 9, False),
        ((1, 2, 3, 4), 9, False),
    ],
)
def test_a_read_is_repeated_by_one_with_the_same_records_and_total(
    ids: Sequence[int], announced: int | None, repeated: bool
) -> None:
    """Whatever other lists of the scan have delivered."""
    for scan in (DeliveredIds(), tally_of([3, 4, 5], announced=3).delivered_ids):
        before = Tally(9, NOON, scan)
        for page in ([1, 2], [3]):
            before.admit(len(page), pa.array(page, pa.int64()), None, 9)
        again = Tally(announced, NOON, scan, before=before)
        for each in ids:
            again.admit(1, pa.array([each], pa.int64()), None, announced)
        assert again.repeated is repeated
        assert not before.repeated


def test_reads_without_a_record_are_alike_and_reads_without_ids_are_not() -> None:
    empty = Tally(3, NOON, DeliveredIds())
    empty.admit(0, pa.array([], pa.int64()), None, 3)
    again = Tally(3, NOON, empty.delivered_ids, before=empty)
    again.admit(0, pa.array([], pa.int64()), None, 3)
    assert again.repeated
    nameless = Tally(3, NOON)
    nameless.admit(2, None, None, 3)
    other = Tally(3, NOON, before=nameless)
    other.admit(2, None, None, 3)
    assert not other.repeated


@pytest.mark.parametrize("records", [2, 3])
def test_a_full_page_with_more_records_than_announced_may_not_be_the_last(records: int) -> None:
    for full in (False, True):
        tally = Tally(2, NOON)
        tally.admit(records, pa.array(range(records), pa.int64()), None, 2, full=full)
        assert tally.complete is (records == 2 or not full)


def test_a_wait_comes_before_a_read_that_it_can_help() -> None:
    """Where all may have come, or before the last read; not where nothing may be new or one page is one answer."""
    doubtful = tally_of([1, 2], [3, 4], announced=4, moments=[NOON, OLD])
    fewer = tally_of([1, 2], [3], announced=4, moments=[NOON])
    sure = tally_of([1, 2], [2, 3], announced=4)
    assert pause_s([doubtful], largest=3) == SLACK.total_seconds()
    assert pause_s([doubtful], largest=4) == 0
    assert [pause_s([fewer] * reads, largest=3) > 0 for reads in (1, 2, 3)] == [False, False, True]
    assert pause_s([sure] * 3, largest=3) == 0


# The horizon, and what to do


def test_the_horizon_lies_before_the_answer_by_what_it_took_and_a_little_more() -> None:
    assert horizon(NOON, took_s=2.5, received=NOON + timedelta(days=1)) == NOON - timedelta(seconds=7.5)


def test_a_clock_that_is_ahead_of_the_one_here_is_not_believed() -> None:
    assert horizon(NOON, took_s=2.5, received=NOON - timedelta(days=1)) == NOON - timedelta(days=1, seconds=7.5)


def test_without_the_time_of_the_server_the_horizon_is_an_hour_back() -> None:
    assert horizon(None, took_s=1, received=NOON) == NOON - timedelta(hours=1, seconds=1)


@pytest.mark.parametrize(
    ("announced", "reads", "dated", "todo"),
    [
        pytest.param(2000, 1, True, Repair.AGAIN, id="one page is one answer"),
        pytest.param(2000, 4, True, Repair.DAYS, id="which came too few times too often"),
        pytest.param(2000, 4, False, None, id="with nothing else to try"),
        pytest.param(2001, 1, True, Repair.DAYS, id="long, with dates"),
        pytest.param(2001, 1, False, Repair.AGAIN, id="long, without dates"),
        pytest.param(2001, 3, False, Repair.AGAIN, id="the third read more"),
        pytest.param(2001, 4, False, None, id="and no fourth"),
    ],
)
def test_a_list_that_is_not_complete_is_read_in_the_way_that_can_help(
    announced: int, reads: int, dated: bool, todo: Repair | None
) -> None:
    assert repair(announced=announced, largest=2000, reads=reads, dated=dated) is todo


def test_records_that_cannot_be_told_apart_are_not_read_again() -> None:
    assert tally_of([1, 2], [2, 3], announced=4).identified
    nameless, empty = Tally(3, NOON), Tally(0, NOON)
    nameless.admit(1, None, None, 3)
    nameless.admit(1, pa.array([1]), None, 3)
    empty.admit(0, None, None, 0)
    assert (nameless.identified, empty.identified) == (False, True)
    assert repair(announced=3, largest=2000, reads=1, dated=True, identified=False) is None


def jumped() -> Tally:
    """The tally of a list whose server's clock jumped."""
    tally = tally_of([1, 2], [3], announced=3)
    for second, moment in ((1, NOON), (2, NOON + timedelta(hours=1))):
        tally.clock.observe(moment, received_s=second, took_s=0.1)
    return tally


FEWER = read_again(read_again(None, [(1, OLD)], announced=3), [(1, OLD)], announced=3)
MORE = read_again(read_again(None, [(1, OLD)], [(2, OLD)], announced=1), [(1, OLD)], [(2, OLD)], announced=1)


@pytest.mark.parametrize(
    ("tally", "said"),
    [
        pytest.param(
            tally_of([1, 2], [3, 4], announced=5, moments=[NOON, OLD]),
            "Harvest announced 5 records and 4 came, but 1 of them may be new: the list changed each of the 2 "
            "times it was read; run the query again, or ask for less of it at a time",
            id="changed",
        ),
        pytest.param(
            tally_of([1, 2], [3, 4], announced=4, moments=[NOON, NOON]),
            "Harvest announced 4 records and 4 came, but 2 of them were changed shortly before or meanwhile, each"
            " of the 2 times it was read, so they may stand in the place of others; run the query again, or ask "
            "for less of it at a time",
            id="all may have come",
        ),
        pytest.param(
            FEWER,
            "Harvest announced 3 records and 1 came, the same in two reads in a row: it may count records that "
            "this token may not see; ask an administrator of the account, or set Completeness=read to take what "
            "came",
            id="fewer",
        ),
        pytest.param(
            MORE,
            "Harvest announced 1 record and 2 came, the same in two reads in a row: the number is wrong, so "
            "nothing tells whether further pages follow; try again later, or set Completeness=read to take what "
            "came",
            id="more",
        ),
        pytest.param(
            tally_of([1, 2], [3], announced=None),
            "total_entries is missing, and no two of 2 reads in a row brought the same records, as the list "
            "changes; run the query again, or ask for less of it at a time",
            id="no total",
        ),
        pytest.param(
            jumped(),
            "Harvest announced 3 records and 3 came, but the clock of the server jumped, so nothing tells which "
            "are new; run the query again, or ask for less of it at a time",
            id="jumped",
        ),
    ],
)
def test_the_error_says_what_is_known(tally: Tally, said: str) -> None:
    assert str(incomplete("time_entries", [tally, tally])) == f"time_entries: {said}"


@pytest.mark.parametrize(
    ("announced", "said"),
    [
        (None, "total_entries is missing, so nothing tells whether all pages came; "),
        (3, "Harvest announced 3 records and 2 came: the number is wrong, or the list changed while it was read; "),
    ],
)
def test_the_error_of_records_without_ids_does_not_claim_to_know_more(announced: int | None, said: str) -> None:
    tally = Tally(announced, NOON)
    for _ in range(2):
        tally.admit(1, None, None, announced)
    assert str(incomplete("report_time_team page 1", [tally])).startswith(f"report_time_team page 1: {said}")


def told(*answers: tuple[float, float, float], steady: bool) -> None:
    """What a clock says of answers that were sent, came, and say they were made at so many seconds."""
    clock = ServerClock()
    for sent_s, received_s, made_s in answers:
        served_at = datetime.fromtimestamp(1_000_000 + made_s, UTC)
        clock.observe(served_at, received_s=received_s, took_s=received_s - sent_s)
    assert clock.steady is steady


@given(
    st.floats(-1e5, 1e5),
    st.lists(st.tuples(st.floats(0, 1e4), st.floats(0, 60), st.floats(0, 1), st.floats(-2, 2)), max_size=9),
)
def test_a_clock_that_only_differs_is_steady(ahead_s: float, answers: list[tuple[float, float, float, float]]) -> None:
    """However long the answers took, at whichever moment of that they were made, and whichever server made them."""
    told(
        *(
            (sent_s, sent_s + took_s, sent_s + share * took_s + ahead_s + skew)
            for sent_s, took_s, share, skew in answers
        ),
        steady=True,
    )


@pytest.mark.parametrize("jump_s", [-3600, -9, 9, 3600])
def test_a_clock_that_jumps_is_not(jump_s: float) -> None:
    told((0, 1, 0.5), (2, 3, 2.5), (4, 5, 4.5 + jump_s), steady=False)
    told((0, 1, 0.5 + jump_s), (2, 3, 2.5), steady=False)


def test_a_list_whose_clock_jumped_is_not_known_to_be_complete() -> None:
    """A record that came after the first page would count as one that was there."""
    tally = Tally(2, NOON)
    for page, moment in ((1, NOON), (2, NOON + timedelta(seconds=60))):
        tally.clock.observe(moment, received_s=page, took_s=0.1)
        ids = pa.array([page], pa.int64())
        tally.admit(1, ids, pa.array([NOON - timedelta(days=1)], pa.timestamp("us", "UTC")), 2)
    assert tally.complete is False


def test_the_first_list_of_a_scan_keeps_each_id_once() -> None:
    """Its own ids are those of the scan; the second list has to tell them apart."""
    scan = DeliveredIds()
    first = Tally(2, NOON, scan)
    assert first._own is scan
    assert first.admit(2, pa.array([1, 2], pa.int64()), None, 2) is None
    assert first.complete
    second = Tally(2, NOON, scan)
    mask = second.admit(2, pa.array([2, 3], pa.int64()), None, 2)
    assert mask is not None
    assert mask.to_pylist() == [False, True]
    assert (second.delivered, second.complete) == (2, True)
