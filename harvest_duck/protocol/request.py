"""The rules of Harvest's API v2 as functions of values: what a request is, and what an answer means.

Nothing here sends anything. `planner` makes requests, `client` sends them, and both ask this module.

Source: https://help.getharvest.com/api-v2/introduction/overview/general/ and the pages beside it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from harvest_duck.catalog import path
from harvest_duck.catalog.model import Limit, Paging
from harvest_duck.errors import (
    Forbidden,
    InvalidRequest,
    NotFound,
    ProtocolError,
    RateLimited,
    ResponseError,
    ServerError,
    Unauthorized,
)
from harvest_duck.text import one_line, shortened

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from harvest_duck.pushdown.predicate import Value

#: Characters of a body that may stand in an error.
_QUOTED = 200


@dataclass(frozen=True, slots=True)
class Request:
    """One GET: where to, what for, and what the answer cannot say itself.

    `url` is absolute, without the query; `params` are sent in order. `link` replaces both where Harvest gave the next
    request itself. `values` are the columns that the path and the parameters fix for every row of the answer.
    `absent_on` are the statuses that mean that there are no rows. `page` counts from 1 within one list, cut as
    `paging` says. `account` is how an error calls the account, where there are several. The answer is one record and
    no list where it is `single`.
    """

    table: str
    url: str
    params: tuple[tuple[str, str], ...]
    limit: Limit
    paging: Paging
    page: int = 1
    link: str | None = None
    values: tuple[tuple[str, Value | None], ...] = ()
    absent_on: frozenset[int] = frozenset()
    account_id: int | None = None
    account: str = ""
    single: bool = False

    @property
    def where(self) -> str:
        """What an error calls this request: its table and account, what the path fixes, and the page."""
        fixed = "".join(f" {name} {value}" for name, value in self.values if name.endswith("_id"))
        account = f" of account {self.account}" if self.account else ""
        place = f" {urlsplit(self.url).path.rpartition('/')[2]}" if self.single else f" page {self.page}"
        return f"{self.table}{account}{fixed}{place}"

    @property
    def address(self) -> str:
        """The absolute URL with its query, exactly as it is sent."""
        if self.link is not None:
            return self.link
        return f"{self.url}?{urlencode(self.params)}" if self.params else self.url

    @property
    def path_and_query(self) -> str:
        """The address without its host, for logs; it never holds a secret."""
        parts = urlsplit(self.address)
        return one_line(urlunsplit(("", "", parts.path, parts.query, "")))


def headers(*, token: str | None, account_id: int | None, user_agent: str) -> dict[str, str]:
    """The three headers that Harvest asks for on every request, and the form of the answer."""
    # https://help.getharvest.com/api-v2/authentication-api/authentication/authentication/
    sent = {"User-Agent": user_agent, "Accept": "application/json"}
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    if account_id is not None:
        sent["Harvest-Account-Id"] = str(account_id)
    return sent


def accounts_request(id_url: str) -> Request:
    """The request to Harvest ID for whose token it is and which accounts it reaches."""
    # https://help.getharvest.com/api-v2/authentication-api/authentication/authentication/
    return Request("accounts", f"{id_api(id_url)}/accounts", (), Limit.GENERAL, Paging.NONE)


def id_api(id_url: str) -> str:
    """Return the URL that every path of Harvest ID begins with."""
    return f"{id_url}/api/v2"


def filled(request: Request, param: str, parent_id: int) -> Request:
    """The request for the children of one parent, out of a template for all of them."""
    return replace(
        request, url=path.filled(request.url, param, parent_id), values=((param, parent_id), *request.values)
    )


def with_params(request: Request, params: Mapping[str, str | None]) -> Request:
    """The request with these parameters, in place of those of the same names; None stands for none."""
    kept = [pair for pair in request.params if pair[0] not in params]
    added = [(name, text) for name, text in params.items() if text is not None]
    # The size of a page comes last, as in every other request.
    ordered = sorted([*kept, *added], key=lambda pair: pair[0] == "per_page")
    return replace(request, params=tuple(ordered))


def numbered(first: Request, page: int) -> Request:
    """The request for another page of a list that Harvest numbers."""
    params = tuple((name, value) for name, value in first.params if name != "page")
    return replace(first, params=(*params, ("page", str(page))), page=page, link=None)


def next_request(request: Request, link: str) -> Request:
    """The request that `links.next` names, verbatim.

    Raises `ProtocolError` when the link leaves the host or the scheme of the API, since the token would follow it, or
    when it leads back to the request that it came with.
    """
    # https://help.getharvest.com/api-v2/introduction/overview/pagination/
    accept_links(request, link)
    following = replace(request, link=link, page=request.page + 1)
    if page_of(following) == page_of(request):
        raise ProtocolError(f"{request.where}: links.next leads back to the same page; the list would never end")
    return following


def page_of(request: Request) -> str:
    """What tells a page from the others of its list: the parameters of its request, in any order."""
    return urlencode(
        sorted(parse_qsl(urlsplit(request.address).query, errors="surrogateescape")), errors="surrogateescape"
    )


def refuse_repeat(request: Request, seen: Container[str]) -> None:
    """Nothing, unless the page of `request` is among those `seen` in its list; `ProtocolError` then."""
    if page_of(request) in seen:
        raise ProtocolError(f"{request.where}: the link to it leads back to an earlier page; the list would never end")


def accept_links(request: Request, link: str) -> None:
    """Nothing, when `link` stays where the token may go; `ProtocolError` otherwise."""
    here = urlsplit(request.url)
    try:
        there = urlsplit(link)
        same = (here.scheme, here.hostname, here.port) == (there.scheme, there.hostname, there.port)
        stays = same and not there.username and not there.password and link.isprintable()
    except ValueError:
        stays = False
    if not stays:
        raise ProtocolError(
            f"{request.where}: links.next points away from {here.scheme}://{here.netloc}; "
            "it was not followed, because the token would go with it"
        )


def served_at(sent: Mapping[str, str]) -> datetime | None:
    """When the server answered, by its own clock and in whole seconds; None where it does not say."""
    # RFC 9110, section 6.6.1
    text = next((value for name, value in sent.items() if name.lower() == "date"), "").strip()
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def retry_after_s(sent: Mapping[str, str], now: datetime | None = None) -> float | None:
    """The seconds that a `Retry-After` header asks for, never negative; None where there is none to read."""
    # RFC 9110, section 10.2.3: seconds, or an HTTP date
    text = next((value for name, value in sent.items() if name.lower() == "retry-after"), "").strip()
    if not text:
        return None
    try:
        return max(0.0, float(text)) if float(text) < float("inf") else None
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    # A date whose zone is not said, as in "-0000" and in the form of asctime(), is in UTC.
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    # Its own clock tells how long that is, as this machine's may be wrong.
    now = now or served_at(sent) or datetime.now(UTC)
    return max(0.0, (moment - now).total_seconds())


def error_of(request: Request, status: int, sent: Mapping[str, str], body: bytes) -> ResponseError | ProtocolError:
    """The error that an answer with any status but 200 stands for, in one line."""
    says = f'; it says: "{said}"' if (said := _message(body)) else ""
    answered = f"{request.where}: Harvest answered {status}"
    match status:
        case 401:
            advice = (
                "the token is wrong, expired or revoked, or does not reach this account: check APIKey and AccountId, "
                "or sign in again"
            )
            return Unauthorized(f"{answered}: {advice}{says}", status=status)
        case 403:
            return Forbidden(
                f"{answered}: the user of this token may not read it; ask an administrator of the account{says}",
                status=status,
            )
        case 404:
            advice = "there is no such thing, or the user of this token cannot see it: check AccountId and BaseURL"
            if request.values:
                # A child: its parent was in a list a moment ago, or the query named it.
                advice = "it is gone, or the user of this token cannot see it: run the query again"
            return NotFound(f"{answered}: {advice}{says}", status=status)
        case 400 | 422:
            return InvalidRequest(f"{answered}: it refuses {request.path_and_query}{says}", status=status)
        case 429:
            wait = retry_after_s(sent)
            when = f"retry after {wait:.0f} s" if wait is not None else "retry later"
            return RateLimited(f"{answered}: too many requests; {when}{says}", status=status, retry_after_s=wait)
        case _ if status >= 500:  # noqa: PLR2004 - the class of server errors
            wait = retry_after_s(sent)
            return ServerError(
                f"{answered}: a fault of the server; try again later{says}", status=status, retry_after_s=wait
            )
        case _ if 300 <= status < 400:  # noqa: PLR2004 - the class of redirections
            return ProtocolError(
                f"{answered}: a redirect, which is not followed, because the token would go with it; check BaseURL"
            )
        case _:
            return ProtocolError(f"{answered}: a status that its API does not have; check BaseURL{says}")


def _message(body: bytes) -> str:
    """What the body of an error says, on one line: message, else error_description, else error, else its text."""
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
