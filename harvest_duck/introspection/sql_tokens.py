"""The tokens of SQL that somebody is still writing: whatever is not finished is the last one; pure.

DuckDB's own tokenizer tells where its tokens begin, and neither where a text ends nor whether it has an end (1.4 to
2.0). Nothing that must be right rests on these tokens: they are for what is offered while somebody types.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import NamedTuple

__all__ = ["Kind", "Token", "last_statement", "tokens"]


class Kind(Enum):
    """What a token is."""

    COMMENT = auto()
    STRING = auto()
    QUOTED = auto()
    """A name in quotes."""
    WORD = auto()
    """A name without quotes, or a keyword."""
    NUMBER = auto()
    SIGN = auto()


class Token(NamedTuple):
    """A piece of SQL; `finished` is False for a text, a name or a comment that the SQL ends in."""

    kind: Kind
    text: str
    finished: bool = True

    @property
    def word(self) -> str:
        """The keyword that it may be, in lower case; empty for what is no word."""
        return self.text.lower() if self.kind is Kind.WORD else ""

    @property
    def name(self) -> str | None:
        """The name that it is, without its quotes; None for what is no name."""
        if self.kind is Kind.WORD:
            return self.text
        return _unquoted(self, '"') if self.kind is Kind.QUOTED else None

    @property
    def value(self) -> str | None:
        """The text that a string in single quotes means, None for what is none."""
        return _unquoted(self, "'") if self.kind is Kind.STRING and self.text.startswith("'") else None


_TOKEN = re.compile(
    r"""
    \s+
    |(?P<COMMENT>--[^\n]*+(?P<line_end>\n?+)|/\*)
    |(?P<STRING>
        [eE]'(?:[^'\\]|''|\\[\s\S])*+(?P<escaped_end>'?+)
        |'(?:[^']|'')*+(?P<text_end>'?+)
        |(?P<tag>\$(?:[^\W\d]\w*)?\$)(?:(?!(?P=tag))[\s\S])*+(?P<tag_end>(?:(?P=tag))?+)
    )
    |(?P<QUOTED>"(?:[^"]|"")*+(?P<name_end>"?+))
    |(?P<WORD>[^\W\d][\w$]*+)
    |(?P<NUMBER>\d[\w]*+(?:\.\d\w*+)?+)
    |(?P<SIGN>::|:=|\$\w+|[\s\S])
    """,
    re.VERBOSE,
)
_ENDS = ("line_end", "escaped_end", "text_end", "tag_end", "name_end")
_COMMENT_EDGE = re.compile(r"/\*|\*/")


def tokens(sql: str) -> list[Token]:
    """Return the tokens of a text, without white space and with comments."""
    found, at = [], 0
    while at < len(sql) and (match := _TOKEN.match(sql, at)):
        begin, at = at, match.end()
        if match[0] == "/*":
            at, finished = _end_of_comment(sql, at)
            found.append(Token(Kind.COMMENT, sql[begin:at], finished))
        elif match.lastgroup:
            kind = next(kind for kind in Kind if match[kind.name] is not None)
            found.append(Token(kind, match[0], all(match[end] != "" for end in _ENDS)))
    return found


def _end_of_comment(sql: str, at: int) -> tuple[int, bool]:
    """Return where a comment ends that began before, and whether it does; comments may hold others."""
    depth = 1
    for edge in _COMMENT_EDGE.finditer(sql, at):
        depth += 1 if edge[0] == "/*" else -1
        if not depth:
            return edge.end(), True
    return len(sql), False


def last_statement(written: list[Token]) -> list[Token]:
    """Return the tokens behind the last semicolon."""
    ends = [at for at, token in enumerate(written, 1) if token.text == ";"]
    return written[ends[-1] :] if ends else written


def _unquoted(token: Token, quote: str) -> str:
    inner = token.text[1:-1] if token.finished else token.text[1:]
    return inner.replace(quote * 2, quote)
