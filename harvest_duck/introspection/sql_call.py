"""The call of a function that the cursor stands in: its name, and which arguments it has already; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from harvest_duck.introspection.sql_scope import chain_before

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.introspection.sql_tokens import Token

__all__ = ["Call", "call_around"]

_NAMED = {":=", "=>"}


class Call(NamedTuple):
    """A call up to the cursor: the parts of its function's name, and its arguments, of which the last is unfinished.

    An argument is its tokens; `named` has the names of those that have one, in lower case.
    """

    function: tuple[str, ...]
    arguments: list[list[Token]]
    named: frozenset[str]

    @property
    def name(self) -> str:
        """The last part of the function's name, in lower case."""
        return self.function[-1].lower()

    @property
    def current(self) -> str | None:
        """The name that the last argument is given by, None where it has none."""
        return _name_of(self.arguments[-1])

    @property
    def positional(self) -> int:
        """The number of finished arguments without a name."""
        return sum(_name_of(argument) is None for argument in self.arguments[:-1])


def call_around(head: Sequence[Token], rest: Sequence[Token] = ()) -> Call | None:
    """Return the call whose parentheses the end of `head` is in, None where it is in none; `rest` is what follows."""
    at, depth = len(head) - 1, 0
    while at >= 0 and not (head[at].text == "(" and not depth):
        depth += (head[at].text == ")") - (head[at].text == "(")
        at -= 1
    function = chain_before(head, at) if at > 0 else ()
    if not function:
        return None
    arguments = _divided(head[at + 1 :])
    following = _divided(rest)[1:]
    named = {name.lower() for argument in (*arguments, *following) if (name := _name_of(argument))}
    return Call(function, arguments, frozenset(named))


def _divided(written: Sequence[Token]) -> list[list[Token]]:
    """Return what commas divide, up to the parenthesis that closes the call."""
    found: list[list[Token]] = [[]]
    depth = 0
    for token in written:
        if token.text in {"(", "[", "{"}:
            depth += 1
        elif token.text in {")", "]", "}"}:
            depth -= 1
            if depth < 0:
                break
        if token.text == "," and not depth:
            found.append([])
        else:
            found[-1].append(token)
    return found


def _name_of(argument: Sequence[Token]) -> str | None:
    return argument[0].name if len(argument) > 1 and argument[1].text in _NAMED else None
