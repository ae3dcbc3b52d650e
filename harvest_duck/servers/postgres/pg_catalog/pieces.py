"""The tokens of a statement as pieces whose text may be changed, each of which knows where the client wrote it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.sql.tokens import Kind, folded, standard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.servers.postgres.sql.tokens import Token

__all__ = ["Piece", "Pieces"]

#: Words before a parenthesis that call no function.
_NO_CALLS = frozenset(
    """all and any as between by case cross distinct else end except exists filter from full group having in inner
    intersect is join lateral left like ilike limit natural not offset on or order outer over partition returning
    right select set some then union using values when where window with within""".split()  # noqa: SIM905 - a list of words is read as one
)
#: Words that end an expression to their left, so that a name after them begins one.
_CLAUSES = {
    "select": "select",
    "from": "from",
    "join": "from",
    "on": "on",
    "where": "where",
    "group": "group",
    "having": "having",
    "order": "order",
    "limit": "limit",
    "offset": "limit",
    "window": "window",
    "union": "",
    "except": "",
    "intersect": "",
}
#: No client writes more casts, names and subscripts after one another.
_MOST_PARTS = 1000
_QUERIES = frozenset({"select", "with", "values", "table"})
_TWO_WORDS = {"precision": "double", "varying": "character", "zone": "time"}


@dataclass(slots=True)
class Piece:
    """A token that means something, the text that DuckDB gets for it, and what stands before it."""

    kind: Kind
    text: str
    start: int
    name: str | None
    word: str | None
    value: str | None
    gap: str = ""
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)


class Pieces:
    """The pieces of one statement, with their parentheses and clauses."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.all: list[Piece] = []
        self.tail = self._read(tokens)
        self.match: dict[int, int] = {}
        self.clause: list[str | None] = []
        #: The index of the parenthesis around each piece.
        self.around: list[int | None] = []
        self._nest()

    def __len__(self) -> int:
        return len(self.all)

    def __getitem__(self, index: int) -> Piece:
        return self.all[index]

    def text(self, index: int) -> str:
        """The text of a piece as it is now; empty outside the statement."""
        return self.all[index].text if 0 <= index < len(self.all) else ""

    def word(self, index: int) -> str | None:
        """The keyword that a piece may be; None outside the statement."""
        return self.all[index].word if 0 <= index < len(self.all) else None

    def name(self, index: int) -> str | None:
        """What a piece names; None outside the statement."""
        return self.all[index].name if 0 <= index < len(self.all) else None

    def value(self, index: int) -> str | None:
        """What a string means; None outside the statement and for what is no string."""
        return self.all[index].value if 0 <= index < len(self.all) else None

    def called(self, index: int) -> bool:
        """Whether a name is that of a function which is called."""
        return self.text(index + 1) == "(" and self.name(index) is not None and self.word(index) not in _NO_CALLS

    def wrap(self, first: int, last: int, before: str, after: str) -> None:
        """Put text around the pieces from `first` to `last`."""
        self.all[first].before.insert(0, before)
        self.all[last].after.append(after)

    def drop(self, first: int, last: int) -> None:
        """Leave out the pieces from `first` to `last`."""
        for piece in self.all[first : last + 1]:
            piece.text = ""

    def start_of(self, last: int) -> int:
        """Return where the primary expression begins that ends with the piece `last`.

        Raises Failure for one of too many parts.
        """
        at, more = last, True
        for _ in range(_MOST_PARTS):
            at, more = self._part_before(at)
            if not more:
                return at
        raise Failure("54001", "an expression has too many parts", position=self.all[last].start + 1)

    def _part_before(self, last: int) -> tuple[int, bool]:
        """Where the part of an expression begins that ends with `last`, or the end of the part before it, if any."""
        at = last
        if self.text(at) in {")", "]"} and at in self.match:
            at, more = self._before_bracket(self.match[at])
            if more:
                return at, True
        elif self.word(at) == "end":
            at = self._case_of(at)
        elif self.word(at) in _TWO_WORDS and self.word(at - 1) == _TWO_WORDS[self.word(at) or ""]:
            return at - 1, True
        if self.text(at - 1) in {"::", "."} and at >= 2:  # noqa: PLR2004 - something stands before it
            return at - 2, True
        if self.all[at].kind is Kind.STRING and self.name(at - 1) is not None and self._is_type(at - 1):
            return at - 1, False
        return at, False

    def end_of(self, first: int) -> int:
        """Return where the primary expression ends that begins with the piece `first`, its casts among it."""
        at = first
        while self.text(at) in {"-", "+"} and at + 1 < len(self):
            at += 1
        if self.text(at) in {"(", "["}:
            at = self.match.get(at, at)
        elif self.word(at) == "case":
            at = self._end_of_case(at)
        elif self.name(at) is not None and at + 1 < len(self) and self.all[at + 1].kind is Kind.STRING:
            at += 1
        while at + 1 < len(self):
            following = self.text(at + 1)
            if following in {"(", "["} and (self.name(at) is not None or following == "["):
                at = self.match.get(at + 1, at + 1)
            elif following in {".", "::"} and at + 2 < len(self):
                at += 2
            else:
                break
        return at

    def written(self) -> tuple[str, list[tuple[int, int]]]:
        """Return the text for DuckDB, and pairs of an offset in it and the offset of the client's text there."""
        parts: list[str] = []
        places: list[tuple[int, int]] = []
        size = 0
        for piece in self.all:
            for part in (piece.gap, *piece.before):
                parts.append(part)
                size += len(part)
            places.append((size, piece.start))
            for part in (piece.text, *piece.after):
                parts.append(part)
                size += len(part)
        parts.append(self.tail)
        return "".join(parts), places

    def _read(self, tokens: Sequence[Token]) -> str:
        gap = ""
        for token in tokens:
            if token.kind is Kind.SPACE:
                gap += token.text
            elif token.kind is Kind.COMMENT:
                # DuckDB reads nested comments by rules of its own.
                gap += " "
            else:
                text = folded(token.text) if token.kind is Kind.NAME else standard(token)
                piece = Piece(token.kind, text, token.start, token.name, token.word, token.value, gap)
                self.all.append(piece)
                gap = ""
        return gap

    def _nest(self) -> None:
        opened: list[int] = []
        groups: list[str | None] = [""]
        for index, piece in enumerate(self.all):
            self.around.append(opened[-1] if opened else None)
            if piece.text in {"(", "["}:
                self.clause.append(groups[-1])
                groups.append(self._opened(index, groups[-1]))
                opened.append(index)
            elif piece.text in {")", "]"} and opened:
                start = opened.pop()
                groups.pop()
                self.around[-1] = opened[-1] if opened else None
                self.match[start], self.match[index] = index, start
                self.clause.append(groups[-1])
            else:
                if groups[-1] is not None and piece.word in _CLAUSES and self.word(index - 1) != "distinct":
                    groups[-1] = _CLAUSES[piece.word or ""]
                self.clause.append(groups[-1])

    def _opened(self, index: int, clause: str | None) -> str | None:
        """The clause inside a parenthesis: None for one that is part of an expression."""
        if self.word(index + 1) in _QUERIES:
            return ""
        if clause == "from" and not self.called(index - 1) and self.text(index - 1) != "]":
            return "from" if self.word(index - 1) in {"from", "join", "lateral", None} else None
        return None

    def _before_bracket(self, opening: int) -> tuple[int, bool]:
        """Where an expression begins whose bracket opens at `opening`, or the end of what the bracket belongs to."""
        before = opening - 1
        word = self.word(before)
        if word in {"over", "filter"}:
            return before - 1, True
        if self.text(opening) == "(":
            return (before, True) if before >= 0 and self.called(before) else (opening, False)
        if word == "array":
            return before, False
        subscripted = before >= 0 and (self.name(before) is not None or self.text(before) in {")", "]"})
        return (before, True) if subscripted and word not in _NO_CALLS else (opening, False)

    def _case_of(self, end: int) -> int:
        depth = 0
        for at in range(end, -1, -1):
            depth += {"end": 1, "case": -1}.get(self.word(at) or "", 0)
            if not depth:
                return at
        return end

    def _end_of_case(self, case: int) -> int:
        depth = 0
        for at in range(case, len(self)):
            depth += {"case": 1, "end": -1}.get(self.word(at) or "", 0)
            if not depth:
                return at
        return case

    def _is_type(self, index: int) -> bool:
        return self.word(index) in {
            "date",
            "time",
            "timestamp",
            "timestamptz",
            "interval",
            "regclass",
            "regtype",
            "name",
            "text",
            "oid",
        }
