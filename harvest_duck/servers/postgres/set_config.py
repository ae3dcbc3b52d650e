"""`SELECT set_config('name', 'value', is_local)`, by which programs set what they have as an expression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.tokens import Kind, significant, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.servers.postgres.state import State
    from harvest_duck.servers.postgres.tokens import Token

__all__ = ["SetConfig", "setting_of"]

#: What stands around the three arguments.
_BEFORE = (("select", "set_config", "("), ("select", "pg_catalog", ".", "set_config", "("))
_TRUE, _FALSE = frozenset({"true", "t", "1", "on", "yes"}), frozenset({"false", "f", "0", "off", "no"})


@dataclass(frozen=True, slots=True)
class SetConfig:
    """The call of a function that sets a value."""

    name: str | None
    value: str | None
    local: str | None

    def run(self, state: State) -> str:
        """Set the value, and return it as it is now; raises a Failure for one that cannot be."""
        if self.name is None:
            raise Failure("22004", "SET requires parameter name")
        local = (self.local or "f").lower()
        if local not in _TRUE | _FALSE:
            raise Failure("22P02", f'invalid input syntax for type boolean: "{local}"')
        if local in _FALSE:
            state.settings.set(self.name, self.value)
        elif state.transaction.status != "I":
            state.transaction.set_local(self.name, self.value)
        else:
            state.settings.check(self.name, self.value)
        return state.settings.shown(self.name)


def setting_of(written: Sequence[Token], values: Sequence[str]) -> SetConfig | None:
    """Return the call that a query is, None where it is another query. `values` are literals for its parameters."""
    if not any(token.word == "set_config" for token in written):
        return None
    found = significant(tuple(written))
    texts = tuple(token.word or token.text for token in found)
    for before in _BEFORE:
        if texts[: len(before)] == before and texts[len(before) + 1 :: 2] == (",", ",", ")"):
            return SetConfig(*(_text(token, values) for token in found[len(before) :: 2]))
    return None


def _text(argument: Token, values: Sequence[str]) -> str | None:
    """Return what an argument is as a text, None for NULL."""
    number = int(argument.text[1:]) if argument.kind is Kind.PARAMETER else 0
    pieces = tokens(values[number - 1]) if 1 <= number <= len(values) else (argument,)
    text = next((piece.value for piece in pieces if piece.value is not None), None)
    if text is not None or any(piece.word == "null" for piece in pieces):
        return text
    return next((piece.text for piece in pieces if piece.kind is not Kind.SPACE), None)
