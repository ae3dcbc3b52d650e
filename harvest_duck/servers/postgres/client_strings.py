"""What is typed into psql, ODBC and JDBC to reach a database of the server."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["client_strings"]

#: Addresses that stand for all those of the machine.
_EVERY = {"0.0.0.0", "::"}  # noqa: S104 - compared, not listened on
#: What psqlODBC needs so that a boolean is one, and rows arrive as they are read.
_ODBC = {"BoolsAsChar": "0", "UseDeclareFetch": "1"}
#: Characters of a value that end it, or quote it, in an ODBC connection string.
_ODBC_MARKS = set("[]{}(),;?*=!@")


def client_strings(host: str, port: int, database: str, user: str, *, tls: bool) -> Iterator[tuple[str, str]]:
    """The name of each kind of client, and what it takes: of psql, which is a command, its argument."""
    reached = socket.gethostname() if host in _EVERY else host
    at = f"{f'[{reached}]' if ':' in reached else reached}:{port}/{quote(database, safe='')}"
    named = quote(user, safe="")
    yield "psql", f"postgresql://{named}@{at}{'?sslmode=require' if tls else ''}"
    pairs = {"Server": reached, "Port": f"{port}", "Database": database, "Uid": user, **_ODBC}
    pairs |= {"SSLmode": "require"} if tls else {}
    yield "ODBC", "Driver={PostgreSQL Unicode};" + ";".join(f"{name}={_quoted(text)}" for name, text in pairs.items())
    yield "JDBC", f"jdbc:postgresql://{at}?user={named}{'&sslmode=require' if tls else ''}"


def _quoted(text: str) -> str:
    return f"{{{text.replace('}', '}}')}}}" if set(text) & _ODBC_MARKS or text != text.strip() else text
