"""Casts to PostgreSQL's types: names of objects become their numbers, arrays in text become lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.pg_catalog.array_text import elements
from harvest_duck.servers.postgres.pg_catalog.column_types import REGISTERED
from harvest_duck.servers.postgres.sql.tokens import Kind

if TYPE_CHECKING:
    from harvest_duck.servers.postgres.pg_catalog.catalog import Catalogue
    from harvest_duck.servers.postgres.pg_catalog.pieces import Pieces

__all__ = ["rewrite"]

#: Types of PostgreSQL by the name that DuckDB has for what holds their values.
_TYPES = {
    "name": "VARCHAR",
    '"char"': "VARCHAR",
    "cstring": "VARCHAR",
    "oid": "UINTEGER",
    "xid": "BIGINT",
    "int2vector": "USMALLINT[]",
    "oidvector": "UBIGINT[]",
    "pg_node_tree": "VARCHAR",
    "aclitem": "VARCHAR",
    "jsonb": "JSON",
    "sql_identifier": "VARCHAR",
    "character_data": "VARCHAR",
    "yes_or_no": "VARCHAR",
    "cardinal_number": "INTEGER",
    "time_stamp": "TIMESTAMPTZ",
    "_text": "VARCHAR[]",
    "_name": "VARCHAR[]",
    "_oid": "UINTEGER[]",
    "_int2": "SMALLINT[]",
    "_int4": "INTEGER[]",
    "_int8": "BIGINT[]",
}
_KINDS = {**{kind: kind for kind in REGISTERED}, "regprocedure": "regproc", "regrole": "regrole"}
_TEXT = frozenset({"text", "varchar", "name", "bpchar", "character", "cstring"})
#: Functions whose arguments are text.
_TEXTUAL = frozenset(
    {"concat", "concat_ws", "format", "quote_ident", "quote_literal", "string_agg", "upper", "lower", "length"}
)
_COMPARISONS = frozenset({"=", "<>", "!=", "<", ">", "<=", ">=", "in"})


def rewrite(pieces: Pieces, catalogue: Catalogue) -> None:
    """Write every cast of a statement as DuckDB knows it."""
    for at in range(len(pieces)):
        if pieces.text(at) == "::":
            _postfix(pieces, at, catalogue)
        elif pieces.word(at) == "cast" and pieces.text(at + 1) == "(":
            _function(pieces, at, catalogue)
        elif pieces.word(at) in _KINDS and at + 1 < len(pieces) and pieces[at + 1].kind is Kind.STRING:
            _literal(pieces, at + 1, at + 1, str(pieces.word(at)), catalogue)
            pieces.drop(at, at)
        elif pieces.word(at) in {"any", "all"} and pieces.text(at + 1) == "(" and pieces.match.get(at + 1) == at + 3:
            _array(pieces, at + 2, None)


def _type_at(pieces: Pieces, at: int) -> tuple[str, int, int] | None:
    """The type that a name says, the index of its last part, and that of the last piece with its brackets."""
    if pieces.text(at + 1) == "." and pieces.name(at) in {"pg_catalog", "information_schema"}:
        at += 2
    name = pieces.name(at)
    if name is None:
        return None
    end = at
    while pieces.text(end + 1) == "[" and pieces.match.get(end + 1) is not None:
        end = pieces.match[end + 1]
    quoted = pieces[at].kind is Kind.QUOTED and name == "char"
    return ('"char"' if quoted else name), at, end


def _postfix(pieces: Pieces, at: int, catalogue: Catalogue) -> None:
    found = _type_at(pieces, at + 1)
    if found is None or at == 0:
        return
    kind, name_at, end = found
    last = at - 1
    if kind in _KINDS and end == name_at:
        _registered(pieces, pieces.start_of(last), last, (at, end), catalogue)
        return
    if end > name_at and _array(pieces, last, kind):
        pieces.drop(at, end)
        return
    if end > name_at and kind in REGISTERED:
        pieces.drop(at, end)
        pieces.wrap(pieces.start_of(last), last, f"postgres.catalog.{kind}_texts(", ")")
        return
    if kind in _TEXT and pieces.name(last) in _SHOWN and _shown(pieces, pieces.start_of(last), last):
        pieces.drop(at, end)
        return
    _respell(pieces, at + 1, name_at, kind)


def _function(pieces: Pieces, at: int, catalogue: Catalogue) -> None:
    """Write CAST(… AS type)."""
    closing = pieces.match.get(at + 1)
    if closing is None:
        return
    marks = [n for n in range(at + 2, closing) if pieces.word(n) == "as" and pieces.around[n] == at + 1]
    found = _type_at(pieces, marks[-1] + 1) if marks else None
    if found is None or (found[2] != closing - 1 and pieces.text(found[2] + 1) != "("):
        return
    kind, name_at, end = found
    if kind in _KINDS and end == name_at:
        pieces.drop(at, at)
        _registered(pieces, at + 2, marks[-1] - 1, (marks[-1], end), catalogue)
    elif (end > name_at and _array(pieces, at + 2, kind)) or (kind in _TEXT and _shown(pieces, at + 2, marks[-1] - 1)):
        pieces.drop(at, at)
        pieces.drop(marks[-1], end)
    else:
        _respell(pieces, marks[-1] + 1, name_at, kind)


def _respell(pieces: Pieces, first: int, name_at: int, kind: str) -> None:
    """Write the name of a type, without its schema."""
    pieces.drop(first, name_at - 1)
    if kind in _TYPES:
        pieces[name_at].text = _TYPES[kind]
    elif pieces[name_at].kind is Kind.QUOTED and kind.isidentifier():
        pieces[name_at].text = kind


def _registered(pieces: Pieces, first: int, last: int, cast: tuple[int, int], catalogue: Catalogue) -> None:
    """Write a cast to regclass or one of its kin of the pieces from `first` to `last`."""
    at, end = cast
    kind = str(pieces.name(end))
    texts = _casts_to_text(pieces, end)
    if first == last and pieces[first].kind is Kind.STRING and not texts:
        _literal(pieces, first, end, kind, catalogue)
        return
    pieces.drop(at, end)
    if texts:
        pieces.drop(*texts)
    if texts or _in_text(pieces, first, end):
        pieces.wrap(first, last, f"postgres.catalog.{_KINDS[kind]}_text(", ")")
    elif _is_number(pieces, last, catalogue):
        pieces.wrap(first, last, "CAST(", f" AS {REGISTERED.get(_KINDS[kind], 'UINTEGER')})")
    else:
        pieces.wrap(first, last, f"postgres.catalog.{_KINDS[kind]}_of(", ")")


def _literal(pieces: Pieces, at: int, end: int, kind: str, catalogue: Catalogue) -> None:
    """Write the number of an object that is named by a string."""
    name = pieces[at].value or ""
    number = int(name) if name.isdigit() else catalogue.number(_KINDS[kind], name)
    if number is None:
        raise _missing(kind, name, pieces[at].start)
    following = _casts_to_text(pieces, end)
    pieces.drop(at, end)
    pieces[at].text = f"CAST({number} AS {REGISTERED.get(_KINDS[kind], 'UINTEGER')})"
    if following:
        pieces.drop(*following)
        pieces.wrap(at, end, f"postgres.catalog.{_KINDS[kind]}_text(", ")")


def _missing(kind: str, name: str, start: int) -> Failure:
    code, what = {
        "regclass": ("42P01", f'relation "{name}" does not exist'),
        "regtype": ("42704", f'type "{name}" does not exist'),
        "regnamespace": ("3F000", f'schema "{name}" does not exist'),
        "regrole": ("42704", f'role "{name}" does not exist'),
    }.get(kind, ("42883", f'function "{name}" does not exist'))
    return Failure(code, what, position=start + 1)


def _casts_to_text(pieces: Pieces, end: int) -> tuple[int, int] | None:
    """The pieces of a cast to text that follows."""
    if pieces.text(end + 1) != "::":
        return None
    found = _type_at(pieces, end + 2)
    return (end + 1, found[2]) if found is not None and found[0] in _TEXT and found[1] == found[2] else None


def _in_text(pieces: Pieces, first: int, end: int) -> bool:
    """Whether a value becomes part of a text where it stands."""
    if "||" in {pieces.text(first - 1), pieces.text(end + 1)}:
        return True
    around = pieces.around[first]
    return around is not None and pieces.name(around - 1) in _TEXTUAL


def _is_number(pieces: Pieces, last: int, catalogue: Catalogue) -> bool:
    """Whether an expression is known to be a number."""
    name = pieces.name(last)
    return pieces[last].kind is Kind.NUMBER or (
        name is not None and (name in catalogue.numbers or name.endswith("oid"))
    )


def _shown(pieces: Pieces, first: int, last: int) -> bool:
    """Whether a cast to text was written for a column whose text is not that of its number or list."""
    name = pieces.name(last)
    if name in _VECTORS:
        pieces.wrap(first, last, "array_to_string(", ", ' ')")
        return True
    if name in _FUNCTIONS:
        pieces.wrap(first, last, "postgres.catalog.regproc_text(", ")")
        return True
    return False


def _array(pieces: Pieces, at: int, kind: str | None) -> bool:
    """Write an array in a string as a list; without a type, one of numbers or of texts."""
    text = pieces[at].value if pieces[at].kind is Kind.STRING else None
    if text is None or not (text.startswith("{") and text.endswith("}")):
        return False
    items = elements(text)
    if kind is None and items and all(item is not None and item.lstrip("-").isdigit() for item in items):
        written = ", ".join(map(str, items))
    else:
        written = ", ".join("NULL" if item is None else _quoted(item) for item in items)
    cast = "" if kind is None else f"::{_TYPES.get(kind, kind)}[]"
    pieces[at].text = f"[{written}]{cast}"
    return True


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


#: Columns of the catalogue that are vectors: PostgreSQL counts their elements from 0.
_VECTORS = frozenset(
    {
        "indkey",
        "indclass",
        "indcollation",
        "indoption",
        "proargtypes",
        "partattrs",
        "partclass",
        "partcollation",
        "tgattr",
    }
)
#: Columns of the catalogue that hold functions.
_FUNCTIONS = frozenset(
    """typinput typoutput typreceive typsend typmodin typmodout typanalyze typsubscript aggfnoid aggtransfn aggfinalfn
    aggcombinefn aggserialfn aggdeserialfn aggmtransfn aggminvtransfn aggmfinalfn amhandler amproc conproc oprcode
    oprrest oprjoin prosupport rngcanonical rngsubdiff prsstart prstoken prsend prsheadline prslextype tmplinit
    tmpllexize trffromsql trftosql""".split()  # noqa: SIM905 - a list of words is read as one
)


_SHOWN = _VECTORS | _FUNCTIONS


def vectors() -> frozenset[str]:
    """Return the names of the columns that are vectors."""
    return _VECTORS
