"""The settings of a session: PostgreSQL's, with the values that mean something here."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.pg_catalog import package_data
from harvest_duck.servers.postgres.session.setting_values import Setting, as_written, normalized
from harvest_duck.servers.postgres.session.time_zones import zone_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["REPORTED", "Settings", "key_of", "known"]

#: What the server tells a client of by itself (PostgreSQL 15, "Asynchronous Operations").
REPORTED = (
    "application_name",
    "client_encoding",
    "DateStyle",
    "default_transaction_read_only",
    "in_hot_standby",
    "integer_datetimes",
    "IntervalStyle",
    "is_superuser",
    "server_encoding",
    "server_version",
    "session_authorization",
    "standard_conforming_strings",
    "TimeZone",
)
#: What is otherwise here than in a PostgreSQL that was just made.
_OURS = {
    "client_encoding": "UTF8",
    "datestyle": "ISO, MDY",
    "default_transaction_read_only": "on",
    "in_hot_standby": "off",
    "is_superuser": "off",
    "search_path": "harvest",
    "server_encoding": "UTF8",
    "timezone": "UTC",
    "transaction_read_only": "on",
}
_OF_TRANSACTION = frozenset({"transaction_deferrable", "transaction_isolation", "transaction_read_only"})
_IDENTIFIER = r"[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*"
#: A setting of somebody else's, which PostgreSQL keeps without a word.
_CUSTOM = re.compile(rf"{_IDENTIFIER}(?:\.{_IDENTIFIER})+\Z")
#: Why a session cannot set some.
_FIXED = {
    "internal": ("55P02", 'parameter "{}" cannot be changed'),
    "postmaster": ("55P02", 'parameter "{}" cannot be changed without restarting the server'),
    "sighup": ("55P02", 'parameter "{}" cannot be changed now'),
    "backend": ("55P02", 'parameter "{}" cannot be set after connection start'),
    "superuser-backend": ("42501", 'permission denied to set parameter "{}"'),
    "superuser": ("42501", 'permission denied to set parameter "{}"'),
}
_NAMES = {"time zone": "timezone", "transaction isolation level": "transaction_isolation", "names": "client_encoding"}


#: What pg_settings leaves out (GUC_NO_SHOW_ALL in PostgreSQL 15's src/backend/utils/misc/guc.c), and SHOW tells.
_LEFT_OUT = {
    "is_superuser": Setting(
        "is_superuser", "off", "Shows whether the current user is a superuser.", "internal", "bool"
    ),
    "role": Setting("role", "none", "Sets the current role.", "user", "string"),
    "session_authorization": Setting("session_authorization", "", "Sets the session user.", "user", "string"),
}


@cache
def known() -> Mapping[str, Setting]:
    """Return PostgreSQL's settings, by their names in lower case."""
    return {row["name"].lower(): _setting(row) for row in package_data.rows("_settings").to_pylist()} | _LEFT_OUT


def _setting(row: Mapping[str, object]) -> Setting:
    name = str(row["name"])
    enum = row["enumvals"]
    return Setting(
        name,
        _OURS.get(name.lower(), str(row["setting"] or "")),
        str(row["short_desc"]),
        str(row["context"]),
        str(row["vartype"]),
        unit=None if row["unit"] is None else str(row["unit"]),
        least=None if row["min_val"] is None else str(row["min_val"]),
        most=None if row["max_val"] is None else str(row["max_val"]),
        choices=tuple(map(str, enum)) if isinstance(enum, list) else (),
    )


class Settings:
    """The values of a session. `given` are those that it begins with, to which RESET goes back.

    `zones` are DuckDB's time zones.
    """

    def __init__(self, zones: Mapping[str, str]) -> None:
        self._zones = zones
        self._given: dict[str, str] = {}
        self._values: dict[str, str] = {}
        #: The number of changes, by which a cursor knows whether it has the latest.
        self.revision = 0

    def begin_with(self, name: str, value: str, *, fixed: bool = False) -> None:
        """Make a value that of the session from its first statement on; `fixed` are those that only we set."""
        key = key_of(name)
        self._given[key] = value if fixed else self._usable(key, value, starting=True)
        self._put(key, self._given[key])

    def get(self, name: str) -> str:
        """Return the value of a setting; raises a Failure for one that is not known."""
        key = key_of(name)
        if key in self._values:
            return self._values[key]
        # A transaction begins with what is the default of all.
        return self.get(f"default_{key}") if key in _OF_TRANSACTION else _named(key, name).default

    def own_value(self, name: str) -> str | None:
        """Return the value that a setting was given, None where it has that of PostgreSQL."""
        return self._values.get(key_of(name))

    def put_back(self, name: str, value: str | None) -> None:
        """Let a setting have what `own_value` returned."""
        self._put(key_of(name), value)

    def shown(self, name: str) -> str:
        """Return the value of a setting as SHOW writes it, with its unit."""
        value, setting = self.get(name), known().get(key_of(name))
        return value if setting is None else as_written(setting.kind, setting.unit, value)

    def name_of(self, name: str) -> str:
        """Return the name of a setting as PostgreSQL writes it."""
        setting = known().get(key_of(name))
        return name if setting is None else setting.name

    def all(self) -> Iterator[tuple[str, str, str]]:
        """Yield the name, the value and the description of each setting, as SHOW ALL does."""
        for key in sorted(known().keys() - _LEFT_OUT.keys()):
            setting = known()[key]
            yield setting.name, self.shown(key), setting.description

    def set(self, name: str, value: str | None) -> None:
        """Set a value, by default the one that the session began with; raises a Failure for one that cannot be."""
        key = key_of(name)
        if value is None:
            self.reset(name)
        else:
            self._put(key, self._usable(key, value))

    def check(self, name: str, value: str | None) -> None:
        """Raise a Failure for a value that cannot be set."""
        key = key_of(name)
        if value is None:
            _refuse_fixed(key, name)
        else:
            self._usable(key, value)

    def shown_as(self, name: str, value: str | None) -> str:
        """Return a value as SHOW would write it once it is set; raises a Failure for one that cannot be."""
        key, setting = key_of(name), known().get(key_of(name))
        self.check(name, value)
        kept = self._given.get(key, _default(key) or "") if value is None else self._usable(key, value)
        return kept if setting is None else as_written(setting.kind, setting.unit, kept)

    def reset(self, name: str) -> None:
        """Set a value back to what the session began with."""
        key = key_of(name)
        _refuse_fixed(key, name)
        self._put(key, self._given.get(key) if key in self._given else _default(key))

    def reset_all(self) -> None:
        """Set all values back."""
        for key in [*self._values]:
            if self._values[key] != self._given.get(key, _default(key)):
                self._put(key, self._given.get(key, _default(key)))

    def snapshot(self) -> dict[str, str]:
        """Return the values, to be restored."""
        return dict(self._values)

    def restore(self, values: Mapping[str, str]) -> None:
        """Set the values of a snapshot."""
        for key in {*self._values, *values}:
            value = values.get(key, _default(key))
            if self._values.get(key, _default(key)) != value:
                self._put(key, value)

    def own(self) -> dict[str, str]:
        """Return the values of what the session began with or was set, by lower-case names."""
        return {**_OURS, **{key: self.get(key) for key in _OF_TRANSACTION}, **self._values}

    def reported(self) -> Iterator[tuple[str, str]]:
        """Yield the name and the value of each setting that clients are told of."""
        for name in REPORTED:
            yield name, self.get(name)

    @property
    def statement_timeout_s(self) -> float:
        """The seconds that a statement may take, 0 for any."""
        return int(self.get("statement_timeout")) / 1000

    def _usable(self, key: str, value: str, *, starting: bool = False) -> str:
        if not starting or key not in known() or known()[key].context != "backend":
            _refuse_fixed(key, key)
        if key == "timezone":
            return self._zone(value)
        if key in ("role", "session_authorization"):
            return self._same_user(key, value)
        setting = known().get(key)
        return value if setting is None else normalized(setting, value)

    def _zone(self, value: str) -> str:
        if value.strip().lower() in ("local", "default"):
            return self._given.get("timezone", _default("timezone") or "UTC")
        return zone_named(value, self._zones)

    def _same_user(self, key: str, value: str) -> str:
        """Return the name of the user, or that there is no role: nobody becomes another."""
        if value == self.get("session_authorization") or (key == "role" and value.lower() == "none"):
            return value
        what = "set role" if key == "role" else "set session authorization"
        raise Failure("42501", f'permission denied to {what} "{value}"')

    def _put(self, key: str, value: str | None) -> None:
        if value is None:
            self._values.pop(key, None)
        else:
            self._values[key] = value
        self.revision += 1


def key_of(name: str) -> str:
    """Return the one name of a setting that has several, in lower case."""
    return _NAMES.get(name.lower(), name.lower())


def _default(key: str) -> str | None:
    setting = known().get(key)
    return None if setting is None else setting.default


def _named(key: str, name: str) -> Setting:
    if key not in known():
        raise Failure("42704", f'unrecognized configuration parameter "{name}"')
    return known()[key]


def _refuse_fixed(key: str, name: str) -> None:
    """Raise a Failure for a setting that is not known, or that no session can set."""
    if key not in known() and _CUSTOM.match(key):
        return
    setting = _named(key, name)
    if setting.context in _FIXED:
        sqlstate, message = _FIXED[setting.context]
        raise Failure(sqlstate, message.format(setting.name))
