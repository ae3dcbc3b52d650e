"""Serve time entries at the cost of a copy: every response is made in advance, or joined from prepared texts.

Page N has the records of one page of the sandbox under ids of its own. Nothing is checked, so that only the client is
measured. With `--tls` the pages are encrypted and compressed, as Harvest's are. The process prints a connection string
and serves until it is terminated.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import signal
import ssl
import tempfile
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from harvest_duck.sandbox import MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterable


#: Records on a page of the largest size that Harvest allows.
PAGE = 2000
_MARK = "the id of the record"
_FIRST_ID = 1_000_000_000
#: Pages that are prepared in advance; others are joined for each request.
_PREPARED = 200
_HEAD = "HTTP/1.1 {status} X\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {length}\r\n{more}\r\n"


class Entries:
    """`pages` pages of `records` time entries; `body` returns one of them as JSON."""

    def __init__(self, pages: int, records: int = PAGE) -> None:
        sandbox = Sandbox(seed=7, time_entries=records, limits=False)
        found = sandbox.records(MAIN_ID, "time_entries")[:records]
        text = json.dumps([dict(record) | {"id": _MARK} for record in found], default=float, separators=(",", ":"))
        self.pages, self.records = pages, len(found)
        self._parts = text.split(f'"{_MARK}"')

    def body(self, page: int, size: int, base: str) -> bytes:
        """Return the body of page number `page`, with links below the URL `base`."""
        address = f"{base}/time_entries?per_page={size}&page="
        more = page < self.pages
        envelope = {
            "per_page": size,
            "total_pages": self.pages,
            "total_entries": self.pages * self.records,
            "page": page,
            "next_page": page + 1 if more else None,
            "previous_page": page - 1 or None,
            "links": {
                "first": f"{address}1",
                "next": f"{address}{page + 1}" if more else None,
                "previous": None,
                "last": f"{address}{self.pages}",
            },
        }
        first = _FIRST_ID + (page - 1) * self.records
        ids = [str(first + at) for at in range(self.records)]
        listed = "".join(text for pair in zip(self._parts, [*ids, ""], strict=True) for text in pair)
        return f'{{"time_entries":{listed},{json.dumps(envelope, separators=(",", ":"))[1:]}'.encode()


class Limit:
    """Harvest's limit of `requests` in `window_s` seconds; counts the refused requests."""

    def __init__(self, requests: int, window_s: float) -> None:
        self._requests, self._window_s = requests, window_s
        self._taken: deque[float] = deque()
        self.refused = 0

    def takes(self, now: float) -> bool:
        """Return whether a request at `now` is within the limit."""
        while self._taken and self._taken[0] + self._window_s <= now:
            self._taken.popleft()
        if len(self._taken) >= self._requests:
            self.refused += 1
            return False
        self._taken.append(now)
        return True


class Server:
    """Answers one request after the other on each connection."""

    def __init__(self, entries: Entries, *, latency_s: float, limit: Limit | None, compresses: bool) -> None:
        self._entries, self._latency_s, self._limit, self._compresses = entries, latency_s, limit, compresses
        self._prepared: dict[int, bytes] = {}
        self.base = ""

    def prepare(self, pages: Iterable[int]) -> None:
        """Make the responses for `pages` of the largest size in advance."""
        self._prepared = {page: self._made(page, PAGE) for page in pages}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                target = head.split(b" ", 2)[1].decode()
                if self._latency_s:
                    await asyncio.sleep(self._latency_s)
                writer.write(self._answer(target))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def _answer(self, target: str) -> bytes:
        parts = urlsplit(target)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/refused":
            return _answer(200, json.dumps(self._limit.refused if self._limit else 0).encode())
        if self._limit is not None and not self._limit.takes(asyncio.get_running_loop().time()):
            return _answer(429, b"{}", "Retry-After: 15\r\n")
        page, size = int(asked.get("page", 1)), int(asked.get("per_page", PAGE))
        return self._prepared[page] if size == PAGE and page in self._prepared else self._made(page, size)

    def _made(self, page: int, size: int) -> bytes:
        body = self._entries.body(page, size, self.base)
        return (
            _answer(200, gzip.compress(body, 6), "Content-Encoding: gzip\r\n")
            if self._compresses
            else _answer(200, body)
        )


def _answer(status: int, body: bytes, more: str = "") -> bytes:
    return _HEAD.format(status=status, length=len(body), more=more).encode() + body


def _certified(folder: str) -> tuple[ssl.SSLContext, Path]:
    """Return what encrypts the answers of this machine, and the file of the certificate that a client trusts then."""
    import trustme  # noqa: PLC0415 - only where something is encrypted

    authority, context, trusted = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), Path(folder) / "trusted.pem"
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(trusted))
    return context, trusted


async def _serving(options: argparse.Namespace, folder: str) -> None:
    limit = Limit(options.requests, options.window_s) if options.requests else None
    entries, latency_s = Entries(options.pages, options.records), options.latency_ms / 1000
    server = Server(entries, latency_s=latency_s, limit=limit, compresses=options.tls)
    context, trusted = _certified(folder) if options.tls else (None, None)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
    port = listening.sockets[0].getsockname()[1]
    server.base = f"{'https' if options.tls else 'http'}://127.0.0.1:{port}/v2"
    if options.records == PAGE:
        server.prepare(range(1, min(options.pages, _PREPARED) + 1))
    trust = f";SSLServerCert={trusted}" if options.tls else ""
    print(f"AccountId=1;APIKey=made-up;BaseURL={server.base}{trust}", flush=True)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()


def main() -> None:
    """Serve according to the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--records", type=int, default=PAGE, help="on each page")
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--requests", type=int, default=0, help="allowed in a window; 0 for no limit")
    parser.add_argument("--window-s", type=float, default=15)
    parser.add_argument("--tls", action="store_true", help="encrypt and compress the pages, as Harvest does")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_serving(parser.parse_args(), folder))


if __name__ == "__main__":
    main()
