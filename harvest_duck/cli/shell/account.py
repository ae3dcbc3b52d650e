"""What a connection string says about the account at the prompt: what it is called, and which texts are secrets.

It is called by its DSN or its number, and never by more of its connection string.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from harvest_duck.connection import PROPERTIES, canonical, config_directory, named_connections, parse
from harvest_duck.connection.layers import merge
from harvest_duck.connection.sources import layers
from harvest_duck.errors import HarvestDuckError
from harvest_duck.text import printable, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ACCOUNT", "name_of", "secrets_of"]

#: The name under which the account is attached that the shell was started with.
ACCOUNT = "harvest"
_LONGEST = 24
#: What an account is called of which nobody said anything.
_UNNAMED = "harvest"


def name_of(connection: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the name of the account that a connection string reads, as `connection.sources` chooses it.

    Raises `ConnectionStringError` where the string or what it takes over cannot be read.
    """
    given = _texts(connection, "connection string")
    variable = _texts(environ.get("HARVEST_DUCK_CONNECTION", ""), "HARVEST_DUCK_CONNECTION")
    default = "default" if not given.keys() - {"AsOf"} and _has_default(environ) else None
    names = [
        *(given.get("DSN"), given.get("AccountId")),
        *(variable.get("DSN"), default, variable.get("AccountId")),
        *(environ.get("HARVEST_ACCOUNT_ID"), _UNNAMED),
    ]
    return shortened(printable(next(filter(None, names))), _LONGEST)


def secrets_of(connection: str) -> tuple[str, ...]:
    """Return the secrets that a connection string gives or takes over; none where it cannot be read.

    Those of the sandbox are left out: to find them would start it.
    """
    with suppress(HarvestDuckError, OSError):
        given = merge(layers(connection, environ=os.environ, config_dir=None, builtin={}))
        texts = (entry.text for name, entry in given.items() if PROPERTIES[name].secret)
        # A header is a name and a value, and the value is the secret.
        return tuple(part for text in texts for part in (text, *text.split()) if part)
    return ()


def _texts(connection: str, where: str) -> dict[str, str]:
    return canonical(parse(connection, where=where).items(), where=where)


def _has_default(environ: Mapping[str, str]) -> bool:
    found = named_connections(config_directory(environ) / "connections.toml", {})
    return any(name.casefold() == "default" for name in found.sections)
