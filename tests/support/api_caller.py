"""An HTTP caller of the sandbox, and the documented facts about Harvest's API."""

from __future__ import annotations

import gzip
import http.client
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from support.paths import api_facts

from harvest_duck.sandbox import ADMINISTRATOR_TOKEN, MAIN_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.sandbox import Sandbox

#: Every table of the API by name: path, parameters, columns with their JSON paths.
FACTS: dict[str, dict[str, Any]] = {table["name"]: table for table in api_facts()["tables"]}


@dataclass(frozen=True)
class Answer:
    """A response; `body` is the parsed content, numbers with a point as `Decimal`."""

    status: int
    headers: http.client.HTTPMessage
    content: bytes

    @property
    def body(self) -> Any:
        """The parsed content."""
        return json.loads(self.content, parse_float=Decimal)


class Caller:
    """An HTTP client with a token, for the sandbox or any server at a base URL."""

    def __init__(self, sandbox: Sandbox | str, token: str = ADMINISTRATOR_TOKEN, account_id: int = MAIN_ID) -> None:
        self.headers = {
            "Authorization": f"Bearer {token}",
            "Harvest-Account-Id": str(account_id),
            "User-Agent": "tests (tests@harvest-duck.example)",
            "Accept-Encoding": "gzip",
        }
        self._base = urlsplit(sandbox if isinstance(sandbox, str) else sandbox.base_url)
        self._connection = http.client.HTTPConnection(self._base.hostname or "", self._base.port, timeout=30)

    def send(
        self, target: str, *, method: str = "GET", headers: dict[str, str] | None = None, content: bytes | None = None
    ) -> Answer:
        """Return the response for `target`, a path with its query from the root of the host."""
        self._connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in (self.headers if headers is None else headers).items():
            self._connection.putheader(name, value)
        if content is not None:
            self._connection.putheader("Content-Length", str(len(content)))
        self._connection.endheaders(content)
        response = self._connection.getresponse()
        content = response.read()
        if response.headers.get("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        return Answer(response.status, response.headers, content)

    def get(self, path: str, **params: object) -> Answer:
        """Return the response for `path` under /v2; a parameter `from_` is `from`."""
        named = {name.rstrip("_"): value for name, value in params.items()}
        before = "&" if "?" in path else "?"
        return self.send(f"{self._base.path}{path}{before}{urlencode(named)}")

    def post(
        self, path: str, fields: dict[str, str] | list[tuple[str, str]], headers: dict[str, str] | None = None
    ) -> Answer:
        """Return the response to a form, sent without a token."""
        sent = {"User-Agent": self.headers["User-Agent"]} if headers is None else headers
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.send(path, method="POST", headers=kind | sent, content=urlencode(fields).encode())

    def follow(self, link: str) -> Answer:
        """Return the response for a link of an envelope."""
        parts = urlsplit(link)
        assert (parts.hostname, parts.port) == (self._base.hostname, self._base.port)
        return self.send(f"{parts.path}?{parts.query}")

    def pages(self, path: str, **params: object) -> Iterator[dict[str, Any]]:
        """Return the bodies of all pages of a list, by `links.next`."""
        answer = self.get(path, **params)
        while True:
            assert answer.status == 200, answer.content
            yield answer.body
            link = answer.body["links"]["next"]
            if link is None:
                return
            answer = self.follow(link)

    def records(self, path: str, key: str, **params: object) -> list[dict[str, Any]]:
        """Return the records of all pages of a list."""
        return [record for page in self.pages(path, **params) for record in page[key]]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def at(record: dict[str, Any], path: str) -> Any:
    """Return the value at a dotted path, None if something on the way is null or missing."""
    value: Any = record
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value
