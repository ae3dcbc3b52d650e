"""The requests of Harvest's API v2 as values: the first of a list, the next ones, and the links that may be followed.

Nothing here sends anything: `planner` makes requests, and `scanner.client` sends them.

Source: https://help.getharvest.com/api-v2/introduction/overview/general/ and the pages beside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from harvest_duck.catalog import path
from harvest_duck.catalog.model import Limit, Paging
from harvest_duck.errors import ProtocolError
from harvest_duck.text import one_line

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from harvest_duck.pushdown.predicate import Value

#: The address that Harvest's own links begin with.
HARVEST_API = "https://api.harvestapp.com/v2"
#: The path of a list below that: nothing in it is encoded or leads upwards.
_LIST = re.compile(r"(?:/[a-z0-9_]+)+")
#: The port that a URL of a scheme means where it names none.
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Request:
    """One GET request, and the facts about its answer that the answer does not repeat.

    `url` is absolute and begins with `base_url`; it may have a query, which the path names. `params` are sent in order,
    after that. `link` replaces both where Harvest gave the next request itself. `parent` is the column and the id of a
    parent in the path, `inputs` are the columns that the parameters fix. `absent_on` are the statuses that mean that
    there are no rows; where there is a `parent_record`, the request for the parent alone, only if that is gone as well.
    `page` counts from 1 within one list, cut as `paging` says. `account` is the name of the account in errors, where
    there are several. The answer is one record and no list where it is `single`.
    """

    table: str
    url: str
    params: tuple[tuple[str, str], ...]
    limit: Limit
    paging: Paging
    page: int = 1
    link: str | None = None
    parent: tuple[str, int] | None = None
    inputs: tuple[tuple[str, Value | None], ...] = ()
    absent_on: frozenset[int] = frozenset()
    account_id: int | None = None
    account: str = ""
    single: bool = False
    parent_record: Request | None = None
    base_url: str = ""

    @property
    def values(self) -> tuple[tuple[str, Value | None], ...]:
        """The columns that are the same in every row of the answer: the id of the parent, and the inputs."""
        return self.inputs if self.parent is None else (self.parent, *self.inputs)

    @property
    def where(self) -> str:
        """The name of the request in errors: its table and account, the parent, and the page or the record."""
        parent = f" {self.parent[0]} {self.parent[1]}" if self.parent else ""
        account = f" of account {self.account}" if self.account else ""
        place = f" {urlsplit(self.url).path.rpartition('/')[2]}" if self.single else f" page {self.page}"
        return f"{self.table}{account}{parent}{place}"

    @property
    def address(self) -> str:
        """The absolute URL with its query, exactly as it is sent."""
        if self.link is not None:
            return self.link
        before = "&" if "?" in self.url else "?"
        return f"{self.url}{before}{urlencode(self.params)}" if self.params else self.url

    @property
    def path_and_query(self) -> str:
        """The address without its host, on one line, for logs and errors; it never holds a secret."""
        parts = urlsplit(self.address)
        return one_line(urlunsplit(("", "", parts.path, parts.query, "")))


def headers(*, token: str | None, account_id: int | None, user_agent: str) -> dict[str, str]:
    """Return the headers that Harvest requires on every request, and `Accept`; those without a value are left out."""
    # https://help.getharvest.com/api-v2/authentication-api/authentication/authentication/
    sent = {"User-Agent": user_agent, "Accept": "application/json"}
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    if account_id is not None:
        sent["Harvest-Account-Id"] = str(account_id)
    return sent


def accounts_request(id_url: str) -> Request:
    """Return the request to Harvest ID for the user of the token and the accounts that it reaches."""
    # https://help.getharvest.com/api-v2/authentication-api/authentication/authentication/
    return Request("accounts", f"{id_api(id_url)}/accounts", (), Limit.GENERAL, Paging.NONE)


def id_api(id_url: str) -> str:
    """Return the URL that every path of Harvest ID begins with."""
    return f"{id_url}/api/v2"


def filled(request: Request, param: str, parent_id: int) -> Request:
    """Return the request for the children of one parent, from the template for those of any parent."""
    record = request.parent_record
    return replace(
        request,
        url=path.filled(request.url, param, parent_id),
        parent=(param, parent_id),
        parent_record=record and replace(record, url=path.filled(record.url, "id", parent_id)),
    )


def with_params(request: Request, params: Mapping[str, str | None]) -> Request:
    """Return the request with these parameters instead of those of the same names; None removes a parameter."""
    kept = [pair for pair in request.params if pair[0] not in params]
    added = [(name, text) for name, text in params.items() if text is not None]
    # The size of a page comes last, as in every other request.
    ordered = sorted([*kept, *added], key=lambda pair: pair[0] == "per_page")
    return replace(request, params=tuple(ordered))


def numbered(first: Request, page: int) -> Request:
    """Return the request for another page of a list whose pages Harvest numbers."""
    params = tuple((name, value) for name, value in first.params if name != "page")
    return replace(first, params=(*params, ("page", str(page))), page=page, link=None)


def next_request(request: Request, link: str) -> Request:
    """Return the request that `links.next` names.

    Raises `ProtocolError` if the link leaves the host or the scheme of the API, where the token must not go, or if it
    leads back to the same page.
    """
    # https://help.getharvest.com/api-v2/introduction/overview/pagination/
    following = replace(request, link=destination(request, link), page=request.page + 1)
    if page_of(following) == page_of(request):
        raise ProtocolError(f"{request.where}: links.next leads back to the same page; the list would never end")
    return following


def page_of(request: Request) -> str:
    """Return the key of a page within its list: the sorted parameters of its request."""
    return urlencode(
        sorted(parse_qsl(urlsplit(request.address).query, errors="surrogateescape")), errors="surrogateescape"
    )


def refuse_repeat(request: Request, earlier: Container[str]) -> None:
    """Raise `ProtocolError` if the page of `request` is among the keys of earlier pages of its list."""
    if page_of(request) in earlier:
        raise ProtocolError(f"{request.where}: the link to it leads back to an earlier page; the list would never end")


def destination(request: Request, link: str) -> str:
    """Return the address to ask for the page that `link` names.

    A link within the host and the scheme of `request` is taken verbatim. A gateway may pass on Harvest's own links: the
    path below the API and the query of one are asked of the gateway. Raises `ProtocolError` for any other link.
    """
    here = urlsplit(request.url)
    try:
        there = urlsplit(link)
        plain = "@" not in there.netloc and link.isprintable()
        address = link if _origin(there) == _origin(here) else _at_gateway(request.base_url, there)
    except ValueError:
        plain, address = False, None
    if not plain or address is None:
        raise ProtocolError(
            f"{request.where}: links.next points away from {here.scheme}://{here.netloc}; "
            "it was not followed, because the token would go with it"
        )
    return address


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, _PORTS.get(parts.scheme) if parts.port is None else parts.port


def _at_gateway(base_url: str, there: SplitResult) -> str | None:
    """Return the address below `base_url` of what a link names at Harvest itself, None where it names nothing there."""
    api = urlsplit(HARVEST_API)
    found = _LIST.fullmatch(there.path.removeprefix(api.path))
    if not base_url or found is None or _origin(there) != _origin(api) or not there.path.startswith(api.path):
        return None
    return f"{base_url}{found[0]}?{there.query}"
