"""What SQL may go on with where the cursor stands: names, arguments, functions, keywords; pure.

Completions are guesses about what somebody means: the tokens before the cursor say what may stand there, those behind
it which tables are read. What cannot be told is not offered.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from harvest_duck.introspection.sql_call import call_around
from harvest_duck.introspection.sql_names import Completion
from harvest_duck.introspection.sql_scope import READ_BEHIND, chain_before, common_tables, scope
from harvest_duck.introspection.sql_texts import within_quotes
from harvest_duck.introspection.sql_tokens import Kind, last_statement, tokens
from harvest_duck.pushdown.sql import identifier
from harvest_duck.text import shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harvest_duck.introspection.sql_call import Call
    from harvest_duck.introspection.sql_names import Names, Relation, Term
    from harvest_duck.introspection.sql_tokens import Token

__all__ = ["complete"]

#: What a statement mostly begins with.
_FIRST = ("FROM", "SELECT", "WITH", "DESCRIBE", "SUMMARIZE", "CREATE", "INSERT", "COPY", "SET", "ATTACH", "EXPLAIN")
#: Where the part of a statement begins that its words are of.
_CLAUSES = READ_BEHIND | {
    "select",
    "where",
    "group",
    "order",
    "having",
    "qualify",
    "on",
    "using",
    "set",
    "values",
    "by",
}
#: Arguments whose value stands in quotes.
_IN_QUOTES = {"tbl", "report"}
#: What an expression may follow, beside reserved keywords and signs.
_BEFORE_OPERANDS = _CLAUSES | {"between", "distinct", "filter"}
#: Functions that need no parentheses.
_BARE = {"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"}
#: What a list shows of a function with many arguments.
_LONGEST = 60
_WORD = re.compile(r"\w")
_REST_OF_WORD = re.compile(r'[\w$]*"?')
_DOLLARS = re.compile(r"\$\w*\$")


class _Place(NamedTuple):
    """Where the cursor stands: the statement before what is typed, what is typed, and the statement behind it."""

    head: list[Token]
    typed: str
    rest: list[Token]
    names: Names

    @property
    def prefix(self) -> str:
        """What is typed of a name, without the quote that begins it, in lower case."""
        return (self.typed[1:].replace('""', '"') if self.is_quoted else self.typed).lower()

    @property
    def is_quoted(self) -> bool:
        return self.typed.startswith('"')

    def name(self, name: str) -> str:
        """Return how a name is written here."""
        return identifier(name) if self.is_quoted else self.names.written(name)

    def matching(self, offered: Iterable[tuple[str, str, str, str]]) -> Iterator[Completion]:
        """Yield those whose names begin with what is typed, of names, texts, displays and meanings."""
        for name, text, display, meaning in offered:
            if name.lower().startswith(self.prefix):
                yield Completion(text, len(self.typed), display, meaning)


def complete(before: str, after: str, names: Names) -> list[Completion]:
    """Return what may stand at the cursor, the likeliest first; `before` and `after` are the text around it."""
    written = last_statement(tokens(before))
    last = written[-1] if written else None
    if last is not None and not last.finished and last.kind is not Kind.QUOTED:
        if last.kind is Kind.STRING and (begin := _DOLLARS.match(last.text)):
            # SQL within SQL, as harvest_explain takes it.
            return complete(last.text[begin.end() :], after.partition(begin[0])[0], names)
        found = _in_string(written[:-1], last, names)
    elif last is not None and not before[-1].isspace() and not _may_follow(last):
        return []
    else:
        typed = "" if last is None or last.name is None or (before[-1].isspace() and last.finished) else last.text
        head = [token for token in (written[:-1] if typed else written) if token.kind is not Kind.COMMENT]
        behind = tokens(after[_REST_OF_WORD.match(after).end() if typed else 0 :])  # type: ignore[union-attr]
        found = [*_at(_Place(head, typed, _until_semicolon(behind), names))]
    first: dict[str, Completion] = {}
    for each in found:
        first.setdefault(each.text.lower(), _joined(each, after))
    return [*first.values()]


def _may_follow(last: Token) -> bool:
    """Whether something may stand right behind a token."""
    match last.kind:
        case Kind.WORD:
            return True
        case Kind.QUOTED:
            return not last.finished
        case Kind.SIGN:
            return not last.text.startswith("$")
    return False


def _until_semicolon(behind: list[Token]) -> list[Token]:
    ends = [at for at, token in enumerate(behind) if token.text == ";"]
    return behind[: ends[0]] if ends else behind


def _joined(found: Completion, after: str) -> Completion:
    """Return a completion without its end where that stands behind the cursor already, as the rest of the word."""
    for length in range(len(found.text), 0, -1):
        end, following = found.text[-length:], after[length : length + 1]
        is_whole = not (_WORD.fullmatch(end[-1]) and _WORD.fullmatch(following))
        if after.startswith(end) and is_whole and (found.replaced or not _WORD.match(end)):
            return replace(found, text=found.text[:-length])
    return found


def _in_string(head: Sequence[Token], last: Token, names: Names) -> list[Completion]:
    if last.value is None:
        return []
    return within_quotes(last.text[1:], call_around(head), names.connections)


def _at(place: _Place) -> Iterator[Completion]:
    """Yield what may stand at a place outside of quotes."""
    head = place.head
    if not head:
        yield from place.matching((word, word, word, "") for word in _first_words(place))
    elif head[-1].text == ".":
        chain = chain_before(head, len(head) - 1)
        if chain:
            yield from _behind_dot(place, chain)
    elif _is_read(head):
        yield from _relations(place)
    else:
        call = call_around(head, place.rest)
        called = place.names.relation(call.function) if call else None
        if call is not None and called is not None:
            # No argument of a relation comes out of a row.
            yield from _arguments(place, call, called)
        elif _is_operand(head[-1], place.names):
            yield from _columns(place)
        yield from _words(place)


def _is_operand(before: Token, names: Names) -> bool:
    """Whether an expression may begin behind a token; an alias or a keyword follows another one."""
    if before.kind is Kind.SIGN:
        return before.text not in {")", "]", "}"}
    return before.word in names.reserved or before.word in _BEFORE_OPERANDS


def _is_read(head: Sequence[Token]) -> bool:
    """Whether the name of a relation may follow."""
    if not head or head[-1].text != ",":
        return bool(head) and head[-1].word in READ_BEHIND
    depth = 0
    for token in reversed(head):
        depth += (token.text == ")") - (token.text == "(")
        if depth < 0:
            return False
        if not depth and token.word in _CLAUSES:
            return token.word == "from"
    return False


def _behind_dot(place: _Place, chain: tuple[str, ...]) -> Iterator[Completion]:
    start = len(place.head) - 2 * len(chain)
    if not _is_read(place.head[:start]):
        read = _scope(place)
        for name, relation in read.items():
            if len(chain) == 1 and name.lower() == chain[0].lower() and relation.columns:
                yield from _columns_of(place, [relation])
                return
    if len(chain) == 1:
        schemas = place.names.schemas_of(chain[0])
        yield from place.matching((name, f"{place.name(name)}.", f"{name}.", "schema") for name in schemas)
    yield from _readable(place, place.names.within(chain).values())
    whole = place.names.relation(chain)
    if whole is not None:
        yield from _columns_of(place, [whole])


def _relations(place: _Place) -> Iterator[Completion]:
    """Yield what may stand behind FROM, from what the statement itself names to what DuckDB has everywhere."""
    names = place.names
    statement = [*place.head, *place.rest]
    yield from place.matching((name, place.name(name), name, "WITH") for name in common_tables(statement))
    yield from place.matching((name, f"{place.name(name)}.", f"{name}.", "schema") for name in names.qualifiers())
    yield from _readable(place, names.within(()).values())
    if place.typed and not place.is_quoted:
        yield from place.matching(map(_function, names.table_functions))


def _readable(place: _Place, relations: Iterable[Relation]) -> Iterator[Completion]:
    """Yield tables, and then what has arguments."""
    for relation in sorted(relations, key=lambda each: (each.arguments is not None, each.name)):
        end = ""
        if relation.arguments is not None:
            first = relation.arguments[0].name if relation.arguments else None
            end = "()" if first is None else "('" if first in _IN_QUOTES else "("
        offered = (relation.name, place.name(relation.name) + end, relation.signature, relation.meaning)
        yield from place.matching([offered])


def _arguments(place: _Place, call: Call, relation: Relation) -> Iterator[Completion]:
    """Yield the arguments that a call does not have yet, where one may begin."""
    if call.arguments[-1] or place.is_quoted:
        return
    for each in (relation.arguments or ())[call.positional :]:
        if each.name.lower() not in call.named:
            yield from place.matching([(each.name, f"{each.name} := ", f"{each.name} :=", each.explained)])


def _scope(place: _Place) -> dict[str, Relation]:
    return scope([*place.head, *place.rest], place.names)


def _columns(place: _Place) -> Iterator[Completion]:
    """Yield the columns of what the statement reads, and the names by which these can be told apart."""
    read = _scope(place)
    yield from _columns_of(place, read.values())
    yield from place.matching(
        (name, f"{place.name(name)}.", f"{name}.", relation.name) for name, relation in read.items() if relation.columns
    )


def _columns_of(place: _Place, relations: Iterable[Relation]) -> Iterator[Completion]:
    columns = {column.name: column for relation in relations for column in relation.columns}
    yield from place.matching((name, place.name(name), name, each.explained) for name, each in columns.items())


def _words(place: _Place) -> Iterator[Completion]:
    """Yield functions and keywords that begin with what is typed."""
    if place.typed and not place.is_quoted:
        names = place.names
        yield from place.matching(map(_function, names.functions))
        words = [_cased(word, place.typed) for word in names.keywords]
        yield from place.matching((word, word, word, "") for word in words)


def _function(term: Term) -> tuple[str, str, str, str]:
    text = term.name if term.name in _BARE else f"{term.name}("
    return term.name, text, shortened(term.type, _LONGEST), term.meaning


def _first_words(place: _Place) -> list[str]:
    """Return the words that a statement may begin with; before anything is typed, those that it mostly begins with."""
    if not place.typed:
        return [*_FIRST]
    words = dict.fromkeys([*_FIRST, *map(str.upper, place.names.keywords)])
    return [_cased(word, place.typed) for word in words]


def _cased(word: str, typed: str) -> str:
    return word.lower() if typed.islower() else word.upper()
