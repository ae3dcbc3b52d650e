"""A scan that the file of a copy answers: as it is, or after a sync; where it cannot, what is beside it answers."""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from harvest_duck.cache import copy_file, copy_sync, freshness
from harvest_duck.cache.copy_owner import require_owner
from harvest_duck.cache.copy_sync import Asked
from harvest_duck.cache.expected import Expected
from harvest_duck.cache.file_rows import rows
from harvest_duck.cache.freshness import Way
from harvest_duck.errors import MirrorBusy, MirrorError
from harvest_duck.http.request_log import FILE, Answer
from harvest_duck.mirror.history import require_known
from harvest_duck.mirror.ownership import refuse_other_account
from harvest_duck.runtime import interrupt, loop
from harvest_duck.runtime.interrupt import Stop
from harvest_duck.scanner.table_reader import ScanSession
from harvest_duck.text import escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pyarrow as pa

    from harvest_duck.cache.freshness import Held
    from harvest_duck.connection.cache import Cache
    from harvest_duck.http.request_log import RequestLog
    from harvest_duck.runtime.blocking_reader import Readers
    from harvest_duck.scanner.progress import RunningScans
    from harvest_duck.scanner.scan_request import ScanRequest

#: Seconds after which to look again whether another sync has ended.
_BUSY_S = 0.1


def batches(
    request: ScanRequest,
    request_log: RequestLog,
    running: RunningScans,
    readers: Readers,
    *,
    beside: Callable[[], Iterator[pa.RecordBatch]],
) -> Iterator[pa.RecordBatch]:
    """Return the batches of a scan whose connection has the file of a copy, as `scanner.scan.batches` does.

    `beside` returns those of what the file cannot answer. It is not called where the connection is offline: then that
    is a `MirrorError`.
    """
    asked = Asked(request.settings, ScanSession(request_log, running, readers), Stop())
    # Now, as `blocking_reader.pulled` does.
    interrupt.add(asked.stop)
    return _answered(request, asked, beside)


def expected(request: ScanRequest) -> Expected | None:
    """Return what the file of a copy would do for a scan, None where what is beside it answers; nothing is sent."""
    cache, path = _file_of(request)
    now, name = datetime.now(UTC), request.table.name
    held = _offline(request, path) if cache.offline else copy_file.held(path)
    found = Way.FILE if cache.offline else _way(request, cache, held, now)
    if found is Way.BESIDE:
        return None
    answer = answer_of(name, held, cache, path, now)
    return replace(answer, age_s=None, requests=None) if found is Way.SYNC else answer


def answer_of(name: str, held: Held, cache: Cache, path: Path, now: datetime) -> Expected:
    """Return the answer that the file of a copy has for a table as it is, with its age at `now`."""
    as_of = cache.as_of or held.known_at(name)
    account = None if held.source is None else held.source.account_id
    age_s = None if as_of is None else max(0.0, (now - as_of).total_seconds())
    return Expected(FILE, path.name, account, age_s, 0)


def _answered(
    request: ScanRequest, asked: Asked, beside: Callable[[], Iterator[pa.RecordBatch]]
) -> Iterator[pa.RecordBatch]:
    cache, path = _file_of(request)
    with asked.session.readers.opened(asked.stop):
        held = _offline(request, path) if cache.offline else _up_to_date(request, cache, path, asked)
        if held is not None:
            yield from _from_file(request, path, held, asked)
            return
    yield from beside()


def _file_of(request: ScanRequest) -> tuple[Cache, Path]:
    cache = request.settings.cache
    assert cache is not None  # noqa: S101 - only asked for connections with the file of a copy
    assert cache.path is not None  # noqa: S101 - as above
    return cache, cache.path


def _way(request: ScanRequest, cache: Cache, held: Held, asked_at: datetime) -> Way:
    parent = request.table.parent
    domain = None if parent is None else (request.domains or {}).get(parent.param)
    chosen = domain is not None and domain.values is not None
    return freshness.way(request.table.name, held, cache, asked_at, parents_chosen=chosen)


def _offline(request: ScanRequest, path: Path) -> Held:
    """Return what is known of the copy that answers a scan offline; raise `MirrorError` where it cannot."""
    held, name = copy_file.held(path), request.table.name
    if held.source is None:
        raise MirrorError(f"{escaped(path)} is not there, and the connection is offline: make it by harvest-duck sync")
    refuse_other_account(path, held.source, request.settings.require_accounts())
    if freshness.mirrored(name) is None:
        raise MirrorError(f"{name} is in no copy, and the connection is offline: ask without Offline and AsOf")
    if not held.whole(name):
        known = held.known_at("me")
        old = "of unknown age" if known is None else f"{freshness.age(known)} old"
        raise MirrorError(
            f"{escaped(path)}, which is {old}, does not have {name} whole, and the connection is offline: "
            f"add it by `harvest-duck sync {name} --to {escaped(shlex.quote(str(path)))}`, or ask without Offline"
        )
    as_of = _file_of(request)[0].as_of
    if as_of is not None:
        require_known(held.history, path, name, as_of)
    return held


def _up_to_date(request: ScanRequest, cache: Cache, path: Path, asked: Asked) -> Held | None:
    """Return what is known of the copy once it is young enough for a scan, None where it cannot be made so.

    Waits for a sync by somebody else, and then looks again.
    """
    asked_at, name = datetime.now(UTC), request.table.name
    while True:
        held = copy_file.held(path)
        found = _way(request, cache, held, asked_at)
        if found is Way.FILE:
            require_owner(path, held, request.settings, asked.session)
            return held
        if found is Way.BESIDE:
            return None
        try:
            proven = copy_sync.sync(name, held, path, asked)
        except MirrorBusy:
            loop.run(asyncio.sleep(_BUSY_S), asked.stop)
            continue
        return copy_file.held(path) if proven else None


def _from_file(request: ScanRequest, path: Path, held: Held, asked: Asked) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a scan from the file, and log the answer at the end."""
    log, name, source = asked.session.request_log, request.table.name, held.source
    account = None if source is None else source.account_id
    as_of = _file_of(request)[0].as_of or held.known_at(name)
    answer = Answer(log.next_scan(), name, account, datetime.now(UTC), FILE, path.name, as_of, rows=None)
    counted, whole = 0, False
    try:
        for batch in rows(request, path):
            asked.refuse_ended()
            counted += batch.num_rows
            yield batch
        whole = True
    finally:
        log.add_answer(replace(answer, rows=counted) if whole else answer)
