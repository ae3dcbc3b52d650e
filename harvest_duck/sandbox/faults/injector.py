"""The sandbox misbehaving by a schedule: what `schedule` chooses for a request, committed over the wire and noted.

Only requests for records, those under `/v2/`, are met by faults. What cannot be committed, such as a record twice on a
page without records, is not: `committed` holds what was.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from aiohttp import web

from harvest_duck.sandbox.faults.body_faults import Page, garbled, lie
from harvest_duck.sandbox.faults.connection_faults import WRECKS, abort, late, wreck
from harvest_duck.sandbox.faults.record_changes import changed
from harvest_duck.sandbox.faults.response_faults import ODD, packed, plain_body, refusal
from harvest_duck.sandbox.faults.schedule import CHANGES, LIES, TOKENS, Counting, Fault, Kind, Schedule, Touched
from harvest_duck.sandbox.wire import encode

if TYPE_CHECKING:
    from harvest_duck.sandbox.api.server import Answerer, Server
    from harvest_duck.sandbox.wire import Record


@dataclass(frozen=True, slots=True)
class Committed:
    """A fault that was committed: on the `time`-th request for `target`, and the record that it touched, if any."""

    target: str
    time: int
    fault: Fault
    touched: Touched | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.target} ({self.time}): {self.fault.kind} [{self.fault.dice}]"


class Hostility:
    """Commits the faults of a `schedule` on the answers of a `server`, on its tokens, and on its first port."""

    def __init__(self, schedule: Schedule, server: Server) -> None:
        self.committed: list[Committed] = []
        self._schedule = schedule
        self._server = server
        self._counting = Counting()
        self._originals: dict[tuple[int, str], list[Record]] = {}
        self._earlier: dict[str, list[Record]] = {}

    def restore(self) -> None:
        """Put back the records that were changed."""
        for (account_id, table), records in self._originals.items():
            self._server.accounts[account_id].replace(table, records)
        self._originals.clear()

    async def answer(self, request: web.BaseRequest, truth: Answerer) -> web.StreamResponse | None:
        """The answer to `request`, mostly the truth; None where the connection was ended instead."""
        if not request.path.startswith("/v2/"):
            return await truth(request)
        asked = self._counting.asked(request.path, request.path_qs)
        fault = self._schedule.choose(asked)
        if fault is None:
            return self._remembered(request, await truth(request))
        touched = self._happened(fault, request) if fault.kind in CHANGES | TOKENS else None
        note = Committed(asked.target, asked.time, fault, touched)
        if fault.kind in CHANGES | TOKENS:
            if touched is not None or fault.kind in TOKENS:
                self.committed.append(note)
            return await truth(request)
        if (refused := refusal(fault, datetime.now(UTC))) is not None:
            self.committed.append(note)
            return refused
        if fault.kind in (Kind.REFUSED, Kind.IMPOSTOR):
            return await self._shut(request, truth, note)
        return await self._misled(request, await truth(request), note)

    async def _misled(
        self, request: web.BaseRequest, response: web.StreamResponse, note: Committed
    ) -> web.StreamResponse | None:
        """The true answer, spoilt; itself where it cannot be."""
        kind = note.fault.kind
        if not isinstance(response, web.Response) or response.status != 200:  # noqa: PLR2004 - refusals stand
            return response
        plain = plain_body(response)
        if kind in WRECKS:
            self.committed.append(note)
            if request.transport is not None:
                await wreck(kind, request.transport, plain)
            return None
        if kind in (Kind.LATE_HEADERS, Kind.LATE_BODY):
            self.committed.append(note)
            return await late(kind, request, response)
        if kind in ODD:
            self.committed.append(note)
            return ODD[kind](response, plain, note.fault.thrown())
        spoilt, touched = self._spoilt(request, plain, note.fault)
        if spoilt is None:
            return response
        self.committed.append(Committed(note.target, note.time, note.fault, touched))
        return packed(spoilt, response, html=kind is Kind.HTML)

    async def _shut(
        self,
        request: web.BaseRequest,
        truth: Answerer,
        note: Committed,
    ) -> web.StreamResponse | None:
        if not await self._server.doors[0].shut(impostor=note.fault.kind is Kind.IMPOSTOR):
            return await truth(request)
        self.committed.append(note)
        if request.transport is not None:
            abort(request.transport)
        return None

    def _happened(self, fault: Fault, request: web.BaseRequest) -> Touched | None:
        """What becomes of tokens, or of a record of the table that is asked for."""
        if fault.kind is Kind.EXPIRED:
            self._server.authority.expire_access_tokens()
        if fault.kind is Kind.REVOKED:
            self._server.authority.revoke()
        number, table = request.headers.get("Harvest-Account-Id", ""), request.path.removeprefix("/v2/")
        account = self._server.accounts.get(int(number)) if number.isdecimal() else None
        if fault.kind in TOKENS or account is None or table not in account.tables:
            return None
        records = account.records(table)
        change = changed(fault.kind, table, records, fault.thrown(), datetime.now(UTC))
        if change is None:
            return None
        self._originals.setdefault((account.plan.account_id, table), records)
        account.replace(table, change[0])
        return change[1]

    def _spoilt(self, request: web.BaseRequest, plain: bytes, fault: Fault) -> tuple[bytes | None, Touched | None]:
        """A body with a lie in it, None where the lie cannot be told, and the record that it misquotes."""
        if fault.kind in LIES and (content := garbled(fault.kind, plain)) is not None:
            return content, None
        url = f"{request.scheme}://{request.host}{request.path_qs}"
        page = Page(json.loads(plain, parse_float=Decimal), url, self._earlier.get(request.path, []))
        if not lie(fault.kind, page, fault.thrown()):
            return None, None
        table = request.path.removeprefix("/v2/")
        quoted = page.misquoted
        touched = None if quoted is None else Touched(table, quoted[0]["id"], *quoted)
        return encode(page.body), touched

    def _remembered(self, request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse:
        """The answer, whose first record may come again on another page."""
        if Kind.TWICE_ON_PAGES in self._schedule.kinds and isinstance(response, web.Response):
            body = json.loads(plain_body(response), parse_float=Decimal) if response.status == 200 else {}  # noqa: PLR2004
            page = Page(body, "")
            if page.key is not None:
                self._earlier.setdefault(request.path, []).extend(page.records[:1])
        return response
