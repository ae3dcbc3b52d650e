"""Looks at this machine: versions, the sources of the configuration, free space. Nothing here sends anything."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
import warnings
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from harvest_duck.connection import UnsupportedPropertyWarning, config_directory, named_connections, resolve
from harvest_duck.connection.builtin import BUILTIN
from harvest_duck.connection.layers import merge
from harvest_duck.connection.secret_leaks import bearer
from harvest_duck.connection.sources import layers
from harvest_duck.diagnosis.blocking_call import within
from harvest_duck.diagnosis.facts import Configuration, Space, Versions
from harvest_duck.errors import ConnectionStringError
from harvest_duck.http.log import logger
from harvest_duck.http.ratelimit.shared import directory as limits_directory
from harvest_duck.text import escaped, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harvest_duck.connection import Connection
    from harvest_duck.connection.parsing import Given

#: The packages whose version decides whether a query works.
_PACKAGES = ("duckdb", "pyarrow", "aiohttp")
_VARIABLES = ("HARVEST_DUCK_CONFIG_DIR", "HARVEST_DUCK_CONNECTION", "HARVEST_ACCESS_TOKEN", "HARVEST_ACCOUNT_ID")
_DISK_S = 5.0


def versions(own: str) -> Versions:
    """Return the versions beside our `own`; packages are asked by their metadata, since an import may fail."""
    return Versions(
        harvest_duck=own,
        python=(sys.version_info.major, sys.version_info.minor, sys.version_info.micro),
        implementation=platform.python_implementation(),
        packages={name: _version(name) for name in _PACKAGES},
        system=" ".join(filter(None, (platform.system(), platform.release(), f"({platform.machine()})"))),
    )


def configuration(text: str) -> tuple[Configuration, Connection | None]:
    """Return where the settings of a connection string come from, and its connection, None where it cannot be used."""
    path = config_directory(os.environ) / "connections.toml"
    given: Mapping[str, Given] = {}
    resolved, error = None, None
    ineffective: tuple[str, ...] = ()
    try:
        given = merge(layers(text, environ=os.environ, config_dir=None, builtin=BUILTIN))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UnsupportedPropertyWarning)
            found = resolve(text)
        # A query opens the log before it sends anything.
        logger(found.logfile, found.verbosity)
        resolved = found
        ineffective = tuple(str(each.message) for each in caught)
    except (ConnectionStringError, OSError, RuntimeError) as failure:
        error = one_line(str(failure))
    return (
        Configuration(
            path=escaped(path),
            home=not path.is_relative_to(os.devnull),
            exists=os.path.exists(path),  # noqa: PTH110 - False where Path.exists() may raise
            names=_names(path),
            variables=tuple(name for name in _VARIABLES if os.environ.get(name)),
            token_from=_source(given, bearer(given) or ""),
            application_from=_source(given, "OAuthClientId"),
            account_from=_source(given, "AccountId"),
            ineffective=ineffective,
            error=error,
        ),
        resolved,
    )


async def spaces() -> list[Space]:
    """Return the free space for the limits and sign-ins, and for the temporary files of large queries."""
    # Where DuckDB is given no temp_directory, a database in memory spills into .tmp of the working directory:
    # https://duckdb.org/docs/stable/configuration/pragmas#temp-directory-for-spilling-data-to-disk
    places = {"limits and sign-ins": limits_directory(os.environ), "large queries": _working_directory()}
    return [await _space(what, path) for what, path in places.items()]


async def _space(what: str, path: Path) -> Space:
    def free() -> int:
        there = next((each for each in (path, *path.parents) if each.exists()), path)
        return shutil.disk_usage(there).free

    try:
        return Space(what, escaped(path), await within(_DISK_S, free))
    except (OSError, TimeoutError):
        return Space(what, escaped(path), None)


def _working_directory() -> Path:
    try:
        return Path.cwd()
    except OSError:
        # It was removed.
        return Path(tempfile.gettempdir())


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _names(path: Path) -> tuple[str, ...]:
    try:
        return tuple(map(escaped, named_connections(path, {}).sections))
    except (ConnectionStringError, OSError):
        return ()


def _source(given: Mapping[str, Given], name: str) -> str | None:
    """Return where a property was given, None where it was not."""
    return given[name].where if name in given and given[name].text else None
