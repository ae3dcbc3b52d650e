"""`set_config('name', 'value', is_local)`, by which programs set what they have as an expression.

The session sets the value, once the query has rows; DuckDB sees what the call returns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.sql.tokens import Kind, Token, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from harvest_duck.servers.postgres.session.portals import Source
    from harvest_duck.servers.postgres.session.state import State
    from harvest_duck.servers.postgres.values.types import ColumnType

__all__ = ["Call", "Setting", "calls_in", "with_results"]

_NAME = "set_config"
#: What stands between the three arguments, and around them.
_MARKS = ("(", ",", ",", ")")
_TRUE, _FALSE = frozenset({"true", "t", "1", "on", "yes"}), frozenset({"false", "f", "0", "off", "no"})


@dataclass(frozen=True, slots=True)
class Call:
    """A call in the tokens from `begin` to `end`, with its arguments as texts, None for NULL."""

    begin: int
    end: int
    name: str | None
    value: str | None
    local: str | None

    def result(self, state: State) -> str:
        """Return what it returns; raises a Failure for a value that cannot be set."""
        if self.name is None:
            return ""
        if (self.local or "f").lower() not in _TRUE | _FALSE:
            raise Failure("22P02", f'invalid input syntax for type boolean: "{self.local}"')
        return state.settings.shown_as(self.name, self.value)

    def run(self, state: State) -> None:
        """Set the value."""
        if self.name is None:
            raise Failure("22004", "SET requires parameter name")
        if (self.local or "f").lower() in _FALSE:
            state.transaction.set(self.name, self.value)
        elif state.transaction.status != "I":
            state.transaction.set_local(self.name, self.value)


class Setting:
    """The rows of a query with such calls, which run when the first row comes."""

    def __init__(self, source: Source, calls: Sequence[Call], state: State) -> None:
        self._source = source
        self._calls = tuple(calls)
        self._state = state

    @property
    def names(self) -> Sequence[str]:
        """The names of the columns."""
        return self._source.names

    @property
    def columns(self) -> Sequence[ColumnType]:
        """The types of the columns."""
        return self._source.columns

    def start(self, formats: Sequence[int], limit: int) -> None:
        """Run the query."""
        self._source.start(formats, limit)

    def next(self, limit: int) -> pa.RecordBatch | None:
        """Return the next batch, None at the end."""
        batch = self._source.next(limit)
        if batch is not None:
            calls, self._calls = self._calls, ()
            for call in calls:
                call.run(self._state)
        return batch

    def close(self) -> None:
        """End the query."""
        self._source.close()


def calls_in(written: Sequence[Token], values: Sequence[str]) -> list[Call]:
    """Return the calls whose arguments are constants; `values` are literals for the parameters."""
    if not any(token.word == _NAME for token in written):
        return []
    shown = [at for at, token in enumerate(written) if token.kind not in (Kind.SPACE, Kind.COMMENT)]
    found = []
    for place, at in enumerate(shown):
        inner = shown[place + 1 : place + 8]
        if written[at].word == _NAME and tuple(written[each].text for each in inner[::2]) == _MARKS:
            begin = shown[place - 2] if _has_schema(written, shown[:place]) else at
            arguments = (_text(written[each], values) for each in inner[1::2])
            found.append(Call(begin, inner[-1] + 1, *arguments))
    return found


def with_results(written: Sequence[Token], calls: Sequence[Call], state: State) -> tuple[Token, ...]:
    """Return the tokens of a query with what each call returns in the place of it."""
    made = list(written)
    for call in reversed(calls):
        text = call.result(state).replace("'", "''")
        made[call.begin : call.end] = [Token(Kind.STRING, f"'{text}'", written[call.begin].start)]
    return tuple(made)


def _has_schema(written: Sequence[Token], before: Sequence[int]) -> bool:
    return [written[each].word or written[each].text for each in before[-2:]] == ["pg_catalog", "."]


def _text(argument: Token, values: Sequence[str]) -> str | None:
    """Return what an argument is as a text, None for NULL."""
    number = int(argument.text[1:]) if argument.kind is Kind.PARAMETER else 0
    pieces = tokens(values[number - 1]) if 1 <= number <= len(values) else (argument,)
    text = next((piece.value for piece in pieces if piece.value is not None), None)
    if text is not None or any(piece.word == "null" for piece in pieces):
        return text
    return next((piece.text for piece in pieces if piece.kind is not Kind.SPACE), None)
