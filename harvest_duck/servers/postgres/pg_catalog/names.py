"""The numbers of objects by their names, as casts to regclass, regtype, regproc and regnamespace read them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.pg_catalog import package_data
from harvest_duck.servers.postgres.pg_catalog.objects import NAMESPACE, OWNER, SCHEMA
from harvest_duck.servers.postgres.sql.tokens import significant, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harvest_duck.servers.postgres.pg_catalog.objects import Row

__all__ = ["Names"]

_SCHEMAS = {11: "pg_catalog", 13207: "information_schema", NAMESPACE: SCHEMA}
_PATH = ("pg_catalog", SCHEMA)


class Names:
    """The objects of a database by name."""

    def __init__(self, made: Mapping[str, Iterable[Row]], classes: Iterable[Row], types: Mapping[int, Row]) -> None:
        self._found: dict[tuple[str, str, str], int] = {}
        for row in (*classes, *made["pg_class"]):
            self._add("regclass", row["relnamespace"], row["relname"], row["oid"])
        for row in (*types.values(), *made["pg_type"]):
            self._add("regtype", row["typnamespace"], row["typname"], row["oid"])
        self._functions = {row["proname"]: row["oid"] for row in made["pg_proc"]}
        self._types = {name: oid for oid, name in zip(*package_data.rows("_types").to_pydict().values(), strict=True)}

    def number(self, kind: str, name: str) -> int | None:
        """Return the number of what a name means for a kind of cast."""
        if kind == "regtype" and (called := self._types.get(" ".join(name.lower().split()))):
            return int(called)
        parts = [token.name for token in significant(tokens(name.partition("(")[0])) if token.name is not None]
        if not parts:
            return 0 if name == "-" else None
        if kind == "regnamespace":
            return next((oid for oid, schema in _SCHEMAS.items() if schema == parts[-1]), None)
        if kind == "regrole":
            return OWNER if parts[-1] == "postgres" else None
        if kind == "regproc":
            return _functions().get(parts[-1]) or self._functions.get(parts[-1])
        schemas = parts[-2:-1] if len(parts) > 1 else _PATH
        return next((oid for schema in schemas if (oid := self._found.get((kind, schema, parts[-1])))), None)

    def _add(self, kind: str, namespace: int, name: str, oid: int) -> None:
        self._found[kind, _SCHEMAS.get(namespace, ""), name] = oid


@cache
def _functions() -> dict[str, int]:
    table = package_data.rows("pg_proc").select(["proname", "oid"])
    return dict(zip(*table.to_pydict().values(), strict=True))
