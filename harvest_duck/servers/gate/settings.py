"""The settings by which a DuckDB that clients ask reaches no file, no host and no extension."""

from __future__ import annotations

__all__ = ["CLOSED"]

#: Nothing is read from a file or written to one, rows that do not fit in memory neither.
CLOSED = (
    "SET GLOBAL temp_directory = ''",
    "SET GLOBAL python_enable_replacements = false",
    "SET GLOBAL allow_community_extensions = false",
    "SET GLOBAL autoinstall_known_extensions = false",
    "SET GLOBAL autoload_known_extensions = false",
    "SET GLOBAL enable_external_access = false",
)
