"""The types of parameters to which a client gave none: those of what they stand beside, as in `spent_date >= $1`.

DuckDB tells no type of a parameter before it has a value (1.4 to 2.0: duckdb_prepared_statements() has UNKNOWN), and
some drivers ask for it, to know how to send the value. What cannot be told is `unknown`, a text that becomes what it
has to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.parameters.operand_types import ARITHMETIC, Operands, TypeOf
from harvest_duck.servers.postgres.sql.tokens import Kind, significant
from harvest_duck.servers.postgres.sql.type_names import array_of, named_type, starts_with_type
from harvest_duck.servers.postgres.values.types import BOOL, DATE, INT4, INT8, INTERVAL, TEXT, TIMESTAMP, TIMESTAMPTZ
from harvest_duck.views.load import views

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.servers.postgres.sql.tokens import Token

__all__ = ["UNKNOWN", "parameter_types"]

UNKNOWN = 705

_COMPARISONS = frozenset({"=", "<>", "!=", "<", ">", "<=", ">="})
_TEXTUAL = frozenset({"||", "~", "~*", "!~", "!~*", "~~", "~~*", "!~~", "!~~*", "^@"})
_LIKE = frozenset({"like", "ilike", "similar", "escape"})
_LOGICAL = frozenset({"where", "and", "or", "not", "having", "on", "when"})
_LOGICAL_END = frozenset({"and", "or", "then", "group", "order", "limit", "offset", "having", "union", "window", ""})
_WHOLE = {"limit": INT8, "offset": INT8}
#: The types of arguments by their places, where they do not go by another argument.
_ARGUMENTS = {
    "date_trunc": {0: TEXT, 1: TIMESTAMPTZ},
    "date_part": {0: TEXT, 1: TIMESTAMPTZ},
    "to_date": {0: TEXT, 1: TEXT},
    "to_timestamp": {0: TEXT, 1: TEXT},
    "to_char": {1: TEXT},
    "round": {1: INT4},
    "trunc": {1: INT4},
    **{name: {0: TEXT, 1: INT4} for name in ("left", "right", "repeat")},
    **{name: {0: TEXT, 1: INT4, 2: INT4} for name in ("substr", "substring")},
    **{name: {0: TEXT, 1: INT4, 2: TEXT} for name in ("lpad", "rpad")},
    "split_part": {0: TEXT, 1: TEXT, 2: INT4},
    "make_date": dict.fromkeys(range(3), INT4),
    "generate_series": dict.fromkeys(range(3), INT4),
}
#: Functions whose arguments have one type.
_ALIKE = frozenset({"coalesce", "nullif", "greatest", "least"})


def parameter_types(tokens: Sequence[Token], declared: Sequence[int], type_of: TypeOf) -> tuple[int, ...]:
    """Return a type for each parameter: the one that the client gave, or what its first fit place tells, or unknown."""
    places = Operands(significant(tuple(tokens)), type_of)
    types = list(declared)
    for at, token in enumerate(places.tokens):
        if (
            token.kind is Kind.PARAMETER
            and 0 < int(token.text[1:]) <= len(types)
            and not types[int(token.text[1:]) - 1]
        ):
            types[int(token.text[1:]) - 1] = _type_at(places, at) or 0
    return tuple(oid or UNKNOWN for oid in types)


def _type_at(places: Operands, at: int) -> int | None:
    """Return the type that the place of a parameter tells."""
    first = last = at
    if (cast := _cast(places, at)) is not None:
        return cast
    while places.text(first - 1) in ("-", "+") and not places.ends_operand(first - 2):
        first -= 1
    while places.text(first - 1) == "(" and places.text(last + 1) == ")" and not _is_call(places, first - 1):
        first, last = first - 1, last + 1
        if (cast := _cast(places, last)) is not None:
            return cast
    told = (each(places, first, last) for each in (_added, _beside, _within, _logical))
    return next((oid for oid in told if oid is not None), None)


def _cast(places: Operands, last: int) -> int | None:
    """Return the type to which what ends at `last` is cast."""
    if places.text(last + 1) == "::" or (places.word(last + 1) == "as" and _in_cast(places, last)):
        return starts_with_type(places.tokens, last + 2)[0] or TEXT
    return None


def _in_cast(places: Operands, at: int) -> bool:
    return places.text(at - 1) == "(" and places.word(at - 2) == "cast"


def _is_call(places: Operands, opening: int) -> bool:
    """Return whether an opening parenthesis begins the arguments of a function, or a list after IN or ANY."""
    name = places.tokens[opening - 1] if opening > 0 else None
    return name is not None and name.name is not None and name.word not in _LOGICAL | {"select", "between", "by"}


def _beside(places: Operands, first: int, last: int) -> int | None:
    """Return the type that an operator tells."""
    before, after = places.text(first - 1), places.text(last + 1)
    word, following = places.word(first - 1), places.word(last + 1)
    if word in _WHOLE or (word in ("first", "next") and places.word(first - 2) == "fetch"):
        return INT8
    if word in _LIKE or following in _LIKE or before in _TEXTUAL or after in _TEXTUAL:
        return TEXT
    if word == "zone" and places.word(first - 2) == "time":
        return TEXT
    if word == "from" and places.word(first - 2) == "distinct":
        end = first - (5 if places.word(first - 3) == "not" else 4)
        return places.sum_ending(end)
    if before in _COMPARISONS:
        return places.sum_ending(first - 2)
    if after in _COMPARISONS and places.word(last + 2) not in ("any", "all", "some"):
        return places.sum_starting(last + 2)
    if word == "between" or (word == "and" and _between(places, first - 1) is not None):
        between = first - 1 if word == "between" else _between(places, first - 1)
        return _left_of(places, between or 0)
    if following == "between":
        return places.sum_starting(last + 2)
    return None


def _added(places: Operands, first: int, last: int) -> int | None:
    """Return the type that an arithmetic operator tells: what PostgreSQL takes beside an operand of a known type."""
    if places.text(first - 1) in ARITHMETIC:
        operator, other = places.text(first - 1), places.ending(first - 2)
    elif places.text(last + 1) in ARITHMETIC:
        operator, other = places.text(last + 1), places.starting(last + 2)
    else:
        return None
    if operator == "+" and other in (DATE, TIMESTAMP, TIMESTAMPTZ):
        return INT4 if other == DATE else INTERVAL
    # An interval is added to anything.
    return None if other == INTERVAL else other


def _between(places: Operands, at: int) -> int | None:
    """Return where the BETWEEN is to which the AND at `at` belongs."""
    while at > 0:
        at -= 1
        if places.text(at) in (")", "]"):
            at = places.match.get(at, at)
        elif places.word(at) == "between":
            return at
        elif places.text(at) in ("(", "[") or places.word(at) in _LOGICAL | {"select", "then", "else"}:
            return None
    return None


def _left_of(places: Operands, keyword: int) -> int | None:
    """Return the type of the operand before BETWEEN or IN."""
    return places.sum_ending(keyword - (2 if places.word(keyword - 1) == "not" else 1))


def _within(places: Operands, first: int, last: int) -> int | None:
    """Return the type that a list after IN, an array, or the place among arguments tells."""
    opening = places.opening[first]
    if opening < 1:
        return None
    word, bracketed = places.word(opening - 1), places.text(opening) == "["
    if word == "in" and not bracketed:
        return _left_of(places, opening - 1)
    if word in ("any", "all", "some") and places.text(opening - 2) in _COMPARISONS:
        return array_of(places.sum_ending(opening - 3) or 0)
    if bracketed or places.tokens[opening - 1].name is None:
        return None
    return _argument(places, opening, first, last)


def _argument(places: Operands, opening: int, first: int, last: int) -> int | None:
    """Return the type of an argument of a function."""
    name, arguments = places.tokens[opening - 1].name or "", places.arguments(opening)
    number = next((n for n, (start, end) in enumerate(arguments) if start <= first <= last <= end), 0)
    start, end = arguments[number] if arguments else (first, last)
    named = places.tokens[start].name if places.text(start + 1) in (":=", "=>") else None
    if (start, end) != (first, last) and named is None:
        return None
    if name in views():
        return _view_argument(name, number, named)
    if name in _ALIKE:
        return next((oid for part in arguments if part != (first, last) and (oid := places.starting(*part))), None)
    return _ARGUMENTS.get(name, {}).get(number)


def _view_argument(view: str, number: int, named: str | None) -> int | None:
    for place, argument in enumerate(views()[view].arguments):
        if argument.name == named or (named is None and place == number):
            return TEXT if argument.type == "VARCHAR" else named_type(argument.type.lower())
    return None


def _logical(places: Operands, first: int, last: int) -> int | None:
    """Return bool for a parameter that is a condition."""
    following = places.word(last + 1) or places.text(last + 1)
    if places.text(first - 1) == "(":
        return BOOL if following in ("and", "or") and not _is_call(places, first - 1) else None
    ends = following in _LOGICAL_END or following in (")", ";")
    return BOOL if ends and places.word(first - 1) in _LOGICAL else None
