"""The sources of the properties of a connection, and which source wins.

For each property the first of these sources that gives it decides:

1. the connection string;
2. the connection that its DSN names, in `connections.toml` or built in; for a string without properties the one
   named "default", if there is one and HARVEST_DUCK_CONNECTION names no other;
3. the environment variable HARVEST_DUCK_CONNECTION, itself a connection string;
4. the connection that the DSN of HARVEST_DUCK_CONNECTION names, if nothing named one before;
5. the environment variables HARVEST_ACCESS_TOKEN for APIKey and HARVEST_ACCOUNT_ID for AccountId.

At most one named connection is used. A property given as empty text (`ProxyServer=;`) takes its default, whatever later
sources give; an empty environment variable counts as unset. `secret_leaks` then refuses to send a secret of one source
to a host that an earlier source chose.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from harvest_duck.connection.dsn import TODAY_ELSEWHERE, named_connections
from harvest_duck.connection.grammar import parse
from harvest_duck.connection.layers import Layer, canonical, merge
from harvest_duck.connection.parsing import Place, Values
from harvest_duck.errors import ConnectionStringError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

_VARIABLES = {"HARVEST_ACCESS_TOKEN": "APIKey", "HARVEST_ACCOUNT_ID": "AccountId"}


def config_directory(environ: Mapping[str, str]) -> Path:
    """Return the directory of `connections.toml`: HARVEST_DUCK_CONFIG_DIR, else the user's configuration directory.

    A user without a home directory has one in which nothing can be: below the null device.
    """
    chosen = environ.get("HARVEST_DUCK_CONFIG_DIR")
    if chosen:
        return Path(chosen)
    try:
        return platformdirs.user_config_path("harvest_duck")
    except RuntimeError:
        # So platformdirs 4.14 says that there is no home. Not a relative path, which others could fill.
        return Path(os.devnull) / "harvest_duck"


def layers(
    text: str,
    *,
    environ: Mapping[str, str],
    config_dir: Path | None,
    builtin: Mapping[str, Callable[[date | None], str]],
) -> list[Layer]:
    """Return all sources of properties for the connection string `text`.

    Raises `ConnectionStringError` if one of them cannot be read, or a DSN names no connection.
    """
    string = _string(Place.STRING, "connection string", text)
    variable = _string(Place.ENVIRONMENT_STRING, "HARVEST_DUCK_CONNECTION", environ.get("HARVEST_DUCK_CONNECTION", ""))
    found = [string, variable]
    found += [
        Layer(Place.ENVIRONMENT, name, {entry: environ[name]})
        for name, entry in _VARIABLES.items()
        if environ.get(name)
    ]
    path = (config_dir or config_directory(environ)) / "connections.toml"
    dsn = _dsn(string, variable, path=path, builtin=builtin)
    if dsn is None and Values(merge([string])).day("Today") is not None:
        raise ConnectionStringError(f"{string.where}: {TODAY_ELSEWHERE}")
    return found if dsn is None else [*found, dsn]


def _string(place: Place, where: str, text: str) -> Layer:
    return Layer(place, where, canonical(parse(text, where=where).items(), where=where))


def _dsn(
    string: Layer, variable: Layer, *, path: Path, builtin: Mapping[str, Callable[[date | None], str]]
) -> Layer | None:
    """Return the named connection in use, None if no DSN is given and none is called "default"."""
    for naming, place in ((string, Place.STRING_DSN), (variable, Place.ENVIRONMENT_DSN)):
        if name := naming.texts.get("DSN"):
            connections = named_connections(path, builtin)
            found = connections.find(name, Values(merge([string, naming])).day("Today"))
            if found is None:
                raise ConnectionStringError(
                    f"{naming.where}: DSN names no connection in {path}; there are: {connections.names}; "
                    "`harvest-duck connections add NAME` adds one"
                )
            return Layer(place, *found)
    # A moment alone, as harvest_as_of adds it, names no account.
    if string.texts.keys() - {"AsOf"}:
        return None
    default = named_connections(path, builtin).find("default")
    return None if default is None else Layer(Place.STRING_DSN, *default)
