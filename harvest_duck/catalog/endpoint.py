"""An endpoint that is no table of the catalog, by its path: a table of records as Harvest sends them.

The path comes from SQL, and the token goes where it leads. So only plain characters are allowed, and everything that
could lead elsewhere than below BaseURL is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harvest_duck.catalog.model import Limit, Paging, Table
from harvest_duck.errors import QueryError
from harvest_duck.text import printable, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What is wrong with a path that has one of these, the first that matches.
_FAULTS = (
    (re.compile(r"[\x00-\x1f\x7f-\x9f]"), "it has a control character"),
    (re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:"), "it has a scheme, and only the part below BaseURL is given"),
    (re.compile(r"^//"), "it names a host, and only the part below BaseURL is given"),
    (re.compile(r"\\"), "it has a backslash"),
    (re.compile("#"), "it has a fragment"),
    (re.compile("%"), "it has a percent sign, and nothing may be encoded"),
    (re.compile(r"^(?!/)"), "it does not begin with /"),
    (re.compile(r"\?.*\?"), "it has two question marks"),
    (re.compile(r"^[^?]*//|^[^?]*/(\?|$)"), "it has an empty part"),
    (re.compile(r"^[^?]*/\.+(/|\?|$)"), "it has a part of dots alone"),
    (re.compile(r"^/v[0-9]+(/|\?|$)"), "it begins with the version of the API, which is part of BaseURL"),
)
_PATH = re.compile(r"/[A-Za-z0-9._~/-]+")
_PARAM = re.compile(r"(?P<name>[A-Za-z0-9_]+)=(?P<value>[A-Za-z0-9._~:,-]*)")
#: The parameters that choose a page, which the scan does.
_PAGING = ("page", "per_page", "cursor")
_LONGEST = 100


def endpoint(path: str) -> Table:
    """Return the table of the records at `path`, such as `/pto/types` or `/time_entries?user_id=7`.

    Its columns are `account_id` and `record`, its pages are found out. Raises `QueryError` for a path that could leave
    BaseURL, or whose characters or parameters are not plain.
    """
    fault = next((said for pattern, said in _FAULTS if pattern.search(path)), None)
    place, mark, query = path.partition("?")
    if fault is None and not _PATH.fullmatch(place):
        fault = "it has other characters than letters, digits and . _ ~ - /"
    if fault is not None:
        raise _refused(path, fault)
    return Table(
        name=path,
        description=f"The records at {path}",
        path=place,
        body_key=None,
        paging=Paging.DISCOVERED,
        own_columns=(),
        docs="",
        permission="",
        limit=Limit.REPORTS if place.lower().startswith("/reports/") else Limit.GENERAL,
        variants=(dict(_params(path, query)) if mark else {},),
        raw=True,
    )


def _params(path: str, query: str) -> Iterator[tuple[str, str]]:
    names = set[str]()
    for pair in query.split("&"):
        found = _PARAM.fullmatch(pair)
        if found is None:
            raise _refused(
                path,
                f'its query has "{shortened(printable(pair), _LONGEST)}", and a parameter is name=value, '
                "of letters, digits and . _ ~ : , -",
            )
        name = found["name"]
        if name.lower() in _PAGING:
            raise _refused(path, f"its query has {name}, and all pages are read")
        if name in names:
            raise _refused(path, f"its query has {name} twice")
        names.add(name)
        yield name, found["value"]


def _refused(path: str, fault: str) -> QueryError:
    shown = shortened(printable(path), _LONGEST)
    return QueryError(
        f"harvest_get: \"{shown}\" is no path: {fault}; write one such as '/clients' or '/clients?is_active=true'"
    )
