"""Inject the faults that a schedule chooses, and record each one.

Only requests for records, those under `/v2/`, get faults. Some faults fit only some responses: a duplicate record needs
a page with records. A fault that does not fit is skipped, and `injected` does not list it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from aiohttp import web

from harvest_duck.sandbox.faults.body_faults import Page, apply_fault, invalid_body
from harvest_duck.sandbox.faults.connection_faults import CONNECTION_FAULTS, abort, break_connection, delayed
from harvest_duck.sandbox.faults.record_changes import changed_records
from harvest_duck.sandbox.faults.response_faults import UNUSUAL_RESPONSES, encoded_like, error_response, plain_body
from harvest_duck.sandbox.faults.schedule import (
    BODY_FAULTS,
    RECORD_CHANGES,
    TOKEN_FAULTS,
    Fault,
    Kind,
    RecordChange,
    RequestCounter,
    Schedule,
)
from harvest_duck.sandbox.wire import encode

if TYPE_CHECKING:
    from harvest_duck.sandbox.api.server import Answerer, Server
    from harvest_duck.sandbox.wire import Record

_OK = 200


@dataclass(frozen=True, slots=True)
class InjectedFault:
    """A fault that was injected into the `attempt`-th request for `target`, and the record that it changed, if any."""

    target: str
    attempt: int
    fault: Fault
    change: RecordChange | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.target} ({self.attempt}): {self.fault.kind} [{self.fault.seed}]"


class FaultInjector:
    """Injects the faults of a `schedule` into the responses of a `server`, its records, its tokens and its first port.

    `intercept` is the interceptor to give to the server.
    """

    def __init__(self, schedule: Schedule, server: Server) -> None:
        self.injected: list[InjectedFault] = []
        self._schedule = schedule
        self._server = server
        self._counter = RequestCounter()
        self._originals: dict[tuple[int, str], list[Record]] = {}
        self._first_records: dict[str, list[Record]] = {}

    def restore(self) -> None:
        """Put back the records that were changed."""
        for (account_id, table), records in self._originals.items():
            self._server.accounts[account_id].replace(table, records)
        self._originals.clear()

    async def intercept(self, request: web.BaseRequest, answer: Answerer) -> web.StreamResponse | None:
        """Return the response to `request`, with the scheduled fault in it; None where the fault ended the connection.

        `answer` gives the correct response.
        """
        if not request.path.startswith("/v2/"):
            return await answer(request)
        counted = self._counter.count(request.path, request.path_qs)
        fault = self._schedule.choose(counted)
        if fault is None:
            return self._remember(request, await answer(request))
        entry = InjectedFault(counted.target, counted.attempt, fault)
        if fault.kind in TOKEN_FAULTS:
            self._end_tokens(fault.kind)
            self.injected.append(entry)
            return await answer(request)
        if fault.kind in RECORD_CHANGES:
            change = self._change_record(fault, request)
            if change is not None:
                self.injected.append(replace(entry, change=change))
            return await answer(request)
        if (error := error_response(fault, self._server.now())) is not None:
            self.injected.append(entry)
            return error
        if fault.kind in (Kind.REFUSED, Kind.IMPOSTOR):
            return await self._shut_port(request, answer, entry)
        return await self._with_fault(request, await answer(request), entry)

    async def _with_fault(
        self, request: web.BaseRequest, response: web.StreamResponse, entry: InjectedFault
    ) -> web.StreamResponse | None:
        """Return the response with the fault of `entry` in it, or unchanged where that fault does not fit it."""
        kind = entry.fault.kind
        # The correct error responses stay as they are.
        if not isinstance(response, web.Response) or response.status != _OK:
            return response
        plain = plain_body(response)
        if kind in CONNECTION_FAULTS:
            self.injected.append(entry)
            if request.transport is not None:
                await break_connection(kind, request.transport, plain)
            return None
        if kind in (Kind.LATE_HEADERS, Kind.LATE_BODY):
            self.injected.append(entry)
            return await delayed(kind, request, response)
        if kind in UNUSUAL_RESPONSES:
            self.injected.append(entry)
            return UNUSUAL_RESPONSES[kind](response, plain, entry.fault.random())
        body, change = self._faulty_body(request, plain, entry.fault)
        if body is None:
            return response
        self.injected.append(replace(entry, change=change))
        return encoded_like(body, response, html=kind is Kind.HTML)

    async def _shut_port(
        self, request: web.BaseRequest, answer: Answerer, entry: InjectedFault
    ) -> web.StreamResponse | None:
        if not await self._server.ports[0].shut(impostor=entry.fault.kind is Kind.IMPOSTOR):
            return await answer(request)
        self.injected.append(entry)
        if request.transport is not None:
            abort(request.transport)
        return None

    def _end_tokens(self, kind: Kind) -> None:
        if kind is Kind.EXPIRED:
            self._server.authority.expire_access_tokens()
        else:
            self._server.authority.revoke()

    def _change_record(self, fault: Fault, request: web.BaseRequest) -> RecordChange | None:
        """Change a record of the requested table; None where the table has none to change."""
        number, table = request.headers.get("Harvest-Account-Id", ""), request.path.removeprefix("/v2/")
        account = self._server.accounts.get(int(number)) if number.isdecimal() else None
        if account is None or table not in account.tables:
            return None
        records = account.records(table)
        changed = changed_records(fault.kind, table, records, fault.random(), self._server.now())
        if changed is None:
            return None
        self._originals.setdefault((account.profile.account_id, table), records)
        account.replace(table, changed[0])
        return changed[1]

    def _faulty_body(
        self, request: web.BaseRequest, plain: bytes, fault: Fault
    ) -> tuple[bytes | None, RecordChange | None]:
        """Return the body with the fault in it, None where it does not fit, and the record that was served wrong."""
        if fault.kind in BODY_FAULTS and (content := invalid_body(fault.kind, plain)) is not None:
            return content, None
        url = f"{request.scheme}://{request.host}{request.path_qs}"
        page = Page(json.loads(plain, parse_float=Decimal), url, self._first_records.get(request.path, []))
        if not apply_fault(fault.kind, page, fault.random()):
            return None, None
        if page.altered is None:
            return encode(page.body), None
        before, after = page.altered
        return encode(page.body), RecordChange(request.path.removeprefix("/v2/"), before["id"], before, after)

    def _remember(self, request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse:
        """Keep the first record of a page, for a later fault that repeats it on another page; return the response."""
        if Kind.TWICE_ON_PAGES in self._schedule.kinds and isinstance(response, web.Response):
            body = json.loads(plain_body(response), parse_float=Decimal) if response.status == _OK else {}
            page = Page(body, "")
            if page.key is not None:
                self._first_records.setdefault(request.path, []).extend(page.records[:1])
        return response
