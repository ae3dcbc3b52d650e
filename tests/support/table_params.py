"""The parameters of every table, and the text that each should be sent with."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from operator import eq, ge, gt, le, lt, ne

from harvest_duck.catalog.model import BIGINT, BOOLEAN, DATE, TIMESTAMP, Match, Origin, Param, Table
from harvest_duck.catalog.tables import TABLES
from harvest_duck.pushdown.predicate import Op, Value

DAY = date(2024, 2, 29)
MOMENT = datetime(2024, 2, 29, 12, 30, 15, 250_000, tzinfo=UTC)

NARROWING = [
    (table, param)
    for table in TABLES.values()
    for param in table.params
    if table.column(param.column).origin is not Origin.INPUT
]
INPUTS = [
    (table, param)
    for table in TABLES.values()
    for param in table.params
    if table.column(param.column).origin is Origin.INPUT
]
NAMES = {False: "false", True: "true"}
HOLDS = {Op.EQ: eq, Op.NE: ne, Op.LT: lt, Op.LE: le, Op.GT: gt, Op.GE: ge}


def sample(table: Table, param: Param) -> Value:
    """A value that the parameter could be asked for."""
    column = table.column(param.column)
    samples: dict[object, Value] = {BIGINT: 7, BOOLEAN: True, DATE: DAY, TIMESTAMP: MOMENT}
    return param.values[0] if param.values else samples.get(column.type, "7f")


def expected(param: Param, op: Op, value: Value) -> str | None:
    """What a parameter narrows to where `column op value` has to hold; written down again from Harvest's words."""
    # A day further where Harvest does not say whether it includes the day itself.
    outward = not param.exact
    lower, upper = op in (Op.EQ, Op.GT, Op.GE), op in (Op.EQ, Op.LT, Op.LE)
    if isinstance(value, bool):
        left = [each for each in (False, True) if HOLDS[op](each, value)]
        return NAMES[left[0]] if len(left) == 1 else None
    match param.match:
        case Match.EQUAL if op is Op.EQ:
            return str(value)
        case Match.FROM if lower:
            return f"{DAY + timedelta(days=(op is Op.GT) - outward):%Y-%m-%d}"
        case Match.TO if upper:
            return f"{DAY + timedelta(days=outward - (op is Op.LT)):%Y-%m-%d}"
        case Match.SINCE if lower:
            return "2024-02-29T12:30:14Z"
    return None
