"""Connection strings: from the text that a user writes to one typed value, `Connection`.

::

    text, file, environment ─ sources, dsn ─→ pairs ─ layers ─→ text of each property ─ parsing, settings ─→ Connection
                                ▲                   ▲                                ▲
                              grammar           properties                      secret_leaks, written_files

`resolve` is the way in. It takes a string, files and the environment; it gives a `Connection` or an error that shows no
secret. `harvest_duck.connections` writes the file with `with_section` and `without_sections`. Nothing here opens a
connection. It may import `runtime`, `sandbox` (for `DSN=sandbox`) and `errors`.
"""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING

from harvest_duck.connection.address import loopback
from harvest_duck.connection.builtin import BUILTIN
from harvest_duck.connection.dsn import NamedConnections, named_connections, summary
from harvest_duck.connection.grammar import parse, render
from harvest_duck.connection.layers import canonical, merge
from harvest_duck.connection.parsing import RateLimit, account_numbers
from harvest_duck.connection.properties import PROPERTIES, Kind, Support, UnsupportedPropertyWarning
from harvest_duck.connection.secret import Secret
from harvest_duck.connection.secret_leaks import refuse_leaks
from harvest_duck.connection.settings import AuthScheme, Completeness, Connection, InitiateOAuth, OAuth, connection
from harvest_duck.connection.sources import config_directory, layers
from harvest_duck.connection.toml_edit import with_section, without_sections
from harvest_duck.connection.written_files import refuse_written_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date
    from pathlib import Path

__all__ = [
    "PROPERTIES",
    "AuthScheme",
    "Completeness",
    "Connection",
    "InitiateOAuth",
    "Kind",
    "NamedConnections",
    "OAuth",
    "RateLimit",
    "Secret",
    "Support",
    "UnsupportedPropertyWarning",
    "account_numbers",
    "canonical",
    "config_directory",
    "loopback",
    "named_connections",
    "parse",
    "render",
    "resolve",
    "summary",
    "with_section",
    "without_sections",
]


def resolve(
    text: str,
    *,
    environ: Mapping[str, str] = os.environ,
    config_dir: Path | None = None,
    builtin: Mapping[str, Callable[[date | None], str]] = BUILTIN,
    signing_in: bool = False,
    written_in_sql: bool = False,
) -> Connection:
    """Return the connection that `text` stands for; its DSN and the environment give the properties that it lacks.

    `builtin` has more named connections than `connections.toml` in `config_dir`; its functions are called only if
    their name is used. `sources` says which source wins. `signing_in` is for callers that begin a sign-in whatever
    AuthScheme says, so that `secret_leaks` checks the secrets of OAuth too. `written_in_sql` is for a `text` that
    stands in SQL, which may name no file to write, see `written_files`.

    Raises `ConnectionStringError` for a string, file or variable that cannot be used. A missing token is no error
    here, but one of `Connection.require_token`. One `UnsupportedPropertyWarning` names the properties that have no
    effect yet.
    """
    given = merge(layers(text, environ=environ, config_dir=config_dir, builtin=builtin))
    if written_in_sql:
        refuse_written_files(given)
    resolved = connection(given)
    refuse_leaks(given, signing_in=signing_in)
    later = [name for name, entry in PROPERTIES.items() if entry.support is Support.LATER and name in given]
    if later:
        warnings.warn(f"without effect yet: {', '.join(later)}", UnsupportedPropertyWarning, stacklevel=2)
    return resolved
