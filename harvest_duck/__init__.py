"""SQL over Harvest, run by DuckDB on top of the REST API v2.

The life of one query, through the packages to the wire and back::

    SQL ─ engine ─ pushdown ─ planner ─ scanner ─ auth ─ http ─ protocol ─→ Harvest's API
             ▲                             │                                    │ page
    rows ◄───┴─ runtime ◄─ record batches ─┴──────────── decoder ◄──────────────┘

`register` teaches a connection of DuckDB the table function `harvest_scan`; `connect` opens one that knows it; `attach`
adds an account as a schema of tables and ready views; `scan` reads a table without SQL, and `dataset` is one for
Polars, DataFusion and others. `tables` and `describe` list the tables and their columns, `explain` the requests that a
query would send, `progress` those that are still to come, and `access` the tables that a token may read. `sync` keeps a
copy of an account in a DuckDB file, `explain_sync` tells what that would ask of Harvest, and `mirror_status` how old
the copy is; `clear_cache` forgets what a CacheLocation of `:memory:` holds. `export` writes tables to files, and
`for_lake` converts rows to types that Delta Lake and Iceberg have. `report` shows the figures of an agency as one page.
`login` signs a person in by OAuth, `logout` out; `whoami` and `accounts` ask Harvest whose a connection is; the
submodule `connections` stores named connections. IPython calls `load_ipython_extension` for `%load_ext harvest_duck`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.errors import HarvestDuckError
from harvest_duck.runtime.critical_section import imported

if TYPE_CHECKING:
    from harvest_duck import connections as connections
    from harvest_duck.auth.cdata_procedures import (
        get_oauth_access_token,
        get_oauth_authorization_url,
        refresh_oauth_access_token,
    )
    from harvest_duck.auth.sessions import accounts, login, logout, whoami
    from harvest_duck.cache.answer import clear_cache, scan
    from harvest_duck.engine.register import attach, connect, explain, interrupt, last_error, progress, register
    from harvest_duck.exports.export import export
    from harvest_duck.exports.lake_types import for_lake
    from harvest_duck.integrations.arrow_dataset import dataset
    from harvest_duck.introspection.access import access
    from harvest_duck.introspection.catalog_tables import describe, tables
    from harvest_duck.mirror.status import mirror_status
    from harvest_duck.mirror.sync import explain_sync, sync
    from harvest_duck.report_page.report import report

__all__ = [
    "HarvestDuckError",
    "access",
    "accounts",
    "attach",
    "clear_cache",
    "connect",
    "dataset",
    "describe",
    "explain",
    "explain_sync",
    "export",
    "for_lake",
    "get_oauth_access_token",
    "get_oauth_authorization_url",
    "interrupt",
    "last_error",
    "login",
    "logout",
    "mirror_status",
    "progress",
    "refresh_oauth_access_token",
    "register",
    "report",
    "scan",
    "sync",
    "tables",
    "whoami",
]
__version__ = "0.1.0"

#: The modules of the public names, which are imported when a name is first used, so that the import itself is instant.
_MODULES = {
    "auth.cdata_procedures": ("get_oauth_access_token", "get_oauth_authorization_url", "refresh_oauth_access_token"),
    "auth.sessions": ("accounts", "login", "logout", "whoami"),
    "cache.answer": ("clear_cache", "scan"),
    "engine.register": ("attach", "connect", "explain", "interrupt", "last_error", "progress", "register"),
    "exports.export": ("export",),
    "exports.lake_types": ("for_lake",),
    "integrations.arrow_dataset": ("dataset",),
    # Not in `__all__`: IPython alone calls them, for `%load_ext harvest_duck`.
    "integrations.notebook.extension": ("load_ipython_extension", "unload_ipython_extension"),
    "introspection.access": ("access",),
    "introspection.catalog_tables": ("describe", "tables"),
    "mirror.status": ("mirror_status",),
    "mirror.sync": ("explain_sync", "sync"),
    "report_page.report": ("report",),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}
_SUBMODULE = "connections"


def __getattr__(name: str) -> object:
    if name == _SUBMODULE:
        return imported(f"{__name__}.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(imported(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return what a prompt offers after `harvest_duck.` and Tab: the public names, and what every module has."""
    return [*__all__, _SUBMODULE, *(name for name in globals() if name.startswith("__"))]
