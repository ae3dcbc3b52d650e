"""Arguments of table functions, which travel from SQL to a scan as filters on hidden columns.

DuckDB's Python client has no table functions of one's own, and hands a scan nothing but columns and a filter. So a
macro compares a hidden column with each argument, `WHERE _connection = conn`, and excludes the column from its answer.
This module takes the comparisons out of the filter again, and puts the values in the place of the columns wherever else
the filter names them: nothing below the engine knows of hidden columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from harvest_duck.pushdown.arrow_expression import compact, serialised
from harvest_duck.pushdown.arrow_filter import Filter, read_filter, read_serialised

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    import pyarrow.compute as pc

    from harvest_duck.pushdown.arrow_expression import Step

#: The hidden column that carries the connection string.
CONNECTION = "_connection"
#: The hidden column that carries the path of an endpoint.
PATH = "_path"
#: The hidden column that carries the session: every dataset has it.
SESSION = "_session"
#: The variable of a registered connection that holds its session.
SESSION_VARIABLE = "harvest_duck_session"
#: The variable of a connection on which a query is explained.
DRY_RUN_VARIABLE = "harvest_duck_dry_run"
_AND = "and_kleene"


def hidden(argument: str) -> str:
    """The column that carries an argument."""
    return f"_{argument}"


def passing(source: str, arguments: Mapping[str, str], without: Iterable[str] = ()) -> str:
    """SQL that reads `source` in the session of the connection, with the arguments: an expression for each column.

    Columns `without` which it is read are left out, as the hidden ones are.
    """
    every = {**arguments, SESSION: f"coalesce(getvariable('{SESSION_VARIABLE}')::VARCHAR, '')"}
    names = ", ".join([*every, *without])
    given = " AND ".join(f"{name} = {value}" for name, value in every.items())
    return f"SELECT * EXCLUDE ({names}) FROM {source} WHERE {given}"


def separated(
    expression: pc.Expression | None, schema: pa.Schema, names: Collection[str]
) -> tuple[dict[str, str], Filter]:
    """The texts that a filter demands of the hidden columns `names`, and the rest of it over the columns of `schema`.

    A column has no text where no term of the outermost AND compares it with one. Raises `QueryError` for a filter that
    nests deeper than can be evaluated.
    """
    try:
        written = None if expression is None else serialised(expression)
    except (pa.ArrowException, ValueError):
        written = None
    if written is None:
        return {}, read_filter(expression, schema)
    texts: dict[str, str] = {}
    left: list[list[Step]] = []
    for term in _conjuncts(written.steps):
        compared = _comparison(term, written.constants)
        if compared is None or compared[0] not in names or texts.setdefault(*compared) != compared[1]:
            left.append(term)
    if not left:
        return texts, read_filter(None, schema)
    numbers = {("field_ref", name): ("literal", str(len(written.constants) + n)) for n, name in enumerate(texts)}
    steps = [numbers.get(step, step) for step in _joined(left)]
    constants = [*written.constants, *(pa.array([value], pa.string()) for value in texts.values())]
    return texts, read_serialised(compact(steps, constants), schema)


def restored(batch: pa.RecordBatch, schema: pa.Schema, texts: Mapping[str, str]) -> pa.RecordBatch:
    """The batch with the columns of `schema`: its own, and the hidden ones with their texts."""
    columns = [
        pa.repeat(pa.scalar(texts[name], pa.string()), batch.num_rows) if name in texts else batch.column(name)
        for name in schema.names
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _conjuncts(steps: Sequence[Step]) -> list[list[Step]]:
    """The steps of each term of the outermost AND, nested ANDs flattened."""
    terms: list[list[Step]] = []
    depth = 0
    ahead = iter(steps)
    for step in ahead:
        if depth == 0 and step in {("call", _AND), ("end", _AND)}:
            continue
        if depth == 0:
            terms.append([])
        terms[-1].append(step)
        kind, text = step
        if kind == "nested_field_ref":
            terms[-1].extend(next(ahead) for _ in range(int(text)))
        depth += (kind == "call") - (kind == "end")
    return terms


def _comparison(term: Sequence[Step], constants: Sequence[pa.Array]) -> tuple[str, str] | None:
    """The column and the text of `column = 'text'`; None for any other term."""
    match term:
        case [("call", "equal"), ("field_ref", name), ("literal", number), _] | [
            ("call", "equal"),
            ("literal", number),
            ("field_ref", name),
            _,
        ]:
            value = constants[int(number)][0]
            # Only texts: Python has no date for some of Arrow's.
            return (name, value.as_py()) if pa.types.is_string(value.type) and value.is_valid else None
    return None


def _joined(terms: Sequence[Sequence[Step]]) -> Iterator[Step]:
    """The steps of an AND of the terms."""
    yield from [("call", _AND)] * (len(terms) - 1)
    for place, term in enumerate(terms):
        yield from term
        if place:
            yield "end", _AND
