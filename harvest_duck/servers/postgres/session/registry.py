"""What the sessions of a server share: its databases, its users, and by what each can be cancelled."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.session.interruption import cancelled

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping

    from harvest_duck.servers.postgres.session.database import Database
    from harvest_duck.servers.postgres.session.interruption import Interruption
    from harvest_duck.servers.postgres.sign_in.password_file import Users
    from harvest_duck.servers.postgres.statement_log import StatementLog

__all__ = ["MOST_SESSIONS", "Registry"]

#: The most sessions at a time, as many as PostgreSQL has by default.
MOST_SESSIONS = 100
#: As many as a cancel key has in protocol 3.0.
_KEY_BYTES = 4
_LARGEST_NUMBER = (1 << 31) - 1


@dataclass
class Registry:
    """The databases by their names, who may use them and how, and the sessions that are open."""

    databases: Mapping[str, Database]
    port: int
    users: Users | None = None
    tls: ssl.SSLContext | None = None
    certificate_hash: bytes | None = None
    timeout_s: float | None = None
    log: StatementLog | None = None
    _sessions: dict[int, tuple[bytes, Interruption]] = field(default_factory=dict)
    _processes: Iterator[int] = field(default_factory=lambda: count(secrets.randbelow(1 << 20) + 1))

    @property
    def is_full(self) -> bool:
        """Whether there are as many sessions as there may be."""
        return len(self._sessions) >= MOST_SESSIONS

    @property
    def open_sessions(self) -> int:
        """The number of sessions that are open."""
        return len(self._sessions)

    def register(self, interruption: Interruption) -> tuple[int, bytes]:
        """Return a number for a session, and the key by which its client can cancel its statements."""
        process, key = next(self._processes) & _LARGEST_NUMBER, secrets.token_bytes(_KEY_BYTES)
        self._sessions[process] = (key, interruption)
        return process, key

    def forget(self, process: int) -> None:
        """Take note that a session has ended."""
        self._sessions.pop(process, None)

    def cancel(self, process: int, key: bytes) -> None:
        """Cancel the statement of a session; nothing is said where there is none, or the key is wrong."""
        expected, interruption = self._sessions.get(process, (b"", None))
        if interruption is not None and hmac.compare_digest(expected, key):
            interruption.stop(cancelled())
