"""PostgreSQL's codes and words for DuckDB's errors, read from their classes, kinds and messages.

The messages are those of DuckDB 1.4 to 2.0. One that is not known keeps its own words, under the code of its class.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb

from harvest_duck.servers.gate.fit_functions import unfit

if TYPE_CHECKING:
    from harvest_duck.servers.postgres.failures.duckdb_errors import Told

__all__ = ["CLASSES", "PATTERNS", "of_duckdb"]

Words = tuple[str, str, str | None]

#: The code of each class of exceptions; more particular ones first.
CLASSES: tuple[tuple[type[duckdb.Error], str], ...] = (
    (duckdb.ParserException, "42601"),
    (duckdb.SyntaxException, "42601"),
    (duckdb.CatalogException, "42704"),
    (duckdb.BinderException, "42000"),
    (duckdb.ConversionException, "22P02"),
    (duckdb.OutOfRangeException, "22003"),
    (duckdb.TypeMismatchException, "42804"),
    (duckdb.InvalidTypeException, "42704"),
    (duckdb.InvalidInputException, "22023"),
    (duckdb.PermissionException, "42501"),
    (duckdb.OutOfMemoryException, "53200"),
    (duckdb.NotImplementedException, "0A000"),
    (duckdb.NotSupportedError, "0A000"),
    (duckdb.ConstraintException, "23000"),
    (duckdb.TransactionException, "25000"),
    (duckdb.IOException, "58030"),
    (duckdb.InternalException, "XX000"),
    (duckdb.FatalException, "XX000"),
    (duckdb.Error, "58000"),
)
#: What tells a code by words in a message, and PostgreSQL's words for it, None where DuckDB's stay.
PATTERNS: tuple[tuple[re.Pattern[str], str, str | None], ...] = tuple(
    (re.compile(pattern), sqlstate, words)
    for pattern, sqlstate, words in (
        (r"^(?:Table|View) with name (?P<name>.+) does not exist", "42P01", 'relation "{name}" does not exist'),
        (
            r"^(?:Table |Scalar |Aggregate |Window )?Function with name (?P<name>.+) does not exist",
            "42883",
            "function {name} does not exist",
        ),
        (r"^Type with name (?P<name>.+) does not exist", "42704", 'type "{name}" does not exist'),
        (r"^Schema with name (?P<name>.+) does not exist", "3F000", 'schema "{name}" does not exist'),
        (r'^Referenced column "(?P<name>.+)" (?:was )?not found', "42703", 'column "{name}" does not exist'),
        (
            r'"(?P<table>.+)" does not have a column named "(?P<name>.+)"',
            "42703",
            "column {table}.{name} does not exist",
        ),
        (r'^Referenced table "(?P<name>.+)" not found', "42P01", 'missing FROM-clause entry for table "{name}"'),
        (r'^Ambiguous reference to column name "(?P<name>.+?)"', "42702", 'column reference "{name}" is ambiguous'),
        (
            r'^Ambiguous reference to table "(?:[^"]*\.)?(?P<name>[^".]+)"',
            "42712",
            'table name "{name}" specified more than once',
        ),
        (r'^(?:Duplicate CTE name) "(?P<name>.+)"', "42712", 'WITH query name "{name}" specified more than once'),
        (
            r"^No function matches the given name and argument types '(?P<call>.+?)'\. You",
            "42883",
            "function {call} does not exist",
        ),
        (
            r"^Could not choose a best candidate function for the function call \"(?P<call>.+?)\"\. In",
            "42725",
            "function {call} is not unique",
        ),
        (
            r"^Macro \"?(?P<name>\w+)\"?\(?\)? does not support the supplied arguments",
            "42883",
            "function {name} does not take these arguments",
        ),
        (
            r'column "(?P<name>.+?)" must appear in the GROUP BY clause',
            "42803",
            'column "{name}" must appear in the GROUP BY clause or be used in an aggregate function',
        ),
        (r"cannot contain aggregates|aggregate function calls cannot", "42803", None),
        (r"cannot contain window functions|[Ww]indow functions? (?:calls? )?(?:is|are) not allowed", "42P20", None),
        (r"(?:ORDER|GROUP BY) term out of range", "42P10", None),
        (r"same number of result columns", "42601", "each UNION query must have the same number of columns"),
        (r"LIMIT/OFFSET cannot be negative", "2201W", "LIMIT must not be negative"),
        (
            r"^More than one row returned by a subquery",
            "21000",
            "more than one row returned by a subquery used as an expression",
        ),
        (r"^Cannot (?:compare|mix|combine) values? of type|^Cannot combine types", "42804", None),
        (
            r"[Mm]aximum (?:recursion|expression) depth|expression depth limit",
            "54001",
            "the statement is nested too deeply: write it with fewer levels",
        ),
        (r"^Cannot create a string of size", "54000", None),
        (r"unrecognized configuration parameter", "42704", None),
        (
            r"file system operations are disabled|^Cannot (?:open|access) (?:file|directory)",
            "42501",
            "permission denied: this server reads and writes no files",
        ),
        (
            r"^Cannot execute statement of type \"(?P<name>.+?)\".*read-only",
            "25006",
            "cannot execute {name} in a read-only transaction",
        ),
        (r"(?:date|time|timestamp) field value out of range|^Date out of range|^Timestamp out of range", "22008", None),
        (r"invalid (?:date|time|timestamp|interval)\S* field format|^Could not parse string", "22007", None),
        (r"^Could not convert string '(?P<text>[+-]?\d+)' to U?INT", "22003", None),
        (
            r"^Could not convert string '(?P<text>.*?)' to (?P<type>[A-Z]\w*(?: \w+)*?)(?: when casting.*)?$",
            "22P02",
            'invalid input syntax for type {type}: "{text}"',
        ),
        (r"out of range for the destination type|^Overflow in|^Could not cast value .* to DECIMAL", "22003", None),
        (r"(?i)^(?:division|modulo) by zero", "22012", "division by zero"),
        (r"^Malformed JSON", "22P02", None),
        (r"^Invalid UTF8 Codepoint|invalid unicode|Invalid unicode", "22021", None),
        (
            r"^missing |^invalid (?:escape|character class|perl operator)|^no argument for repetition",
            "2201B",
            "invalid regular expression",
        ),
    )
)
#: What our own macros raise: a code, and what they say.
_CODED = re.compile(r"^([0-9A-Z]{5}): (.+)", re.DOTALL)
#: Operators are functions to DuckDB.
_OPERATOR = re.compile(r"^([^\w\s(]+|~~\*?|!~~\*?)\((.*)\)$")
_OWN_WORDS = {"2201B"}


def of_duckdb(error: duckdb.Error, told: Told) -> Words:
    """Return the code, the message and the hint for an error of DuckDB."""
    message = told.message.split("\n")[0].strip()
    if isinstance(error, duckdb.InvalidInputException) and (coded := _CODED.match(told.message)):
        return coded[1], coded[2], None
    for pattern, sqlstate, words in PATTERNS:
        if found := pattern.search(message):
            if sqlstate in _OWN_WORDS:
                return sqlstate, f"{words}: {message}", None
            return sqlstate, _worded(words, found, message), _hint(sqlstate, told)
    code = next(code for kind, code in CLASSES if isinstance(error, kind))
    if isinstance(error, duckdb.IOException):
        return code, "DuckDB could not read or write", None
    if isinstance(error, duckdb.InternalException | duckdb.FatalException):
        return code, "internal error of DuckDB", None
    return code, message, None


def _worded(words: str | None, found: re.Match[str], message: str) -> str:
    if words is None:
        return message
    names = {key: _types(value) if key in {"type", "call"} else value for key, value in found.groupdict().items()}
    operator = _OPERATOR.match(names.get("call", ""))
    if operator is None:
        return words.format(**names)
    sides = operator[2].split(", ")
    written = f"{sides[0]} {operator[1]} {sides[1]}" if len(sides) > 1 else f"{operator[1]} {sides[0]}"
    return f"operator does not exist: {written}"


#: DuckDB's names of types in messages, and PostgreSQL's.
_TYPES = {
    "BOOL": "boolean",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DOUBLE": "double precision",
    "FLOAT": "real",
    "INT16": "smallint",
    "INT32": "integer",
    "INT64": "bigint",
    "INTEGER": "integer",
    "INTEGER_LITERAL": "integer",
    "INTERVAL": "interval",
    "SMALLINT": "smallint",
    "BIGINT": "bigint",
    "STRING_LITERAL": "unknown",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
    "UUID": "uuid",
    "VARCHAR": "text",
}


def _types(text: str) -> str:
    return re.sub(r"[A-Z][A-Z0-9_]+", lambda found: _TYPES.get(found[0], found[0]), text)


def _hint(sqlstate: str, told: Told) -> str | None:
    """PostgreSQL's hints, with the names that DuckDB suggests."""
    if sqlstate in {"42883", "42725"} and not told.message.startswith(
        ("Table Function", "Scalar", "Aggregate", "Macro")
    ):
        return "You might need to add explicit type casts."
    near = [name for name in told.near if not unfit(name.lower()) and not name.startswith("read_")]
    if not near:
        return None
    if sqlstate == "42703":
        return "Perhaps you meant to reference the column " + " or ".join(f'"{name}"' for name in near) + "."
    return f'Perhaps you meant "{near[0]}".' if sqlstate in {"42P01", "42883", "42704"} else None
