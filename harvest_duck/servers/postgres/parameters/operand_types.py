"""The types of simple operands in a client's SQL: columns, literals, casts, calls of functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.sql.tokens import Kind
from harvest_duck.servers.postgres.sql.type_names import starts_with_type
from harvest_duck.servers.postgres.values.types import (
    BOOL,
    DATE,
    FLOAT4,
    FLOAT8,
    INT2,
    INT4,
    INT8,
    INTERVAL,
    JSON,
    NUMERIC,
    TEXT,
    TIMESTAMP,
    TIMESTAMPTZ,
)

if TYPE_CHECKING:
    from harvest_duck.servers.postgres.sql.tokens import Token

__all__ = ["ARITHMETIC", "Operands", "TypeOf", "combined"]

TypeOf = Callable[[str], int | None]

#: What functions return that clients compare with parameters.
_RETURNED = {
    name: oid
    for oid, names in {
        TEXT: "lower upper trim btrim ltrim rtrim concat concat_ws replace substr substring left right lpad rpad "
        "to_char initcap format md5 reverse split_part string_agg monthname dayname strftime current_user "
        "current_schema",
        INT8: "count length char_length position strpos row_number rank dense_rank date_diff datediff year month day "
        "hour minute second quarter week dayofweek dow isodow doy",
        NUMERIC: "extract",
        FLOAT8: "date_part random sqrt",
        DATE: "to_date make_date last_day current_date",
        TIMESTAMPTZ: "now to_timestamp current_timestamp",
        TIMESTAMP: "localtimestamp make_timestamp",
        INTERVAL: "age make_interval",
        BOOL: "exists true false bool_and bool_or starts_with",
    }.items()
    for name in names.split()
}
#: Functions that have the type of their arguments, or of the one at a place.
_AS_ARGUMENTS = frozenset(
    {"coalesce", "nullif", "greatest", "least", "min", "max", "sum", "avg", "abs", "round", "floor", "ceil", "ceiling"}
)
_AS_ARGUMENT = {"date_trunc": 1}
#: What they make of some types, as in PostgreSQL.
_OTHERWISE: Mapping[str, Mapping[int | None, int]] = {
    "date_trunc": {DATE: TIMESTAMPTZ, None: TIMESTAMPTZ},
    "sum": {INT2: INT8, INT4: INT8, INT8: NUMERIC},
    "avg": {INT2: NUMERIC, INT4: NUMERIC, INT8: NUMERIC},
}
ARITHMETIC = frozenset({"+", "-", "*", "/", "%"})
_NUMBERS = (INT2, INT4, INT8, NUMERIC, FLOAT4, FLOAT8)
_MOMENTS = (DATE, TIMESTAMP, TIMESTAMPTZ)
#: Words after which a parenthesis begins a group.
_NO_FUNCTIONS = frozenset(
    {"and", "or", "not", "where", "having", "on", "in", "is", "between", "like", "ilike", "select", "then", "else"}
    | {"when", "case", "by", "from", "as", "limit", "offset", "all", "any", "some", "distinct", "using", "values"}
)
_OPENING, _CLOSING = {")": "(", "]": "["}, {"(": ")", "[": "]"}


class Operands:
    """The tokens of a statement without white space, and what is known of the operands in them."""

    def __init__(self, tokens: Sequence[Token], type_of: TypeOf) -> None:
        self.tokens = tokens
        self._type_of = type_of
        self.match, self.opening = _matched(tokens)

    def text(self, at: int) -> str:
        """Return the text of a token, nothing beyond the ends."""
        return self.tokens[at].text if 0 <= at < len(self.tokens) else ""

    def word(self, at: int) -> str | None:
        """Return the keyword that a token may be."""
        return self.tokens[at].word if 0 <= at < len(self.tokens) else None

    def start_of(self, end: int) -> int:
        """Return where the operand begins whose last token is at `end`."""
        at = end
        while at > 0:
            if self.text(at) in _OPENING:
                at = self.match.get(at, at)
                if not self._is_name(at - 1) or self.word(at - 1) in _NO_FUNCTIONS:
                    return at if self.text(at) == "(" else self.start_of(at - 1)
                at -= 1
            elif self.text(at - 1) in (".", "::"):
                at -= 2
            else:
                break
        if at > 0 and self.tokens[at].kind is Kind.STRING and self.word(at - 1) not in (None, *_NO_FUNCTIONS):
            # The name of its type, as in DATE '2026-01-01'.
            at -= 1
        return max(at, 0)

    def ends_operand(self, at: int) -> bool:
        """Return whether an operand ends at `at`, so that a sign after it has two operands."""
        if self.text(at) in _OPENING:
            return True
        token = self.tokens[at] if 0 <= at < len(self.tokens) else None
        return token is not None and (
            token.kind in (Kind.NUMBER, Kind.STRING, Kind.PARAMETER, Kind.QUOTED)
            or (token.word is not None and token.word not in _NO_FUNCTIONS)
        )

    def ending(self, end: int) -> int | None:
        """Return the type of the operand whose last token is at `end`, None where it is not known."""
        return self.starting(self.start_of(end), end) if end >= 0 else None

    def sum_ending(self, end: int) -> int | None:
        """Return the type of operands with signs of arithmetic between them, the last of which ends at `end`."""
        found, start = self.ending(end), self.start_of(end)
        while self.text(start - 1) in ARITHMETIC and self.ends_operand(start - 2):
            found = combined(self.ending(start - 2), self.text(start - 1), found)
            start = self.start_of(start - 2)
        return found

    def sum_starting(self, start: int) -> int | None:
        """Return the type of operands with signs of arithmetic between them, the first of which begins at `start`."""
        found, end = self._operand(start)
        while self.text(end) in ARITHMETIC:
            other, after = self._operand(end + 1)
            found, end = combined(found, self.text(end), other), after
        return found

    def _operand(self, start: int) -> tuple[int | None, int]:
        """Return the type of the operand that begins at `start`, and where it ends."""
        if start >= len(self.tokens):
            return None, start
        found, at = self._first(start)
        while self.text(at) == "::":
            found, at = starts_with_type(self.tokens, at + 1)
        return found, max(at, start + 1)

    def starting(self, start: int, end: int | None = None) -> int | None:
        """Return the type of the operand that begins at `start`; at `end` is its last token, None for any."""
        last = len(self.tokens) if end is None else end + 1
        if start >= last:
            return None
        found, at = self._first(start)
        while at < last and self.text(at) == "::":
            found, at = starts_with_type(self.tokens, at + 1)
        return found if end is None or at == last else None

    def _first(self, at: int) -> tuple[int | None, int]:
        """Return the type of what begins at `at`, before its casts, and where that ends."""
        token = self.tokens[at]
        if token.kind is Kind.NUMBER:
            return (INT4 if token.text.isdigit() and int(token.text) < 1 << 31 else NUMERIC), at + 1
        if token.kind is Kind.STRING:
            # It becomes what it has to be, as a parameter does.
            return None, at + 1
        if token.text == "(":
            closing = self.match.get(at, at)
            return self.starting(at + 1, closing - 1), closing + 1
        if not self._is_name(at):
            return None, at + 1
        return self._named(at)

    def _named(self, at: int) -> tuple[int | None, int]:
        """Return the type of a column, a call, or a literal after the name of its type."""
        if self.word(at) == "cast" and self.text(at + 1) == "(":
            closing = self.match.get(at + 1, at + 1)
            marks = [n for n in range(at, closing) if self.word(n) == "as"]
            return (starts_with_type(self.tokens, marks[-1] + 1)[0] if marks else None), closing + 1
        if at + 1 < len(self.tokens) and self.tokens[at + 1].kind is Kind.STRING:
            return starts_with_type(self.tokens, at)[0], at + 2
        while self.text(at + 1) == "." and self._is_name(at + 2):
            at += 2
        if self.text(at + 1) == "(":
            return self._called(at), self.match.get(at + 1, at + 1) + 1
        return (self._column(at) or _RETURNED.get(self.tokens[at].word or "")), at + 1

    def _column(self, at: int) -> int | None:
        found = self._type_of(self.tokens[at].name or "")
        # A list of Harvest's is json for clients, and nothing is compared with it.
        return None if found == JSON else found

    def _called(self, at: int) -> int | None:
        """Return the type that a function returns, whose name is at `at`."""
        name = self.tokens[at].name or ""
        if name not in _AS_ARGUMENTS and name not in _AS_ARGUMENT:
            return _RETURNED.get(name)
        given = self.arguments(at + 1)[_AS_ARGUMENT.get(name, 0) :]
        found = next((oid for first, last in given if (oid := self.starting(first, last)) is not None), None)
        return _OTHERWISE.get(name, {}).get(found, found)

    def arguments(self, opening: int) -> list[tuple[int, int]]:
        """Return where each argument between parentheses begins and ends."""
        closing = self.match.get(opening, opening)
        parts, first, at = [], opening + 1, opening + 1
        while at < closing:
            if self.text(at) == ",":
                parts.append((first, at - 1))
                first = at + 1
            at = self.match.get(at, at) + 1 if self.text(at) in _CLOSING else at + 1
        return [*parts, (first, closing - 1)] if closing > opening + 1 else []

    def _is_name(self, at: int) -> bool:
        return 0 <= at < len(self.tokens) and self.tokens[at].name is not None


def combined(left: int | None, operator: str, right: int | None) -> int | None:
    """Return the type of two operands with a sign of arithmetic between them; an unknown one may be any number."""
    if left is None or right is None:
        other = right if left is None else left
        return NUMERIC if other in _NUMBERS else other
    if left in _NUMBERS and right in _NUMBERS:
        widest = max(left, right, key=_NUMBERS.index)
        # DuckDB divides whole numbers as PostgreSQL divides others.
        return FLOAT8 if operator == "/" else widest
    if left in _MOMENTS and right in _MOMENTS:
        return INT4 if left == right == DATE else INTERVAL
    if INTERVAL in (left, right):
        other = right if left == INTERVAL else left
        return TIMESTAMP if other == DATE else INTERVAL if other in _NUMBERS else other
    return left if left in _MOMENTS else right


def _matched(tokens: Sequence[Token]) -> tuple[dict[int, int], list[int]]:
    """Return the place of the other one of each pair of brackets; and for each token, where those around it open."""
    match: dict[int, int] = {}
    opened: list[int] = []
    around: list[int] = []
    for at, token in enumerate(tokens):
        if token.text in _OPENING and opened and tokens[opened[-1]].text == _OPENING[token.text]:
            other = opened.pop()
            match[at], match[other] = other, at
        around.append(opened[-1] if opened else -1)
        if token.text in _CLOSING:
            opened.append(at)
    return match, around
