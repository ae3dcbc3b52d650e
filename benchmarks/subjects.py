"""The subjects of the benchmarks, each run alone in a process: our queries, the lower bounds, and other tools.

`python subjects.py NAME CONNECTION [PAGES]` runs one and prints its figures as JSON: seconds of wall and CPU time, the
peak of memory and that of the imports in MB, and figures of the subject itself. Imports are not timed.
"""

from __future__ import annotations

import asyncio
import io
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any
from urllib.request import urlopen

Figures = dict[str, Any]
Subject = Callable[[str, int], Callable[[], Figures]]

ENTRIES = "harvest.time_entries"
#: The requests that a connection has in flight by default.
MAX_IN_FLIGHT = 16
#: How many times as fast the clock runs for the rate-limit schedule.
SCALE = 2


def base(connection: str) -> str:
    """Return the BaseURL of a connection string."""
    return dict(part.split("=", 1) for part in connection.split(";"))["BaseURL"]


def address(connection: str, page: int) -> str:
    """Return the URL of a page of the largest size."""
    return f"{base(connection)}/time_entries?per_page=2000&page={page}"


def sql(query: str) -> Subject:
    """Run a query through DuckDB, with all columns in place of `{every}`."""

    def prepared(connection: str, _pages: int) -> Callable[[], Figures]:
        import harvest_duck.scanner.scan  # noqa: PLC0415 - only the measured modules are imported
        from harvest_duck.catalog.tables import TABLES  # noqa: PLC0415 - as above

        con = harvest_duck.connect(connection)
        every = ", ".join(f"count({column.name})" for column in TABLES["time_entries"].columns)

        def run() -> Figures:
            rows = con.execute(query.format(every=every)).fetchall()
            return {"rows": rows[0][0], "requests": con.sql("FROM harvest_requests()").count("*").fetchall()[0][0]}

        return run

    return prepared


def first_query(connection: str, _pages: int) -> Callable[[], Figures]:
    """Run the first query of a process as soon as `connect` has returned."""
    import harvest_duck  # noqa: PLC0415 - as above

    con = harvest_duck.connect(connection)
    return lambda: {"rows": len(con.sql(f"FROM {ENTRIES} LIMIT 10").fetchall())}


def to_arrow(connection: str, _pages: int) -> Callable[[], Figures]:
    """Read every column of every row into an Arrow table."""
    import harvest_duck.scanner.scan  # noqa: PLC0415 - as above

    con = harvest_duck.connect(connection)
    return lambda: {"rows": con.sql(f"FROM {ENTRIES}").to_arrow_table().num_rows}


def http(connection: str, pages: int) -> Callable[[], Figures]:
    """Fetch the pages as bytes, with as many requests in flight as a scan has."""
    import aiohttp  # noqa: PLC0415 - as above

    async def fetched() -> int:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=MAX_IN_FLIGHT)) as session:

            async def size(page: int) -> int:
                async with session.get(address(connection, page), headers={"Accept-Encoding": "identity"}) as answer:
                    return len(await answer.read())

            return sum(await asyncio.gather(*map(size, range(1, pages + 1))))

    return lambda: {"bytes": asyncio.run(fetched())}


def pyarrow_json(connection: str, pages: int) -> Callable[[], Figures]:
    """Decode one page repeatedly with Arrow's reader, with all columns."""
    import pyarrow as pa  # noqa: PLC0415 - as above
    import pyarrow.json as pj  # noqa: PLC0415 - as above

    body, schema = _page(connection), _schema()
    options = pj.ReadOptions(use_threads=False, block_size=len(body) + 1)
    parse = pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")

    def run() -> Figures:
        for _ in range(pages):
            pj.read_json(pa.BufferReader(body), read_options=options, parse_options=parse)
        return {}

    return run


def arro3_json(connection: str, pages: int) -> Callable[[], Figures]:
    """Do the same with arro3, a Rust implementation of Arrow."""
    import pyarrow as pa  # noqa: PLC0415 - as above
    from arro3.io import read_json  # noqa: PLC0415 - as above

    body, schema = _page(connection), _schema()

    def run() -> Figures:
        for _ in range(pages):
            for batch in read_json(io.BytesIO(body), schema=schema, batch_size=1):
                pa.record_batch(batch)
        return {}

    return run


def _page(connection: str) -> bytes:
    with urlopen(address(connection, 1)) as answer:  # noqa: S310 - the static server
        return answer.read()  # type: ignore[no-any-return]


def _schema() -> Any:  # noqa: ANN401 - a schema of pyarrow's
    import pyarrow as pa  # noqa: PLC0415 - as above

    from harvest_duck.catalog.arrow_types import json_type  # noqa: PLC0415 - as above
    from harvest_duck.catalog.tables import TABLES  # noqa: PLC0415 - as above
    from harvest_duck.decoder.layout import Layout  # noqa: PLC0415 - as above

    table = TABLES["time_entries"]
    record = json_type(Layout(table, [column.name for column in table.columns]).record)
    return pa.schema([pa.field("time_entries", pa.list_(record)), pa.field("total_pages", pa.int64())])


def requests_pandas(connection: str, _pages: int) -> Callable[[], Figures]:
    """Run the usual script: a loop over pages into one data frame."""
    import pandas as pd  # noqa: PLC0415 - as above
    import requests  # noqa: PLC0415 - as above

    def run() -> Figures:
        frames, page = [], 1
        with requests.Session() as session:
            while page:
                answer = session.get(address(connection, page), timeout=30)
                answer.raise_for_status()
                body = answer.json()
                frames.append(pd.json_normalize(body["time_entries"], sep="_"))
                page = body["next_page"]
        return {"rows": len(pd.concat(frames, ignore_index=True))}

    return run


def dlt_rest_api(connection: str, _pages: int) -> Callable[[], Figures]:
    """Load through the REST API source of dlt into DuckDB, as its documentation shows."""
    import dlt  # noqa: PLC0415 - as above
    from dlt.sources.rest_api import rest_api_source  # noqa: PLC0415 - as above

    source = rest_api_source(
        {
            "client": {"base_url": base(connection) + "/"},
            "resources": [
                {
                    "name": "time_entries",
                    "endpoint": {
                        "path": "time_entries",
                        "params": {"per_page": 2000},
                        "data_selector": "time_entries",
                        "paginator": {"type": "json_link", "next_url_path": "links.next"},
                    },
                }
            ],
        }
    )

    def run() -> Figures:
        with tempfile.TemporaryDirectory() as folder:
            destination = dlt.destinations.duckdb(f"{folder}/entries.duckdb")
            pipeline = dlt.pipeline("entries", pipelines_dir=folder, destination=destination, dataset_name="harvest")
            pipeline.run(source)
            with pipeline.sql_client() as client:
                return {"rows": client.execute_sql("SELECT count(*) FROM time_entries")[0][0]}

    return run


def tables_one_by_one(connection: str, _pages: int) -> Callable[[], Figures]:
    """Read every table of an account, one after the other."""
    return lambda: {"rows": sum(map(_rows_of(connection), _table_names()))}


def tables_together(connection: str, _pages: int) -> Callable[[], Figures]:
    """Read every table of an account, each in a thread of its own."""

    def run() -> Figures:
        with ThreadPoolExecutor(len(_table_names())) as threads:
            return {"rows": sum(threads.map(_rows_of(connection), _table_names()))}

    return run


def engines(_connection: str, _pages: int) -> Callable[[], Figures]:
    """Import DuckDB, and Arrow with its datasets, which DuckDB reads."""

    def run() -> Figures:
        import duckdb  # noqa: F401, PLC0415 - as above
        import pyarrow.dataset as ds  # noqa: F401, PLC0415 - as above

        return {}

    return run


def importing(_connection: str, _pages: int) -> Callable[[], Figures]:
    """Import the package after DuckDB and Arrow."""
    engines("", 0)()

    def run() -> Figures:
        import harvest_duck  # noqa: F401, PLC0415 - as above

        return {}

    return run


def registering(_connection: str, _pages: int) -> Callable[[], Figures]:
    """Import the package, and register every table with a DuckDB connection."""
    imported = importing("", 0)
    import duckdb  # noqa: PLC0415 - as above

    con = duckdb.connect()

    def run() -> Figures:
        imported()
        import harvest_duck  # noqa: PLC0415 - as above

        harvest_duck.register(con)
        return {}

    return run


def scheduled(connection: str, pages: int) -> Callable[[], Figures]:
    """Read every column of many pages under a rate limit, by a clock that runs `SCALE` times as fast."""
    from harvest_duck.scanner.client_pool import pool  # noqa: PLC0415 - as above

    class Fast:
        def now(self) -> float:
            return time.monotonic() * SCALE

        async def sleep(self, seconds: float) -> None:
            await asyncio.sleep(seconds / SCALE)

    pool().clock = Fast()
    scan = SUBJECTS["every column"](connection, pages)

    def run() -> Figures:
        figures = scan()
        with urlopen(base(connection).removesuffix("/v2") + "/refused") as answer:  # noqa: S310 - the static server
            return figures | {"refused": json.load(answer)}

    return run


def _table_names() -> list[str]:
    import harvest_duck  # noqa: PLC0415 - as above

    return harvest_duck.tables().column("table_name").to_pylist()  # type: ignore[no-any-return]


def _rows_of(connection: str) -> Callable[[str], int]:
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    import harvest_duck  # noqa: PLC0415 - as above
    from harvest_duck.catalog.tables import TABLES  # noqa: PLC0415 - as above

    year = (pc.field("from_date") == date(2026, 1, 1)) & (pc.field("to_date") == date(2026, 11, 20))

    def rows(name: str) -> int:
        asked = year if TABLES[name].max_span_days is not None else None
        return harvest_duck.scan(name, connection, filter=asked).read_all().num_rows  # type: ignore[no-any-return]

    return rows


SUBJECTS: dict[str, Subject] = {
    "every column": sql(f"SELECT count(*), {{every}} FROM {ENTRIES}"),
    "to a table": sql(f"CREATE TABLE copied AS FROM {ENTRIES}"),
    "to Arrow": to_arrow,
    "four columns": sql(f"SELECT count(*), max(client_name), max(spent_date), sum(hours), count(notes) FROM {ENTRIES}"),
    "count": sql(f"SELECT count(*) FROM {ENTRIES}"),
    "count ids": sql(f"SELECT count(id) FROM {ENTRIES}"),
    "first query": first_query,
    "limit": sql(f"SELECT id, notes FROM {ENTRIES} LIMIT 10"),
    "http": http,
    "pyarrow.json": pyarrow_json,
    "arro3": arro3_json,
    "engines": engines,
    "import": importing,
    "register": registering,
    "scheduled": scheduled,
    "tables one by one": tables_one_by_one,
    "tables together": tables_together,
    "requests and pandas": requests_pandas,
    "dlt": dlt_rest_api,
}


def main() -> None:
    """Run the subject that the arguments name."""
    name, connection, *pages = sys.argv[1:]
    run = SUBJECTS[name](connection, int(pages[0]) if pages else 1)
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    figures = run()
    wall_s, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    memory = {"rss_mb": after.ru_maxrss / 1024, "imports_mb": before.ru_maxrss / 1024}
    print(json.dumps({"wall_s": wall_s, "cpu_s": cpu_s, **memory, **figures}))


if __name__ == "__main__":
    main()
