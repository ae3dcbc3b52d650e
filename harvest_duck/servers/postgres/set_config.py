"""`SELECT set_config('name', 'value', is_local)`, by which programs set what they have as an expression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.tokens import Kind, significant, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harvest_duck.servers.postgres.state import State
    from harvest_duck.servers.postgres.tokens import Token

__all__ = ["SetConfig", "setting_of"]

#: What stands around the three arguments.
_BEFORE = (("select", "set_config", "("), ("select", "pg_catalog", ".", "set_config", "("))
_TRUE, _FALSE = frozenset({"true", "t", "1", "on", "yes"}), frozenset({"false", "f", "0", "off", "no"})


@dataclass(frozen=True, slots=True)
class SetConfig:
    """The call of a function that sets a value."""

    name: str
    value: str | None
    local: bool

    def run(self, state: State) -> str:
        """Set the value, and return it as it is now; raises a Failure for one that cannot be."""
        if not self.local:
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
    found = list(_with_values(significant(tuple(written)), values))
    texts = tuple(token.word or token.text for token in found)
    for before in _BEFORE:
        if texts[: len(before)] == before and texts[len(before) + 1 :: 2] == (",", ",", ")"):
            return _call(*found[len(before) :: 2])
    return None


def _call(name: Token, value: Token, local: Token) -> SetConfig | None:
    """Return the call with these arguments, None where one is no constant."""
    flag = (local.value or local.text).lower()
    if name.value is None or flag not in _TRUE | _FALSE or (value.value is None and value.word != "null"):
        return None
    return SetConfig(name.value, value.value, flag in _TRUE)


def _with_values(written: Sequence[Token], values: Sequence[str]) -> Iterator[Token]:
    for token in written:
        number = int(token.text[1:]) if token.kind is Kind.PARAMETER else 0
        if 1 <= number <= len(values):
            yield from significant(tokens(values[number - 1]))
        else:
            yield token
