"""What the properties of a connection string say about what answers in place of Harvest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harvest_duck.errors import ConnectionStringError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from harvest_duck.connection.parsing import Given, Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """What answers in place of Harvest: the file of a copy, or where `path` is None the memory of this process.

    An answer may be `tolerance_s` seconds old. `offline` asks Harvest nothing, whatever the age. `as_of` is the moment,
    in UTC, whose rows the history of the file gives, which is offline too.
    """

    path: Path | None
    tolerance_s: float
    offline: bool
    as_of: datetime | None


def cache_of(given: Mapping[str, Given], values: Values) -> Cache | None:
    """Return the cache of a connection: that of a CacheLocation or AutoCache=true, none with AutoCache=false."""
    location, tolerance_s = values.database("CacheLocation"), values.seconds("CacheTolerance") or 0.0
    offline, as_of = values.boolean("Offline"), values.moment("AsOf")
    automatic = values.boolean("AutoCache") if "AutoCache" in given and given["AutoCache"].text else None
    path = location if isinstance(location, Path) else None
    for name, wanted in (("Offline", offline), ("AsOf", as_of is not None)):
        if wanted and path is None:
            raise ConnectionStringError(
                f"{given[name].where}: {name} needs CacheLocation, the file of a copy that `harvest-duck sync` makes"
            )
    if offline or as_of is not None:
        return Cache(path=path, tolerance_s=tolerance_s, offline=True, as_of=as_of)
    if automatic is False or (automatic is None and location is None):
        return None
    return Cache(path=path, tolerance_s=tolerance_s, offline=False, as_of=None)
