"""The tokens of a client's SQL, by the rules of PostgreSQL 15's chapter "Lexical Structure".

`standard_conforming_strings` is on, as it is by default. Tokens lose nothing: joined they are the SQL again. DuckDB
reads what a client wrote by rules of its own, so nothing that must be safe may rest on these tokens alone: the gate
looks at DuckDB's parse tree.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from string import ascii_uppercase
from sys import maxunicode
from typing import NamedTuple

from harvest_duck.servers.postgres.failure import Failure

__all__ = ["Kind", "Token", "folded", "quoted", "significant", "standard", "tokens"]


class Kind(Enum):
    """What a token is."""

    SPACE = auto()
    COMMENT = auto()
    NAME = auto()
    """A keyword or a name without quotes."""
    QUOTED = auto()
    """A name in quotes, also U&"…" with its UESCAPE."""
    STRING = auto()
    """A string of any kind, with its prefix, its continuation on other lines and its UESCAPE."""
    NUMBER = auto()
    PARAMETER = auto()
    OPERATOR = auto()
    PUNCTUATION = auto()


class Token(NamedTuple):
    """A piece of SQL and where it begins, counted in characters from 0."""

    kind: Kind
    text: str
    start: int

    @property
    def name(self) -> str | None:
        """The name that it means: folded, or without its quotes; None for what is no name."""
        if self.kind is Kind.NAME:
            return folded(self.text)
        if self.kind is Kind.QUOTED:
            return _quoted_name(self)
        return None

    @property
    def word(self) -> str | None:
        """The keyword that it may be: in lower case, None for what is no name or is in quotes."""
        return folded(self.text) if self.kind is Kind.NAME else None

    @property
    def value(self) -> str | None:
        """The text that a string means, the digits of a bit string, None for what is no string."""
        return _string_value(self) if self.kind is Kind.STRING else None

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)


_LETTER = r"[A-Za-z_\x80-\U0010ffff]"
_NAME = rf"{_LETTER}[A-Za-z0-9_$\x80-\U0010ffff]*"
# Strings go on after white space that has a line end in it.
_ON = r"(?:[ \t\f]|--[^\r\n]*+)*+[\r\n](?:[ \t\f\r\n]|--[^\r\n]*+[\r\n])*+"
_PLAIN = r"'(?:[^']++|'')*+'"
_ESCAPED = r"'(?:[^'\\]++|''|\\[\s\S])*+'"
_NAMED = r'"(?:[^"]++|"")*+"'
_UESCAPE = r"(?:[ \t\f\r\n]*[uU][eE][sS][cC][aA][pP][eE][ \t\f\r\n]*'[^']')?"
_TOKEN = re.compile(
    rf"""
    (?P<SPACE>[ \t\n\r\f\v]+)
    |(?P<COMMENT>--[^\r\n]*)
    |(?P<STRING>
        [eE]{_ESCAPED}(?:{_ON}{_ESCAPED})*
        |[uU]&{_PLAIN}(?:{_ON}{_PLAIN})*{_UESCAPE}
        |[bBxXnN]?{_PLAIN}(?:{_ON}{_PLAIN})*
        |\$(?P<tag>(?:{_LETTER}[A-Za-z0-9_\x80-\U0010ffff]*)?)\$[\s\S]*?\$(?P=tag)\$
    )
    |(?P<QUOTED>[uU]&{_NAMED}{_UESCAPE}|{_NAMED})
    |(?P<UNFINISHED>/\*|(?:[eEbBxXnN]|[uU]&)?'|(?:[uU]&)?"|\$(?:{_LETTER}[A-Za-z0-9_\x80-\U0010ffff]*)?\$)
    |(?P<PARAMETER>\$[0-9]+)
    |(?P<NAME>{_NAME})
    |(?P<NUMBER>(?:[0-9][0-9_]*(?:\.(?!\.)[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?)
    |(?P<PUNCTUATION>::|\.\.|:=|[,()\[\]{{}}.;:])
    |(?P<OPERATOR>[~!@\#^&|`?+\-*/%<>=]{{1,64}})
    |(?P<OTHER>[\s\S])
    """,
    re.VERBOSE,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_COMMENT_INSIDE = re.compile(r"--|/\*")
#: An operator of several characters ends with + or - only where it has one of these.
_FREE_END = re.compile(r"[~!@#%^&|`?]")
_UNFINISHED = {
    "/*": "unterminated /* comment",
    '"': "unterminated quoted identifier",
    "$": "unterminated dollar-quoted string",
    "b": "unterminated bit string literal",
    "x": "unterminated hexadecimal string literal",
}

#: A Bind has at most 65,535 values: who asks for more parameters takes memory alone.
_PARAMETER_DIGITS = 5


def tokens(sql: str) -> tuple[Token, ...]:
    """Return the tokens of `sql`; raise Failure 42601 for what never ends."""
    found: list[Token] = []
    at, end = 0, len(sql)
    while at < end:
        match = _TOKEN.match(sql, at)
        if match is None:  # pragma: no cover - OTHER matches every character
            raise AssertionError(sql[at])
        group = match.lastgroup if match.lastgroup != "tag" else "STRING"
        text = match.group()
        if group == "UNFINISHED":
            found.append(_comment(sql, at) if text == "/*" else _unfinished(sql, at, text))
        elif group == "OPERATOR":
            found.append(Token(Kind.OPERATOR, _operator(text), at))
        elif text in {'""', 'U&""', 'u&""'}:
            raise Failure("42601", f'zero-length delimited identifier at or near "{text}"', position=at + 1)
        else:
            found.append(Token(_KINDS[group or ""], text, at))
            if group in {"NUMBER", "PARAMETER"}:
                _refuse_junk(sql, at, text)
        at += len(found[-1].text)
    return tuple(found)


def _refuse_junk(sql: str, at: int, text: str) -> None:
    """Raise Failure for a letter right behind a number, as PostgreSQL does since 15, or a parameter that nobody has."""
    end = at + len(text)
    if end < len(sql) and (sql[end].isalpha() or sql[end] == "_"):
        kind = "parameter" if text[0] == "$" else "numeric literal"
        near = text + sql[end]
        raise Failure("42601", f'trailing junk after {kind} at or near "{near}"', position=at + 1)
    if text[0] == "$" and len(text[1:].lstrip("0")) > _PARAMETER_DIGITS:
        raise Failure("42P02", f"there is no parameter {text}", position=at + 1)


_SMALL = {ord(each): each.lower() for each in ascii_uppercase}
_KINDS = {**Kind.__members__, "OTHER": Kind.PUNCTUATION}


def significant(found: tuple[Token, ...]) -> tuple[Token, ...]:
    """Return the tokens but for white space and comments."""
    return tuple(each for each in found if each.kind is not Kind.SPACE and each.kind is not Kind.COMMENT)


def folded(name: str) -> str:
    """Return a name without quotes as PostgreSQL folds it in UTF8: A to Z alone become small."""
    return name.lower() if name.isascii() else name.translate(_SMALL)


def quoted(name: str) -> str:
    """Return a name in quotes."""
    return '"' + name.replace('"', '""') + '"'


def standard(token: Token) -> str:
    r"""Return a token as every DuckDB reads it: 2.0 reads E'\u00e9' otherwise, 1.4 no U&'…' and B'101' as text."""
    first = token.text[0]
    if token.kind is Kind.QUOTED and first != '"':
        return quoted(_quoted_name(token))
    if token.kind is not Kind.STRING or (first == "'" and "\n" not in token.text):
        return token.text
    value = _string_value(token)
    if first in "xX":
        return f"'{_bits(value, 16, token)}'::BIT"
    if first in "bB":
        return f"'{_bits(value, 2, token)}'::BIT"
    return "'" + value.replace("'", "''") + "'"


def _bits(digits: str, base: int, token: Token) -> str:
    """The bits of a bit string; X'1F' is one too in PostgreSQL."""
    try:
        return "".join(f"{int(each, base):0{base.bit_length() - 1}b}" for each in digits)
    except ValueError:
        kind = "hexadecimal" if base > 2 else "binary"  # noqa: PLR2004
        raise Failure("22P02", f"this is no {kind} digit in {token.text}", position=token.start + 1) from None


def _comment(sql: str, start: int) -> Token:
    """A comment, whose inner comments it holds."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(sql, start):
        depth += 1 if edge.group() == "/*" else -1
        if not depth:
            return Token(Kind.COMMENT, sql[start : edge.end()], start)
    return _unfinished(sql, start, "/*")


def _unfinished(sql: str, start: int, opening: str) -> Token:
    kind = next((said for key, said in _UNFINISHED.items() if opening.lower().startswith(key)), None)
    if opening.endswith('"'):
        kind = _UNFINISHED['"']
    near = sql[start : start + 40].split("\n", maxsplit=1)[0]
    raise Failure("42601", f'{kind or "unterminated quoted string"} at or near "{near}"', position=start + 1)


def _operator(text: str) -> str:
    """The first operator of a run of operators' characters: it ends before a comment, and seldom in + or -."""
    comment = _COMMENT_INSIDE.search(text, 1)
    if comment:
        text = text[: comment.start()]
    if len(text) > 1 and not _FREE_END.search(text):
        text = text.rstrip("+-") or text[0]
    return text


def _inner(text: str) -> list[str]:
    """What stands between the quotes of each part of a string that goes on, with its doubled quotes as one."""
    return [part[1:-1].replace("''", "'") for part in re.findall(_PLAIN, text)]


def _string_value(token: Token) -> str:
    text, prefix = token.text, token.text[0].lower()
    if prefix == "$":
        size = text.index("$", 1) + 1
        return text[size:-size]
    if prefix == "e":
        return "".join(_unescaped(part, token) for part in re.findall(_ESCAPED, text))
    if prefix == "u":
        body, escape = _escape_of(text, "'")
        return _unicode("".join(_inner(body)), escape, token)
    return "".join(_inner(text))


def _quoted_name(token: Token) -> str:
    text = token.text
    if text[0] == '"':
        return text[1:-1].replace('""', '"')
    body, escape = _escape_of(text, '"')
    return _unicode(body[3:-1].replace('""', '"'), escape, token)


def _escape_of(text: str, quote: str) -> tuple[str, str]:
    """A string or name of U& without its UESCAPE, and the character of that."""
    found = re.search(r"[uU][eE][sS][cC][aA][pP][eE]\s*'([^'])'\Z", text)
    if found is None or quote not in text[2 : found.start()].rstrip()[-1:]:
        return text, "\\"
    return text[: found.start()].rstrip(), found.group(1)


_UNICODE_CODES = r"{0}(?:{0}|\+([0-9a-fA-F]{{6}})|([0-9a-fA-F]{{4}})|)"


def _unicode(text: str, escape: str, token: Token) -> str:
    def character(found: re.Match[str]) -> str:
        code = found[1] or found[2]
        if code is None:
            if len(found[0]) == 2:  # noqa: PLR2004 - the escape, doubled
                return escape
            raise Failure("42601", "invalid Unicode escape", position=token.start + 1)
        return _character(int(code, 16), token)

    return _paired(re.sub(_UNICODE_CODES.format(re.escape(escape)), character, text), token)


def _character(code: int, token: Token) -> str:
    if not 0 < code <= maxunicode:
        raise Failure("42601", "invalid Unicode escape value", position=token.start + 1)
    return chr(code)


def _paired(text: str, token: Token) -> str:
    """The text with its surrogate pairs as the characters that they mean."""
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise Failure("42601", "invalid Unicode surrogate pair", position=token.start + 1) from None


_ESCAPE = re.compile(r"''|\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|((?:x[0-9a-fA-F]{1,2}|[0-7]{1,3}))|([\s\S]))")
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _unescaped(part: str, token: Token) -> str:
    """What one part of E'…' means. Bytes by hexadecimal or octal digits make UTF-8 together."""
    pieces: list[bytes] = []
    at, text = 0, part[1:-1]
    for found in _ESCAPE.finditer(text):
        pieces.append(text[at : found.start()].encode("utf-8", "surrogatepass"))
        pieces.append(_escaped(found, token))
        at = found.end()
    pieces.append(text[at:].encode("utf-8", "surrogatepass"))
    try:
        return _paired(b"".join(pieces).decode("utf-8", "surrogatepass"), token)
    except UnicodeDecodeError:
        raise Failure("22021", 'invalid byte sequence for encoding "UTF8"', position=token.start + 1) from None


def _escaped(found: re.Match[str], token: Token) -> bytes:
    if found[0] == "''":
        return b"'"
    code = found[1] or found[2]
    if code:
        return _character(int(code, 16), token).encode("utf-8", "surrogatepass")
    if found[3]:
        byte = int(found[3][1:], 16) if found[3][0] == "x" else int(found[3], 8) & 0xFF
        if not byte:
            raise Failure("22021", 'invalid byte sequence for encoding "UTF8": 0x00', position=token.start + 1)
        return bytes([byte])
    if found[4] in "uU":
        raise Failure("22025", "invalid Unicode escape", position=token.start + 1)
    return _LETTERS.get(found[4], found[4]).encode()
