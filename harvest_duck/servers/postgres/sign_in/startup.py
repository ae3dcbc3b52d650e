"""How a session begins: TLS, who the client is, and which database it wants."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.protocol import backend, frontend
from harvest_duck.servers.postgres.protocol.messages import CancelRequest, GSSEncryptionRequest, SSLRequest, Startup
from harvest_duck.servers.postgres.sign_in.scram import Exchange

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from harvest_duck.servers.postgres.protocol.channel import Channel
    from harvest_duck.servers.postgres.sign_in.password_file import Users

__all__ = ["Client", "client_of", "greeted", "names_in", "signed_in"]

#: What the first message has beside settings.
_NOT_SETTINGS = frozenset({"user", "database", "options", "replication"})
#: A word of options, and a backslash with what it stands before (PostgreSQL 15, postinit.c's pg_split_opts).
_WORD = re.compile(r"(?:\\(?:[\s\S]|\Z)|[^\\ \t\n\r\f\v])+")
_ESCAPED = re.compile(r"\\([\s\S]|\Z)")


@dataclass(frozen=True, slots=True)
class Client:
    """Who wants which database, and the settings that the session is to begin with."""

    user: str
    database: str
    settings: tuple[tuple[str, str], ...]


async def greeted(channel: Channel, tls: ssl.SSLContext | None, cancel: Callable[[int, bytes], None]) -> Startup | None:
    """Return the first message of a session, in TLS where the client asks for it; None for a cancel request."""
    while True:
        length = frontend.startup_length(await channel.read(4))
        opening = frontend.startup(await channel.read(length))
        match opening:
            case SSLRequest() if tls is not None and channel.tls is None:
                channel.send(b"S")
                await channel.encrypt(tls)
            case SSLRequest() | GSSEncryptionRequest():
                channel.send(b"N")
                channel.flush()
            case CancelRequest(process, key):
                cancel(process, key)
                return None
            case Startup():
                return opening


def names_in(startup: Startup) -> tuple[str, str]:
    """Return the user and the database that a client names, whether they are or not."""
    user = startup.parameters.get("user", "")
    return user, startup.parameters.get("database") or user


def client_of(startup: Startup) -> Client:
    """Return who wants what; raises a Failure for what cannot be had."""
    given = startup.parameters
    user = given.get("user", "")
    if not user:
        raise Failure("28000", "no PostgreSQL user name specified in startup packet", fatal=True)
    if given.get("replication", "false").lower() not in ("false", "off", "no", "0"):
        raise Failure("0A000", "there is no replication here: connect without it", fatal=True)
    settings = [
        *_settings_in(given.get("options", "")),
        *((name, value) for name, value in given.items() if name not in _NOT_SETTINGS and not name.startswith("_pq_.")),
    ]
    return Client(user, given.get("database") or user, tuple(settings))


async def signed_in(channel: Channel, startup: Startup, users: Users | None, certificate_hash: bytes | None) -> Client:
    """Return who the client is, once it has shown that it knows the password; raises a Failure where it does not.

    Without `users` everybody of this machine may come. Nobody else is asked for a password in plain text.
    """
    if channel.tls is None and not channel.is_local:
        raise Failure(
            "28000", "a connection from another machine must use TLS: connect with sslmode=require", fatal=True
        )
    if startup.minor or startup.options:
        channel.send(backend.negotiate_protocol_version(0, startup.options))
    client = client_of(startup)
    if users is not None:
        await _authenticated(channel, client.user, users, certificate_hash)
    channel.send(backend.authentication_ok())
    return client


async def _authenticated(channel: Channel, user: str, users: Users, certificate_hash: bytes | None) -> None:
    """Ask for the password by SCRAM; raises a Failure where it is wrong, or nobody has that name."""
    exchange = Exchange(users.verifier(user), user=user, channel_binding=certificate_hash)
    channel.send(backend.authentication_sasl(exchange.mechanisms))
    channel.send(backend.authentication_sasl_continue(exchange.first(await _password(channel))))
    channel.send(backend.authentication_sasl_final(exchange.final(await _password(channel))))


async def _password(channel: Channel) -> bytes:
    channel.flush()
    return await channel.read(frontend.password_length(await channel.read(5)))


def _settings_in(options: str) -> Iterator[tuple[str, str]]:
    """Yield the settings that a client gives as options of a server's command line: `-c name=value --name=value`."""
    words = iter(_words(options))
    for word in words:
        if word == "-c":
            assignment = next(words, "")
        elif word.startswith(("-c", "--")):
            assignment = word[2:]
        else:
            raise Failure("42601", f"invalid command-line argument for server process: {word}", fatal=True)
        name, equals, value = assignment.partition("=")
        if not equals:
            raise Failure("42601", f"{word} requires a value", fatal=True)
        yield name.replace("-", "_"), value


def _words(options: str) -> list[str]:
    """The words between blanks; a backslash lets a blank be part of one, and is nothing at the end."""
    return [_ESCAPED.sub(r"\1", word) for word in _WORD.findall(options)]
