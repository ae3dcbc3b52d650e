"""What the server of the live report answers: the report for a choice, and a reading that a person asks for.

There is no script on the pages. A page that waits asks for itself again each second, and a choice is a URL, so that the
back button and bookmarks work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from harvest_duck.engine.arrow_stream import sentence
from harvest_duck.errors import HarvestDuckError
from harvest_duck.report_page.form import Form
from harvest_duck.servers.report import pages
from harvest_duck.servers.report.query import chosen, path
from harvest_duck.servers.report.words import age_of, failure_of, reading

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from harvest_duck.servers.report.authorization import Authorization
    from harvest_duck.servers.report.live_report import LiveReport

__all__ = ["Routes"]

#: Seconds between two pages of earlier figures while others are read: each draws the whole page.
_RELOAD_S = 3
#: Seconds in which a reading may end before a page says that it is under way.
_PATIENCE_S = 1.0
_REFRESH = "/refresh"
#: The report without a choice, whatever the command was given.
_WHOLE = "/?from=&to=&client=&person="
_STRANGER = "Open the address that harvest-duck shows where it was started: its token lets a browser in."


class Routes:
    """The answers to requests, for whoever the authorization lets in."""

    def __init__(self, live: LiveReport, authorization: Authorization, given: Mapping[str, str | None]) -> None:
        self._live = live
        self._authorization = authorization
        self._given = given

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Return the answer to a request."""
        try:
            refused = self._refused(request)
            return await self._routed(request) if refused is None else refused
        except HarvestDuckError as error:
            return _html(pages.failed("There are no such figures", str(error), back=_WHOLE), status=400)
        except Exception as error:  # noqa: BLE001 - the server goes on
            return _html(pages.failed("The report could not be drawn", sentence(error), back=_WHOLE), status=500)

    def _refused(self, request: web.BaseRequest) -> web.Response | None:
        """The answer to who may not ask, and to who brings the token; None where the request is one of ours."""
        allowed = self._authorization
        if not allowed.names(request.headers.get("Host")):
            return _html(pages.refused("This server answers under the address that it was started with alone."), 403)
        if request.method in {"GET", "HEAD"} and "token" in request.query:
            if not allowed.opens(request.query["token"]):
                return _html(pages.refused(_STRANGER), 403)
            answer = _html(pages.opened(path(request.query)))
            answer.set_cookie(allowed.cookie, allowed.session, path="/", httponly=True, samesite="Strict")
            return answer
        if not allowed.knows(request.cookies.get(allowed.cookie)):
            return _html(pages.refused(_STRANGER), 403)
        return None

    async def _routed(self, request: web.BaseRequest) -> web.Response:
        match request.method, request.path:
            case (("GET" | "HEAD"), "/"):
                return await self._report(request.query)
            case "POST", _ if request.path == _REFRESH:
                return await self._read_again(request.query)
        return _html(pages.failed("There is no such page", "This server has the report alone.", back=_WHOLE), 404)

    async def _read_again(self, query: Mapping[str, str]) -> web.Response:
        """Begin to read, for who has the key, and lead back to the report of the same choice."""
        if not self._authorization.acts(query.get("key")):
            return _html(pages.refused("The page that asked is older than the server: load it again."), 403)
        self._live.read(chosen(query, self._given), anew=True)
        await self._live.wait(_PATIENCE_S)
        return web.Response(status=303, headers={**pages.HEADERS, "Location": path(query)})

    async def _report(self, query: Mapping[str, str]) -> web.Response:
        """The report of a choice; while it is read for the first time, the page that waits for it."""
        live, given = self._live, chosen(query, self._given)
        if not live.has(given) and not live.failed(given):
            live.read(given)
            # From the file of a copy it is read in no time.
            await live.wait(_PATIENCE_S)
        if live.has(given):
            said = reading(await live.progress()) if live.is_reading else None
            return _html(await live.drawn(given, lambda read_at: self._form(query, read_at, said)))
        if live.failed(given):
            return _html(
                pages.failed("Harvest could not be asked", live.failure, back=_WHOLE, again=self._refresh(query)), 502
            )
        return _html(pages.waiting(reading(await live.progress()), path(query)))

    def _form(self, query: Mapping[str, str], read_at: datetime, said: str | None) -> Form:
        notice = said or (failure_of(self._live.failure) if self._live.failure else None)
        reload_s = None if said is None else _RELOAD_S
        return Form(action="/", age=age_of(read_at), refresh=self._refresh(query), notice=notice, reload_s=reload_s)

    def _refresh(self, query: Mapping[str, str]) -> str:
        """The URL to post to for a reading of the same choice."""
        return path(query, _REFRESH, key=self._authorization.key)


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8", headers=pages.HEADERS)
