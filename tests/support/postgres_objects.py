"""The objects of a served database, made in a real PostgreSQL: the same tables, views, functions, keys and comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.pushdown.sql import text
from harvest_duck.servers.postgres.pg_catalog import definitions
from harvest_duck.servers.postgres.values.types import format_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harvest_duck.servers.postgres.pg_catalog.objects import Relation

__all__ = ["same_objects"]


def same_objects(relations: Sequence[Relation], database: str, user: str) -> Iterator[str]:
    """Yield the statements that make them in an empty database, and a user who may read them."""
    yield f"DROP ROLE IF EXISTS {user}; DROP ROLE IF EXISTS harvest; CREATE ROLE harvest; CREATE ROLE {user} LOGIN"
    yield f"GRANT harvest TO {user}; DROP SCHEMA public; CREATE SCHEMA harvest AUTHORIZATION harvest"
    yield "COMMENT ON SCHEMA harvest IS 'Harvest''s tables and the ready views'"
    yield f"ALTER DATABASE {database} SET search_path = harvest; SET search_path = harvest"
    yield "SET check_function_bodies = off; SET ROLE harvest"
    for each in relations:
        yield from _table(each) if each.view is None else _view(each)
        for column in each.columns:
            if column.comment:
                yield f"COMMENT ON COLUMN {each.name}.{column.name} IS {text(column.comment)}"
    for each in relations:
        for key in each.foreign_keys:
            yield f"ALTER TABLE {each.name} ADD {definitions.foreign_key(key)}"
    yield "REVOKE ALL ON ALL TABLES IN SCHEMA harvest FROM harvest"
    yield "GRANT SELECT ON ALL TABLES IN SCHEMA harvest TO harvest, public"
    yield "REVOKE ALL ON SCHEMA harvest FROM harvest; GRANT USAGE ON SCHEMA harvest TO harvest, public; RESET ROLE"


def _table(each: Relation) -> Iterator[str]:
    columns = [
        f"{column.name} {format_type(column.type.oid, column.type.typmod)}{' NOT NULL' if column.not_null else ''}"
        for column in each.columns
    ]
    yield f"CREATE TABLE {each.name} ({', '.join(columns + [definitions.primary_key(each)] * bool(each.key))})"
    if each.comment:
        yield f"COMMENT ON TABLE {each.name} IS {text(each.comment)}"


def _view(each: Relation) -> Iterator[str]:
    assert each.view is not None
    yield definitions.function(each, each.view)
    yield f"CREATE VIEW {each.name} AS {definitions.view_query(each)}"
    yield f"COMMENT ON VIEW {each.name} IS {text(each.comment or '')}"
    given = definitions.arguments(each.view, defaults=False)
    yield f"COMMENT ON FUNCTION {each.name}({given}) IS {text(each.comment or '')}"
