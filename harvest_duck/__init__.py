"""SQL over Harvest, run by DuckDB on top of the REST API v2.

The life of one query, from the top of the package to the wire and back::

    SQL ─ engine ─ dataset ─ pushdown ─ domain ─ planner ─ scanning ─ lists ─ pages ─ client ─ protocol ─→ Harvest's API
                      ▲                                                         │                           │ page
       rows ◄─ engine ┴─ stream ◄──────────── record batches ◄──────────────────┴────────── decode ◄────────┘

`register` teaches a connection of DuckDB the table function `harvest_scan`; `connect` opens one that knows it; `attach`
adds an account as a schema of views; `scan` reads a table without SQL; `tables` and `describe` say what there is,
`explain` what a query would ask of Harvest, `progress` how far it is, and `access` what a token sees.
`login` signs a person in by OAuth, `logout` out; `whoami` and `accounts` tell who a connection is; the submodule
`connections` looks after named connections.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from harvest_duck.errors import HarvestDuckError

if TYPE_CHECKING:
    from harvest_duck.auth.cdata_procedures import (
        get_oauth_access_token,
        get_oauth_authorization_url,
        refresh_oauth_access_token,
    )
    from harvest_duck.auth.sessions import accounts, login, logout, whoami
    from harvest_duck.engine.register import attach, connect, explain, interrupt, last_error, progress, register
    from harvest_duck.introspection.access import access
    from harvest_duck.introspection.catalog_tables import describe, tables
    from harvest_duck.scanner.reading import scan

__all__ = [
    "HarvestDuckError",
    "access",
    "accounts",
    "attach",
    "connect",
    "describe",
    "explain",
    "get_oauth_access_token",
    "get_oauth_authorization_url",
    "interrupt",
    "last_error",
    "login",
    "logout",
    "progress",
    "refresh_oauth_access_token",
    "register",
    "scan",
    "tables",
    "whoami",
]
__version__ = "0.1.0"

#: Where each public name lives; loaded when first used, so that the import itself costs nothing.
_HOMES = {
    "access": "introspection.access",
    "accounts": "auth.sessions",
    "attach": "engine.register",
    "connect": "engine.register",
    "describe": "introspection.catalog_tables",
    "explain": "engine.register",
    "get_oauth_access_token": "auth.cdata_procedures",
    "get_oauth_authorization_url": "auth.cdata_procedures",
    "interrupt": "engine.register",
    "last_error": "engine.register",
    "login": "auth.sessions",
    "logout": "auth.sessions",
    "progress": "engine.register",
    "refresh_oauth_access_token": "auth.cdata_procedures",
    "register": "engine.register",
    "scan": "scanner.reading",
    "tables": "introspection.catalog_tables",
    "whoami": "auth.sessions",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
