"""What the cache of a connection would do for a scan, as a value, for those who ask before they send anything."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Expected:
    """An answer that a cache would give: from the `place`, `age_s` seconds old, None where nobody knows.

    `source` is a source of the request log. `requests` go out before it: 0 where it is fresh enough, None where their
    number cannot be known.
    """

    source: str
    place: str
    account_id: int | None
    age_s: float | None
    requests: int | None
