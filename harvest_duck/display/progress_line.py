"""The progress of scans as one line: what is read, how much of it, and how long it will take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["duration", "progress_line"]


def progress_line(scans: Iterable[Mapping[str, Any]]) -> str:
    """Return one line about running scans, given as rows of `progress`."""
    return "; ".join(map(_scan, scans)) or "waiting for DuckDB"


def _scan(row: Mapping[str, Any]) -> str:
    if row["waits_s"] >= 1:
        waits = duration(row["waits_s"])
        return f"{row['table_name']}: {row['records']:,} records; waits {waits}, since some have just changed"
    if row["requests_left"] is None:
        return f"{row['table_name']}: {row['records']:,} records by {row['requests']:,} requests"
    requests = row["requests"] + row["requests_left"]
    return (
        f"{row['table_name']}: {row['records']:,} records, {row['requests']:,} of {requests:,} requests, "
        f"{duration(row['left_s'])} left"
    )


def duration(seconds: float) -> str:
    """Return a time in minutes and seconds, as people read it."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
