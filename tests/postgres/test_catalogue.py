"""Each relation of PostgreSQL's catalogue has the rows that it has in a real PostgreSQL with the same objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.catalogue_pair import pair  # noqa: F401 - a fixture
from support.real_postgres import REQUIRED, client

from harvest_duck.servers.postgres.pg_catalog.columns import Columns

if TYPE_CHECKING:
    from support.catalogue_pair import Pair

_TOAST = "SELECT oid FROM pg_catalog.pg_class WHERE oid >= 16384 AND relname LIKE 'pg#_toast#_%' ESCAPE '#'"
_COUNTED = (
    "seq_scan",
    "seq_tup_read",
    "blks_",
    "n_tup_",
    "_count",
    "idx_scan",
    "idx_tup_",
    "n_live",
    "n_dead",
    "n_mod",
    "n_ins",
)
#: Columns that say how a server stores things, or its own settings. They are not compared.
STORED = {
    "pg_class": {
        "relfilenode",
        "relpages",
        "reltuples",
        "relallvisible",
        "reltoastrelid",
        "relfrozenxid",
        "relminmxid",
    },
    "pg_database": {"datfrozenxid", "datminmxid"},
    "pg_proc": {"proargdefaults"},
    "pg_rewrite": {"ev_qual", "ev_action"},
    "pg_rules": {"definition"},
    "pg_settings": {"setting", "reset_val", "source", "sourcefile", "sourceline", "boot_val"},
    "pg_type": {"typdefaultbin"},
}
#: Rows that one of the two cannot have.
CONDITIONS = {
    "pg_class": f"oid NOT IN ({_TOAST})",
    "pg_attribute": f"attrelid NOT IN ({_TOAST})",
    "pg_index": f"indrelid NOT IN ({_TOAST})",
    "pg_database": "datname = 'acme'",
    "pg_depend": f"refobjid NOT IN ({_TOAST}) AND objid NOT IN ({_TOAST}) AND NOT (objid >= 16384 AND classid = 2620)",
    "tables": "table_name NOT IN ('pg_subscription', 'pg_group', 'pg_stat_database_conflicts')",
    "views": "table_name NOT IN ('pg_group', 'pg_stat_database_conflicts')",
    "columns": "table_name NOT IN ('pg_subscription', 'pg_group', 'pg_stat_database_conflicts')",
    "key_column_usage": "table_name <> 'pg_subscription'",
    "data_type_privileges": "object_name <> 'pg_subscription'",
    "element_types": "object_name <> 'pg_subscription'",
}
#: What this server does not tell, and why.
UNTOLD = {
    "pg_available_extension_versions": "nothing can be installed",
    "pg_available_extensions": "nothing can be installed",
    "pg_shdepend": "who owns what stands with what is owned",
    "pg_locks": "nothing is locked",
    "pg_stat_activity": "a session sees itself alone",
    "pg_stat_all_tables": "those of PostgreSQL's own tables are as old as a server",
    "pg_stat_gssapi": "the number of a session",
    "pg_stat_sys_tables": "those of PostgreSQL's own tables are as old as a server",
    "pg_stat_ssl": "whether a session is encrypted is told by the server",
    "pg_timezone_names": "the time zones are those of DuckDB",
    "pg_trigger": "keys are not kept by triggers",
    "pg_subscription": "some of its columns may be read, and it has no rows",
}
_COLUMNS = Columns()


pytestmark = pytest.mark.skipif(not REQUIRED, reason="they are compared where HARVEST_DUCK_REQUIRE_POSTGRES is set")


def selected(name: str, columns: tuple[tuple[str, str], ...]) -> str:
    """Return what is compared of a relation: numbers that are part of names are left out of them."""
    shown = []
    for column, kind in columns:
        if column in STORED.get(name, ()) or (name.startswith("pg_stat") and any(part in column for part in _COUNTED)):
            continue
        if column == "specific_name" or (column == "object_name" and name in {"data_type_privileges", "element_types"}):
            shown.append(f"regexp_replace({column}::text, '_[0-9]+$', '')")
        elif column == "constraint_name":
            shown.append(f"regexp_replace({column}::text, '^[0-9]+_[0-9]+_', '')")
        else:
            shown.append(_cast(f'"{column}"', kind))
    return ", ".join(shown)


def _cast(column: str, kind: str) -> str:
    """A column as a type that needs no regard to how a driver reads it."""
    if kind in {"regproc", "regtype", "regclass", "xid", "oid"}:
        return f"{column}::text"
    if kind in {"bytea", "anyarray", "pg_lsn", "interval"}:
        return f"{column}::text"
    return column


@pytest.mark.parametrize("schema", ["pg_catalog", "information_schema"])
def test_each_relation_has_the_rows_of_a_real_one(pair: Pair, schema: str) -> None:  # noqa: F811
    different = {}
    for relation in _COLUMNS.listed:
        name = relation.name
        if relation.schema != schema or name in pair.ours.refused or name in UNTOLD:
            continue
        condition = CONDITIONS.get(name, "true")
        found = pair.differences(f"SELECT {selected(name, relation.columns)} FROM {schema}.{name} WHERE {condition}")
        if any(found):
            different[name] = tuple(rows[:2] for rows in found)
    assert not different, different


def test_what_a_user_may_not_read_is_refused_by_both(pair: Pair) -> None:  # noqa: F811
    psycopg = client("psycopg")
    denied = {name for name, (code, _) in pair.ours.refused.items() if code == "42501"}
    for relation in _COLUMNS.listed:
        if relation.name in denied:
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match=f"permission denied for .* {relation.name}"):
                pair.theirs.rows(f"SELECT 1 FROM {relation.schema}.{relation.name}")
