"""Inject one fault into the next request to a sandbox, and read the raw response."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harvest_duck.sandbox import ADMINISTRATOR_TOKEN, MAIN_ID, Fault, Kind, Sandbox, Schedule

if TYPE_CHECKING:
    from support.api_caller import Caller

#: The second of several pages.
MIDDLE = {"per_page": 4, "page": 2}


def inject(sandbox: Sandbox, kind: Kind, seed: int = 0) -> None:
    """Inject one fault into the next request."""
    sandbox.inject(Schedule.planned({("", 1): Fault(kind, seed)}))


def with_fault(
    sandbox: Sandbox, caller: Caller, kind: Kind, seed: int = 0, path: str = "/time_entries"
) -> tuple[Any, Any]:
    """Return a page in the middle of a list, correct and with the fault in it."""
    correct = caller.get(path, **MIDDLE).body
    inject(sandbox, kind, seed)
    served = caller.get(path, **MIDDLE).body
    assert [each.fault.kind for each in sandbox.injected] == [kind]
    assert caller.get(path, **MIDDLE).body == correct
    return correct, served


def received(sandbox: Sandbox, *, headers: str = "") -> tuple[bytes, str]:
    """Return all bytes of the response over a socket of its own, and how it ends: end, reset or silence."""
    address = urlsplit(sandbox.base_url)
    request = (
        f"GET /v2/clients HTTP/1.1\r\nHost: {address.netloc}\r\nUser-Agent: tests\r\n"
        f"Authorization: Bearer {ADMINISTRATOR_TOKEN}\r\nHarvest-Account-Id: {MAIN_ID}\r\n{headers}\r\n"
    )
    content = b""
    with socket.create_connection((address.hostname or "", address.port or 0)) as peer:
        peer.sendall(request.encode())
        # Only a stalled response takes so long.
        peer.settimeout(0.3)
        try:
            while piece := peer.recv(65536):
                content += piece
        except ConnectionResetError:
            return content, "reset"
        except TimeoutError:
            return content, "silence"
    return content, "end"
