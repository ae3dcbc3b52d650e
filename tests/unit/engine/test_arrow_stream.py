"""The stream by which DuckDB reads batches: its rows, its errors in one line, and that its end frees everything."""

from __future__ import annotations

import gc
import signal
import threading
import weakref
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from support.program import run
from support.run_size import share

from harvest_duck.engine.arrow_stream import BatchStream, sentence, sentence_in
from harvest_duck.errors import QueryError, Unauthorized

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SCHEMA = pa.schema([("id", pa.int64())])
BATCH = pa.record_batch({"id": [1, 2, 3]}, SCHEMA)
REFUSED = Unauthorized('clients page 1: Harvest answered 401: "ä", check APIKey', status=401)

#: DuckDB 1 names the function, DuckDB 2 the table.
ASKED = "()" if duckdb.__version__.startswith("1.") else ""

Batches = "Iterator[pa.RecordBatch]"


@dataclass
class Source:
    """A table of so many batches, which then fails if there is an error; it knows what became of its scans."""

    batches: int = 3
    error: BaseException | None = None
    opened: list[weakref.ref[Batches]] = field(default_factory=list)
    closed: int = 0
    told: list[BaseException] = field(default_factory=list)

    def stream(self) -> BatchStream:
        """A stream of one more scan."""
        scan = self.scan()
        self.opened.append(weakref.ref(scan))
        return BatchStream(SCHEMA, scan, self._failed)

    def dataset(self) -> ds.Dataset:
        """The table as DuckDB reads it."""
        return _Dataset(self.stream)

    @property
    def left(self) -> int:
        """The number of scans that something still refers to."""
        return sum(scan() is not None for scan in self.opened)

    def scan(self) -> Batches:
        """The batches of one scan."""
        try:
            for _ in range(self.batches):
                yield BATCH
            if self.error is not None:
                raise self.error
        finally:
            self.closed += 1

    def _failed(self, error: BaseException) -> str:
        self.told.append(error)
        return sentence(error)


class _Dataset(ds.Dataset):  # type: ignore[misc]  # pyarrow has no annotations
    """What DuckDB asks of a dataset."""

    def __init__(self, stream: Callable[[], BatchStream]) -> None:
        self._stream = stream

    @property
    def schema(self) -> pa.Schema:
        return SCHEMA

    def scanner(self, **_: object) -> _Dataset:
        return self

    def to_reader(self) -> BatchStream:
        return self._stream()


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB."""
    with duckdb.connect() as opened:
        yield opened


def reader(stream: BatchStream) -> pa.RecordBatchReader:
    """The other end of a stream, which calls its five functions as DuckDB does."""
    return pa.RecordBatchReader._import_from_c_capsule(stream.__arrow_c_stream__())


def failure(con: duckdb.DuckDBPyConnection, source: Source) -> str:
    """The text of DuckDB about a query that reads the whole table."""
    con.register("numbers", source.dataset())
    with pytest.raises(duckdb.Error) as raised:
        con.execute("SELECT sum(id) FROM numbers").fetchall()
    return str(raised.value)


def test_every_row_comes(con: duckdb.DuckDBPyConnection) -> None:
    source = Source(batches=1000)
    con.register("numbers", source.dataset())
    assert con.execute("SELECT count(id), sum(id) FROM numbers").fetchall() == [(3000, 6000)]
    assert (len(source.opened), source.left, source.told) == (1, 0, [])


def test_a_table_without_batches_has_no_row(con: duckdb.DuckDBPyConnection) -> None:
    con.register("numbers", Source(batches=0).dataset())
    assert con.execute("SELECT id FROM numbers").fetchall() == []


def test_a_stream_has_the_schema_before_the_first_batch() -> None:
    source = Source(batches=0, error=REFUSED)
    assert reader(source.stream()).schema == SCHEMA
    assert source.told == []


@pytest.mark.parametrize("batches", [0, 1, 50])
def test_an_error_is_one_line_that_ends_with_its_sentence(batches: int, con: duckdb.DuckDBPyConnection) -> None:
    source = Source(batches, REFUSED)
    text = failure(con, source)
    assert text.endswith(f" failed{ASKED}: {REFUSED}")
    assert "\n" not in text
    assert (source.told, source.closed) == ([REFUSED], 1)


def test_an_error_where_iterating_begins_leaves_by_the_stream(con: duckdb.DuckDBPyConnection) -> None:
    class Unplanned:
        def __iter__(self) -> Batches:
            raise QueryError("report_uninvoiced: the report needs from_date")

    con.register("numbers", _Dataset(lambda: BatchStream(SCHEMA, Unplanned())))
    with pytest.raises(duckdb.Error, match=r" failed(\(\))?: report_uninvoiced: the report needs from_date$"):
        con.execute("FROM numbers").fetchall()


@pytest.mark.parametrize("sql", ["FROM numbers", "FROM viewed", "FROM attached.main.viewed", "FROM dataset"])
def test_the_sentence_is_found_in_the_text_of_duckdb_whatever_the_source_is(
    sql: str, con: duckdb.DuckDBPyConnection
) -> None:
    said = 'clients: it\'s "quoted", and failed: LINE 1: twice'
    dataset = Source(error=QueryError(said)).dataset()
    con.register("numbers", dataset)
    con.from_arrow(dataset).create_view("viewed")
    con.execute("ATTACH ':memory:' AS attached; USE attached")
    con.from_arrow(dataset).create_view("viewed")
    con.execute("USE memory")
    with pytest.raises(duckdb.Error) as raised:
        con.execute(sql).fetchall()
    assert str(raised.value) != said
    assert sentence_in(str(raised.value)) == said


def test_the_sentence_of_a_macro_is_found_without_the_place_in_the_sql(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE MACRO scanned(tbl) AS TABLE FROM query_table(error('no table ' || tbl))")
    with pytest.raises(duckdb.Error) as raised:
        con.execute("FROM scanned('x')").fetchall()
    assert "LINE 1" in str(raised.value)
    assert sentence_in(str(raised.value)) == "no table x"


@pytest.mark.parametrize("sql", ["SELEC 1", "FROM nowhere", "SELECT 'x'::INTEGER", "SELECT nothing"])
def test_what_duckdb_says_itself_stays_as_it_is(sql: str, con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.Error) as raised:
        con.execute(sql).fetchall()
    assert sentence_in(str(raised.value)) == str(raised.value)


def test_the_next_query_works_after_an_error(con: duckdb.DuckDBPyConnection) -> None:
    source = Source(error=REFUSED)
    failure(con, source)
    source.error = None
    assert con.execute("SELECT count(*) FROM numbers").fetchall() == [(9,)]


def test_a_stream_that_failed_goes_on_failing() -> None:
    source = Source(batches=1, error=REFUSED)
    failing = reader(source.stream())
    assert failing.read_next_batch() == BATCH
    for _ in range(3):
        with pytest.raises(pa.ArrowInvalid, match=r"check APIKey$"):
            failing.read_next_batch()
    assert source.told == [REFUSED]


def test_a_stream_that_ended_stays_at_its_end() -> None:
    ended = reader(Source(batches=1).stream())
    assert ended.read_all().num_rows == 3
    for _ in range(3):
        with pytest.raises(StopIteration):
            ended.read_next_batch()


def test_a_line_break_or_a_zero_byte_in_an_error_does_not_cut_it(con: duckdb.DuckDBPyConnection) -> None:
    assert failure(con, Source(error=QueryError("one\ntwo\0three \udc80"))).endswith("one two three")


def test_an_error_that_is_a_fault_of_ours_names_its_place(con: duckdb.DuckDBPyConnection) -> None:
    def divided() -> Batches:
        yield pa.record_batch({"id": [1 // 0]})

    line = divided.__code__.co_firstlineno + 1
    con.register("numbers", _Dataset(lambda: BatchStream(SCHEMA, divided())))
    with pytest.raises(duckdb.Error) as raised:
        con.execute("FROM numbers").fetchall()
    assert str(raised.value).endswith(
        "a fault of harvest_duck: ZeroDivisionError: integer division or modulo by zero "
        f"(unit/engine/test_arrow_stream.py, line {line}); please report it"
    )


def test_the_end_of_the_process_is_no_fault() -> None:
    assert sentence(CancelledError()) == "Query interrupted"


def test_a_fault_without_a_place_and_with_a_long_message_is_one_short_line() -> None:
    text = sentence(ValueError("much\n" * 1000))
    assert text.startswith("a fault of harvest_duck: ValueError: much much ")
    assert text.endswith("…; please report it")
    assert len(text) < 400


@pytest.mark.parametrize(
    ("error", "text"),
    [(KeyboardInterrupt(), "KeyboardInterrupt"), (InterruptedError("Query interrupted"), "Query interrupted")],
)
def test_an_interrupt_is_no_fault(error: BaseException, text: str, con: duckdb.DuckDBPyConnection) -> None:
    assert failure(con, Source(error=error)).endswith(f" failed{ASKED}: {text}")


def test_a_signal_that_the_iterator_does_not_hear_fails_the_stream_as_well() -> None:
    def last_words(_: BaseException) -> str:
        signal.raise_signal(signal.SIGINT)
        return "never returned"

    failing = reader(BatchStream(SCHEMA, Source(error=REFUSED).scan(), last_words))
    assert [failing.read_next_batch() for _ in range(3)] == [BATCH] * 3
    for _ in range(2):
        with pytest.raises(pa.ArrowInvalid, match=r"^Query interrupted$"):
            failing.read_next_batch()


def test_a_result_that_is_read_in_part_closes_itsscan(con: duckdb.DuckDBPyConnection) -> None:
    # In one thread, DuckDB asks for no more than is fetched.
    con.execute("SET threads = 1")
    source = Source(batches=100_000)
    con.register("numbers", source.dataset())
    assert con.execute("SELECT id FROM numbers").fetchmany(2) == [(1,), (2,)]
    assert source.closed == 0
    con.execute("SELECT 1")
    assert (source.closed, source.left) == (1, 0)


def test_a_limit_closes_thescan(con: duckdb.DuckDBPyConnection) -> None:
    source = Source(batches=5000)
    con.register("numbers", source.dataset())
    con.execute("SELECT id FROM numbers LIMIT 2").fetchall()
    con.execute("SELECT 1")
    assert (source.closed, source.left) == (1, 0)


def test_a_stream_that_nobody_reads_is_closed() -> None:
    source = Source()
    stream = source.stream()
    capsule = stream.__arrow_c_stream__()
    del capsule
    assert source.left == 0
    unasked = source.stream()
    del unasked
    assert source.left == 0


def test_a_stream_is_taken_once() -> None:
    stream = Source().stream()
    reader(stream)
    with pytest.raises(IndexError):
        stream.__arrow_c_stream__()


def test_a_released_stream_holds_no_batches_although_its_object_lives() -> None:
    source = Source()
    stream = source.stream()
    reading = reader(stream)
    reading.read_next_batch()
    assert source.left == 1
    del reading
    assert (source.left, source.closed) == (0, 1)


def test_another_thread_may_release_a_stream() -> None:
    source = Source()
    reading = [reader(source.stream())]
    reading[0].read_next_batch()
    thread = threading.Thread(target=reading.clear)
    thread.start()
    thread.join()
    assert (source.left, source.closed) == (0, 1)


def test_threads_read_streams_of_their_own_each_with_its_error(con: duckdb.DuckDBPyConnection) -> None:
    texts: dict[int, list[str]] = {number: [] for number in range(8)}

    def read(number: int) -> None:
        with con.cursor() as cursor:
            for _ in range(20):
                texts[number].append(failure(cursor, Source(number, QueryError(f"error of thread {number}"))))

    threads = [threading.Thread(target=read, args=(number,)) for number in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, found in texts.items():
        assert len(found) == 20
        assert all(text.endswith(f" failed{ASKED}: error of thread {number}") for text in found)


@pytest.mark.takes_a_share
@pytest.mark.parametrize("error", [None, REFUSED])
def test_thousands_of_streams_leave_nothing(error: BaseException | None) -> None:
    def callbacks() -> int:
        gc.collect()
        return sum("CThunkObject" in type(each).__name__ for each in gc.get_objects())

    def consume(readers: Iterable[pa.RecordBatchReader]) -> None:
        for reading in readers:
            try:
                reading.read_all()
            except pa.ArrowInvalid:
                assert error is not None

    source = Source(error=error)
    consume([reader(source.stream())])
    before = callbacks()
    source = Source(error=error)
    consume(reader(source.stream()) for _ in range(share(3000)))
    source.told.clear()
    if error is not None:
        # The same object each time, which has the frames of all.
        error.__traceback__ = None
    assert callbacks() <= before
    assert (source.closed, source.left) == (share(3000), 0)


def test_a_process_may_end_while_a_stream_is_read() -> None:
    program = """
import duckdb, pyarrow as pa, pyarrow.dataset as ds
from harvest_duck.engine.arrow_stream import BatchStream
batch = pa.record_batch({"id": [1, 2, 3]})
class Numbers(ds.Dataset):
    def __init__(self): pass
    schema = property(lambda self: batch.schema)
    def scanner(self, **_): return self
    def to_reader(self): return BatchStream(batch.schema, (batch for _ in range(100_000)))
con = duckdb.connect()
# A thread of DuckDB's own that reads on would abort the process, whoever made the stream.
con.execute("SET threads = 1")
con.register("numbers", Numbers())
print(con.execute("SELECT id FROM numbers").fetchmany(1))
"""
    ended = run(program)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "[(1,)]\n", "")


def test_more_batches_are_not_asked_for_than_are_read() -> None:
    asked: list[int] = []

    def counted() -> Batches:
        for number in range(10):
            asked.append(number)
            yield BATCH

    reading = reader(BatchStream(SCHEMA, counted()))
    assert asked == []
    assert [batch.num_rows for batch in islice(reading, 2)] == [3, 3]
    assert asked == [0, 1]
