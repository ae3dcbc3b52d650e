"""A person at a browser, who opens an address, agrees or not on the sandbox's page, and follows the redirect."""

from __future__ import annotations

import html
import http.client
import re
import threading
from urllib.parse import urlencode, urljoin, urlsplit

from support.clocks import PATIENCE_S

__all__ = ["Person", "agreed", "fetched"]

_ADDRESS = re.compile(r"https?://\S+/oauth2/authorize\?\S+")
_FIELD = re.compile(r'<input[^>]*type="hidden"[^>]*>')


def fetched(
    url: str, *, form: dict[str, str] | None = None, host: str | None = None, method: str | None = None
) -> tuple[int, http.client.HTTPMessage, str]:
    """Return status, headers and text of the response at `url`; redirects are not followed."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE_S)
    try:
        headers = {"User-Agent": "a browser", "Host": host or parts.netloc}
        body = None if form is None else urlencode(form)
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method or ("GET" if form is None else "POST"), path, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def agreed(url: str, *, decision: str = "allow", user: str = "administrator") -> str:
    """Return the redirect that follows from a decision on the consent page at `url`."""
    status, _, page = fetched(url)
    assert status == 200, page
    fields = {"user": user, "decision": decision}
    for field in _FIELD.findall(page):
        name, value = re.search(r'name="([^"]*)"', field), re.search(r'value="([^"]*)"', field)
        assert name is not None
        fields[html.unescape(name[1])] = html.unescape(value[1]) if value else ""
    status, headers, page = fetched(urljoin(url, "/oauth2/authorize"), form=fields)
    assert status == 302, page
    return headers["Location"]


class Person:
    """Opens the addresses that `tell` is called with, in a thread; `told` holds the texts, `pages` the last pages.

    `tamper` changes a redirect on its way to the browser; if it returns None, the browser does not follow it.
    """

    def __init__(self, *, decision: str = "allow", user: str = "administrator", tamper=None) -> None:  # noqa: ANN001
        self.told: list[str] = []
        self.pages: list[tuple[int, str]] = []
        self.redirects: list[str] = []
        self._decision = decision
        self._user = user
        self._tamper = tamper or (lambda redirect: redirect)
        self._threads: list[threading.Thread] = []

    def tell(self, text: str) -> None:
        """Record `text`, and open an address in it."""
        self.told.append(text)
        if address := _ADDRESS.search(text):
            thread = threading.Thread(target=self._visit, args=(address[0],), daemon=True)
            self._threads.append(thread)
            thread.start()

    def done(self) -> None:
        """Wait until every visit has ended."""
        for thread in self._threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive()

    def _visit(self, url: str) -> None:
        redirect = agreed(url, decision=self._decision, user=self._user)
        self.redirects.append(redirect)
        redirect = self._tamper(redirect)
        if redirect is not None:
            status, _, page = fetched(redirect)
            self.pages.append((status, page))
