"""The relations of PostgreSQL's catalogue that a client cannot read, and what reading them fails with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harvest_duck.servers.postgres.pg_catalog.columns import Columns

__all__ = ["EMPTY", "refused"]

#: What has no rows in this server, as in a PostgreSQL where nobody uses what it lists.
EMPTY = frozenset(
    {
        "pg_available_extension_versions",
        # Nothing is written here, so nothing is locked.
        "pg_locks",
        "pg_available_extensions",
        "pg_prepared_xacts",
        "pg_publication_tables",
        "pg_replication_slots",
        "pg_seclabels",
        "pg_sequences",
        "pg_stat_progress_analyze",
        "pg_stat_progress_basebackup",
        "pg_stat_progress_cluster",
        "pg_stat_progress_copy",
        "pg_stat_progress_create_index",
        "pg_stat_progress_vacuum",
        "pg_stat_replication",
        "pg_stat_replication_slots",
        "pg_stat_subscription",
        "pg_stat_subscription_stats",
        "pg_stat_user_functions",
        "pg_stat_wal_receiver",
        "pg_stat_xact_user_functions",
        "pg_stats_ext",
        "pg_stats_ext_exprs",
        "triggers",
    }
)
#: Read through other relations, though no user may read them alone.
_BY_COLUMN = frozenset({"pg_subscription"})


def refused(columns: Columns, views: frozenset[str]) -> dict[str, tuple[str, str]]:
    """Return SQLSTATE and message for each relation that is not for clients, or of which this server knows no rows."""
    found = {}
    for each in columns.listed:
        kind = "table" if each.kind == "r" else "view"
        if not each.public and each.name not in _BY_COLUMN:
            found[each.name] = ("42501", f"permission denied for {kind} {each.name}")
        elif each.kind == "v" and each.name not in views | EMPTY | _OWN:
            found[each.name] = ("0A000", f"{each.schema}.{each.name} is not known to this server")
    return found


#: What `own_views.sql` and the data make.
_OWN = frozenset(
    {
        "constraint_column_usage",
        "pg_settings",
        "pg_stat_activity",
        "pg_stat_gssapi",
        "pg_stat_ssl",
        "pg_timezone_abbrevs",
        "pg_timezone_names",
    }
)
