"""The live report without a server: a fault of the program ends a reading too, and is told."""

from __future__ import annotations

import asyncio

import duckdb

from harvest_duck.servers.report.live_report import LiveReport


def test_a_reading_that_a_fault_ends_is_told_and_not_begun_again_for_ever() -> None:
    async def read(live: LiveReport, given: dict[str, str | None]) -> tuple[bool, bool, str]:
        live.read(given)
        await live.wait(60)
        return live.has({}), live.failed(given), live.failure

    async def both() -> None:
        with duckdb.connect() as con:
            live = LiveReport(con)
            told = await read(live, {})
            assert told[:2] == (False, True)
            assert "no account is attached" in told[2]
            has, failed, why = await read(live, {"no_option": "of a report"})
            assert (has, failed) == (False, True)
            assert why.startswith("a fault of harvest_duck: TypeError")
            await live.close()

    asyncio.run(both())
