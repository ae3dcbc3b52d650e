"""The answers of Harvest's API v2: when they were given, how long to wait, and the error that a status means.

Source: https://help.getharvest.com/api-v2/introduction/overview/general/ and the pages beside it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from harvest_duck import errors
from harvest_duck.catalog.model import Paging
from harvest_duck.catalog.tables import TABLES
from harvest_duck.text import one_line, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harvest_duck.protocol.request import Request

#: The most characters of a body that stand in an error.
_QUOTED = 200


def served_at(sent: Mapping[str, str]) -> datetime | None:
    """Return when the server answered, by its own clock in whole seconds; None without a `Date` header."""
    # RFC 9110, section 6.6.1
    return _moment(_header(sent, "date"))


def retry_after_s(sent: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds that a `Retry-After` header asks for, never negative; None without one that can be read."""
    # RFC 9110, section 10.2.3: seconds, or an HTTP date
    text = _header(sent, "retry-after")
    try:
        return max(0.0, float(text)) if float(text) < float("inf") else None
    except ValueError:
        pass
    moment = _moment(text)
    if moment is None:
        return None
    # The clock of the server is compared with itself, as that of this machine may be wrong.
    now = now or served_at(sent) or datetime.now(UTC)
    return max(0.0, (moment - now).total_seconds())


def _header(sent: Mapping[str, str], wanted: str) -> str:
    return next((value for name, value in sent.items() if name.lower() == wanted), "").strip()


def _moment(text: str) -> datetime | None:
    """Return the instant of an HTTP date, None for any other text."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    # A date without a zone, such as one with "-0000" or in the form of asctime(), is in UTC.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def error_of(request: Request, status: int, sent: Mapping[str, str], body: bytes) -> errors.HarvestDuckError:
    """Return the error that an answer with any status but 200 means; its message is one line."""
    says = f'; it says: "{said}"' if (said := _message(body)) else ""
    says = _left_out(request, status) + says
    answered = f"{request.where}: Harvest answered {status}"
    match status:
        case 401:
            advice = (
                "the token is wrong, expired or revoked, or does not reach this account: check APIKey and AccountId, "
                "or sign in again"
            )
            return errors.Unauthorized(f"{answered}: {advice}{says}", status=status)
        case 403:
            advice = f"{_no_module(request)}the user of this token may not read it; ask an administrator of the account"
            return errors.Forbidden(f"{answered}: {advice}{says}", status=status)
        case 404:
            return errors.NotFound(f"{answered}: {_not_found(request)}{says}", status=status)
        case 400 | 422:
            return errors.InvalidRequest(f"{answered}: it refuses {request.path_and_query}{says}", status=status)
        case 429:
            wait = retry_after_s(sent)
            when = f"retry after {wait:.0f} s" if wait is not None else "retry later"
            return errors.RateLimited(f"{answered}: too many requests; {when}{says}", status=status, retry_after_s=wait)
        case _ if status >= 500:  # noqa: PLR2004 - the class of server errors
            wait = retry_after_s(sent)
            return errors.ServerError(
                f"{answered}: a fault of the server; try again later{says}", status=status, retry_after_s=wait
            )
        case _ if 300 <= status < 400:  # noqa: PLR2004 - the class of redirections
            return errors.ProtocolError(
                f"{answered}: a redirect, which is not followed, because the token would go with it; check BaseURL"
            )
        case _:
            return errors.ProtocolError(f"{answered}: a status that its API does not have; check BaseURL{says}")


def _left_out(request: Request, status: int) -> str:
    """Return how to read the other accounts of a query, where it has several and this one is refused."""
    refused = 400 <= status < 500 and status != 429  # noqa: PLR2004 - the class of refusals; a 429 passes
    return f"; to leave this account out add account_id <> {request.account_id}" if request.account and refused else ""


def _not_found(request: Request) -> str:
    """Return what a 404 may mean, and what to do."""
    module = _no_module(request)
    if request.values:
        # A child: its parent was in a list a moment ago, or the query named it.
        return f"it is gone, or {module}the user of this token cannot see it: run the query again"
    if module:
        return f"{module}the user of this token cannot see it: ask an administrator of the account"
    checked = "the path" if request.paging is Paging.DISCOVERED else "AccountId and BaseURL"
    return f"there is no such thing, or the user of this token cannot see it: check {checked}"


def _no_module(request: Request) -> str:
    """Return the words which say that the account may lack the part of Harvest that was asked; empty for most."""
    table = TABLES.get(request.table)
    return "" if table is None or table.module is None else f"the account has no {table.module}, or "


def _message(body: bytes) -> str:
    """Return the text in the body of an error, on one line: its message, error_description or error, else all of it."""
    text = body[:4096].decode("utf-8", "replace").strip()
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        parsed = None
    if isinstance(parsed, dict):
        said = next((parsed[key] for key in ("message", "error_description", "error") if parsed.get(key)), "")
        text = said if isinstance(said, str) else json.dumps(said)
    elif text.startswith("<"):
        text = "an HTML page"
    return shortened(one_line(text), _QUOTED)
