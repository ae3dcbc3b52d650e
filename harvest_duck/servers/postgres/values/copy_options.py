"""The options of COPY … TO STDOUT, checked as ProcessCopyOptions of PostgreSQL 15's commands/copy.c does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["CopyOptions", "copy_options"]

Given = str | tuple[str, ...]
#: What a delimiter of the text form may not be, for it would not be told from what a backslash means.
NO_DELIMITERS = "\\.abcdefghijklmnopqrstuvwxyz0123456789"
TRUE, FALSE = {"true", "on", "1"}, {"false", "off", "0"}
#: Names of encodings that are UTF-8, without marks (src/common/encnames.c).
ENCODINGS = {"utf8", "unicode", "sqlascii"}
SYNTAX, UNSUPPORTED, INVALID = "42601", "0A000", "22023"


@dataclass(frozen=True, slots=True)
class CopyOptions:
    """How rows are written: `form` is text, csv or binary; `force_quote` are the places of columns, from 0."""

    form: str = "text"
    delimiter: str = "\t"
    null: str = "\\N"
    header: bool = False
    quote: str = '"'
    escape: str = '"'
    force_quote: frozenset[int] = frozenset()


def copy_options(given: Mapping[str, Given], names: Sequence[str]) -> CopyOptions:
    """Return the options as statements.py read them, for columns of these names; raise Failure if they do not fit."""
    known = {"format", "delimiter", "null", "header", "quote", "escape", "encoding", "force_quote"}
    for option in given:
        if option.startswith("force_n") or option == "freeze":
            raise Failure(UNSUPPORTED, f"COPY {option.replace('_', ' ')} only available using COPY FROM")
        if option not in known:
            raise Failure(SYNTAX, f'option "{option}" not recognized')
    form = _text(given, "format", "text")
    csv = form == "csv"
    if form not in {"text", "csv", "binary"}:
        raise Failure(INVALID, f'COPY format "{form}" not recognized')
    _only_where_they_mean_something(given, form)
    quote = _text(given, "quote", '"')
    options = CopyOptions(
        form,
        _text(given, "delimiter", "," if csv else "\t"),
        _text(given, "null", "" if csv else "\\N"),
        _header(_text(given, "header", "false")),
        quote,
        _text(given, "escape", quote),
        _places(given.get("force_quote", ()), names),
    )
    _check(options)
    if _text(given, "encoding", "utf8").lower().replace("-", "").replace("_", "") not in ENCODINGS:
        raise Failure(UNSUPPORTED, "COPY writes UTF8 alone; leave the encoding out")
    return options


def _text(given: Mapping[str, Given], name: str, otherwise: str) -> str:
    value = given.get(name, otherwise)
    if not isinstance(value, str):
        raise Failure(SYNTAX, f"{name} requires a parameter")
    return value


def _only_where_they_mean_something(given: Mapping[str, Given], form: str) -> None:
    """Raise Failure if an option is given that the form has no use for."""
    if form == "binary":
        for name in ("delimiter", "null", "header"):
            if name in given:
                raise Failure(
                    UNSUPPORTED if name == "header" else SYNTAX, f"cannot specify {name.upper()} in BINARY mode"
                )
    if form != "csv":
        for name in ("quote", "escape", "force_quote"):
            if name in given:
                raise Failure(UNSUPPORTED, f"COPY {name.replace('_', ' ')} available only in CSV mode")


def _check(options: CopyOptions) -> None:
    """Raise Failure if rows could not be read back."""
    for name in ("delimiter", "quote", "escape"):
        if len(getattr(options, name).encode()) != 1:
            raise Failure(UNSUPPORTED, f"COPY {name} must be a single one-byte character")
    if options.form == "binary":
        return
    csv = options.form == "csv"
    refusals = [
        (INVALID, "COPY delimiter cannot be newline or carriage return", options.delimiter in "\r\n"),
        (INVALID, "COPY null representation cannot use newline or carriage return", bool({*"\r\n"} & {*options.null})),
        (INVALID, f'COPY delimiter cannot be "{options.delimiter}"', not csv and options.delimiter in NO_DELIMITERS),
        (INVALID, "COPY delimiter and quote must be different", csv and options.delimiter == options.quote),
        (UNSUPPORTED, "COPY delimiter must not appear in the NULL specification", options.delimiter in options.null),
        (
            UNSUPPORTED,
            "CSV quote character must not appear in the NULL specification",
            csv and options.quote in options.null,
        ),
    ]
    for sqlstate, refusal, true in refusals:
        if true:
            raise Failure(sqlstate, refusal)


def _header(value: str) -> bool:
    if value.lower() == "match":
        raise Failure(UNSUPPORTED, 'cannot use "match" with HEADER in COPY TO')
    if value.lower() not in TRUE | FALSE:
        raise Failure(SYNTAX, 'header requires a Boolean value or "match"')
    return value.lower() in TRUE


def _places(chosen: Given, names: Sequence[str]) -> frozenset[int]:
    if chosen == ("*",):
        return frozenset(range(len(names)))
    for name in chosen:
        if name not in names:
            raise Failure("42703", f'column "{name}" does not exist')
    return frozenset(place for place, name in enumerate(names) if name in chosen)
