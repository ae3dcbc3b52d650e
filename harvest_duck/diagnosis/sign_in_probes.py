"""Looks at what this machine stores for requests: the sign-ins, and the shared record of the rate limit."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harvest_duck.catalog.model import Limit
from harvest_duck.connection import AuthScheme
from harvest_duck.diagnosis.blocking_call import within
from harvest_duck.diagnosis.facts import Limits, Store, Token
from harvest_duck.errors import CredentialsError
from harvest_duck.http.ratelimit import shared
from harvest_duck.http.ratelimit.ledger import Corrupt
from harvest_duck.http.ratelimit.lock_files import Unavailable
from harvest_duck.http.ratelimit.window import SystemClock
from harvest_duck.text import escaped, one_line

if TYPE_CHECKING:
    from harvest_duck.auth import Credential
    from harvest_duck.auth.sign_ins import SignIn, Tokens
    from harvest_duck.auth.store import Store as OpenStore
    from harvest_duck.connection import Connection

_STORE_S, _LEDGER_S = 10.0, 5.0
#: File systems of other machines, on which a lock may not be seen by all: the types that Linux lists.
_REMOTE = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "lustre", "afs", "fuse.sshfs"}


async def store(connection: Connection) -> tuple[Store | None, SignIn | None]:
    """Return the store of a connection, None where it stores no sign-ins, and the sign-in that a query would use."""
    if not connection.stores_tokens:
        return None, None
    # Imported here, because a given token needs no OAuth: 60 ms of imports (authlib 1.9, 2026-11).
    from harvest_duck.auth import requests, sign_ins  # noqa: PLC0415 - as above
    from harvest_duck.auth.store import store_for  # noqa: PLC0415 - as above

    where = connection.oauth.settings_location or "the keyring, or a file in the configuration directory"
    try:
        wanted = requests.wanted(connection)
        opened = await within(_STORE_S, lambda: store_for(connection, wanted))
        where = opened.where
        stored = sign_ins.parse(await within(_STORE_S, opened.read), where=where)
    except CredentialsError as error:
        return Store(escaped(where), unreadable=one_line(str(error))), None
    except TimeoutError:
        return Store(escaped(where), unreadable=f"no answer within {_STORE_S:g} s: unlock it"), None
    return Store(escaped(where), len(stored), unwritable=_unwritable(opened)), sign_ins.find(stored, wanted)


def token(connection: Connection, before: SignIn | None, after: SignIn | None) -> Token:
    """Return the token of a connection, with its sign-in before and after the requests."""
    oauth = connection.oauth
    if not connection.stores_tokens:
        if connection.auth_scheme is AuthScheme.NONE:
            return Token("personal access token")
        expires = None
        if oauth.token_timestamp_ms is not None and oauth.expires_in_s is not None:
            expires = _moment(oauth.token_timestamp_ms / 1000 + oauth.expires_in_s)
        return Token("access token of OAuth, as given", expires, login=connection.login_command)
    tokens: Tokens | None = after.tokens if after else None
    return Token(
        "sign-in by OAuth",
        _moment(tokens.expires_at) if tokens and tokens.expires_at is not None else None,
        refreshes=tokens is not None and tokens.refresh_token is not None,
        refreshed=before is not None and tokens is not None and before.tokens.access_token != tokens.access_token,
        login=connection.login_command,
    )


async def limits(connection: Connection, credential: Credential | None) -> Limits:
    """Return the record of the limit that all processes with the credential share, or whether there could be one."""
    directory = shared.directory(os.environ)
    rate = connection.rate_limit
    window_s = rate.window_s if rate else 0.0
    whose = (connection.base_url, credential.identity, Limit.GENERAL) if credential else ("nobody",)
    usage, error = None, None
    try:
        usage = await within(_LEDGER_S, lambda: shared.usage(whose, window_s, SystemClock()))
    except (Unavailable, Corrupt) as failure:
        error = one_line(str(failure))
    except TimeoutError:
        error = f"{escaped(directory)}: no answer within {_LEDGER_S:g} s"
    return Limits(
        directory=escaped(directory),
        error=error,
        remote=_remote(directory),
        allowed=rate.requests if rate else None,
        window_s=window_s,
        used=usage.used if usage and credential else None,
        paused_s=usage.paused_s if usage else 0.0,
    )


def _unwritable(opened: OpenStore) -> str | None:
    """Return why a store of files cannot be written, None where it can or is no file; nothing is written."""
    path = Path(opened.where)
    if not path.is_absolute():
        return None
    there = next((each for each in path.parents if os.path.exists(each)), path.parent)  # noqa: PTH110 - see below
    # os.path answers False where pathlib may raise.
    if not os.path.isdir(there):  # noqa: PTH112 - as above
        return f"{escaped(there)} is no directory"
    return None if os.access(there, os.W_OK | os.X_OK) else f"no permission to write into {escaped(there)}"


def _moment(seconds: float) -> datetime | None:
    with suppress(OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(seconds, UTC)
    return None


def _remote(directory: Path) -> str | None:
    """Return the type of the file system of a directory, if it is one of another machine; None where it is unknown."""
    kinds: dict[str, str] = {}
    # https://www.man7.org/linux/man-pages/man5/proc_pid_mounts.5.html
    with suppress(OSError, UnicodeDecodeError):
        for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
            _, place, kind, *_ = line.split(" ")
            kinds[place.replace("\\040", " ")] = kind
    kind = next((kinds[str(each)] for each in (directory, *directory.parents) if str(each) in kinds), "")
    return kind if kind in _REMOTE else None
