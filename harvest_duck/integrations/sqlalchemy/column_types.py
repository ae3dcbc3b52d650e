"""The types of the catalog as those of SQLAlchemy, and how values become what those promise."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, types
from sqlalchemy.dialects.postgresql import ARRAY

from harvest_duck.catalog import model

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Dialect

#: What makes a type: one for each column, since pandas changes the types of the tables that it reads (3.0).
_SCALARS: dict[model.Scalar, Callable[[], types.TypeEngine[Any]]] = {
    model.BIGINT: types.BIGINT,
    model.BOOLEAN: types.BOOLEAN,
    model.DATE: types.DATE,
    model.DECIMAL: partial(types.DECIMAL, 18, 4),
    model.JSON: types.JSON,
    model.TIME: types.TIME,
    model.TIMESTAMP: partial(types.TIMESTAMP, timezone=True),
    model.VARCHAR: types.VARCHAR,
}


class Struct(types.TypeEngine):  # type: ignore[misc]  # as SQLAlchemy is not installed where types are checked
    """A STRUCT of DuckDB's, whose values are dicts; `column["name"]` is the field of that name.

    `fields` are pairs of a name and a type.
    """

    __visit_name__ = "struct"

    def __init__(self, fields: tuple[tuple[str, types.TypeEngine[Any]], ...]) -> None:
        self.fields = tuple(fields)

    @property
    def python_type(self) -> type:
        """What a value is in Python."""
        return dict

    class Comparator(types.TypeEngine.Comparator):  # type: ignore[misc]  # as above
        """What can be asked of a column of this type."""

        def __getitem__(self, name: str) -> ColumnElement[Any]:
            """Return the field of that name; KeyError if there is none."""
            found: ColumnElement[Any] = func.struct_extract(self.expr, name, type_=dict(self.type.fields)[name])
            return found

    comparator_factory = Comparator


class Numeric(types.Numeric):  # type: ignore[misc]  # as above
    """Exact numbers; a quotient or mean of them, which DuckDB gives as DOUBLE, becomes a Decimal as well."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Return what is done to each value."""
        if not self.asdecimal:
            found: Callable[[Any], Any] | None = super().result_processor(dialect, coltype)
            return found
        return lambda value: Decimal(repr(value)) if isinstance(value, float) else value


def column_type(type_: model.Type) -> types.TypeEngine[Any]:
    """Return a new type of SQLAlchemy for one of the catalog."""
    match type_:
        case model.ListOf(item):
            return ARRAY(column_type(item))
        case model.StructOf(fields):
            return Struct(tuple((name, column_type(each)) for name, each in fields))
        case _:
            return _SCALARS[type_]()
