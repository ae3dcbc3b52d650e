"""Calls of functions that DuckDB has with another meaning, with other arguments, or with a syntax of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.dialect.moment_templates import is_of_numbers, moment_text, parsing_format
from harvest_duck.servers.postgres.dialect.number_templates import number_of, number_text
from harvest_duck.servers.postgres.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from harvest_duck.servers.postgres.dialect.edited_tokens import Call, EditedTokens

__all__ = ["edit"]

_OURS = "postgres.catalog."
#: Functions with so many arguments that have another name in DuckDB, or a macro of ours.
_RENAMED: dict[tuple[str, int], str] = {
    ("age", 2): "system.main.age",
    ("array_length", 2): f"{_OURS}_array_length",
    ("array_to_string", 3): f"{_OURS}_array_to_string",
    ("date_trunc", 3): f"{_OURS}_date_trunc_in_zone",
    ("decode", 2): f"{_OURS}_decode",
    ("encode", 2): f"{_OURS}_encode",
    ("every", 1): "bool_and",
    ("json_object_agg", 2): "json_group_object",
    ("jsonb_object_agg", 2): "json_group_object",
    ("lpad", 2): f"{_OURS}_lpad",
    ("ltrim", 1): f"{_OURS}_ltrim",
    ("pg_typeof", 1): f"{_OURS}_typeof",
    ("rpad", 2): f"{_OURS}_rpad",
    ("rtrim", 1): f"{_OURS}_rtrim",
    ("sha256", 1): f"{_OURS}_sha256",
    ("string_to_array", 2): f"{_OURS}_string_to_array",
    ("string_to_array", 3): f"{_OURS}_string_to_array",
    ("to_hex", 1): f"{_OURS}_to_hex",
}
_FRACTIONS = {
    "second": "_seconds",
    "seconds": "_seconds",
    "milliseconds": "_milliseconds",
    "millisecond": "_milliseconds",
    "epoch": "_epoch",
}
_TRANSACTIONS = {"relfrozenxid", "datfrozenxid", "relminmxid", "datminmxid", "xmin", "xmax", "backend_xmin"}


def edit(edited: EditedTokens, at: int) -> None:
    """Write the call at a place, if there is one, as DuckDB has what PostgreSQL means."""
    word = edited.word(at)
    if word is None or edited.text(at + 1) != "(":
        return
    call = edited.call(at)
    if call is None:
        return
    if (special := _SPECIAL.get(word)) is not None:
        special(edited, call, word)
    elif (name := _RENAMED.get((word, len(call.arguments)))) is not None:
        edited.name(call, name)


def _template(edited: EditedTokens, call: Call, function: str) -> str:
    """The template that is a call's second argument; raises Failure where it is not written out."""
    found = edited.string(*call.arguments[1])
    if found is None:
        raise Failure(
            "0A000",
            f"{function} takes a template that is written out here",
            position=edited.tokens[call.arguments[1][0]].start + 1,
        )
    return found


def _placed(edited: EditedTokens, call: Call, make: Callable[[str, str], str], function: str) -> None:
    """Put what `make` makes of the first argument and the template in the place of a call."""
    template = _template(edited, call, function)
    try:
        text = make(edited.sql(*call.arguments[0]), template)
    except Failure as failure:
        failure.position = edited.tokens[call.arguments[1][0]].start + 1
        raise
    edited.put(call.start, call.closing + 1, text)


def _to_char(edited: EditedTokens, call: Call, function: str) -> None:
    if len(call.arguments) == 2:  # noqa: PLR2004 - the value and its template
        of_numbers = is_of_numbers(_template(edited, call, function))
        _placed(edited, call, number_text if of_numbers else moment_text, function)


def _to_number(edited: EditedTokens, call: Call, function: str) -> None:
    if len(call.arguments) == 2:  # noqa: PLR2004 - as above
        _placed(edited, call, number_of, function)


def _to_moment(edited: EditedTokens, call: Call, function: str) -> None:
    if len(call.arguments) != 2:  # noqa: PLR2004 - as above
        return
    kind = "DATE" if function == "to_date" else "TIMESTAMPTZ"

    def make(text: str, template: str) -> str:
        form = parsing_format(template, function).replace("'", "''")
        return f"strptime({text}, '{form}')::{kind}"

    _placed(edited, call, make, function)


def _extract(edited: EditedTokens, call: Call, _: str) -> None:
    """A part of a moment that may have a fraction, which DuckDB cuts off."""
    field = edited.tokens[call.opening + 1]
    name = (field.value or field.name or "").lower()
    macro = _FRACTIONS.get(name)
    if macro is not None and edited.word(call.opening + 2) == "from":
        edited.put(call.start, call.opening + 3, f"{_OURS}{macro}(")


def _date_part(edited: EditedTokens, call: Call, _: str) -> None:
    if len(call.arguments) != 2:  # noqa: PLR2004 - the unit and the moment
        return
    macro = _FRACTIONS.get((edited.string(*call.arguments[0]) or "").lower())
    if macro is not None:
        edited.put(call.start, call.arguments[1][0], f"{_OURS}{macro}(")
        edited.behind(call.closing, "::DOUBLE")


def _date_trunc(edited: EditedTokens, call: Call, function: str) -> None:
    unit = (edited.string(*call.arguments[0]) or "").lower() if call.arguments else ""
    if unit in {"century", "centuries", "millennium", "millennia"}:
        start = edited.tokens[call.arguments[0][0]].start
        raise Failure("0A000", f'{function} to "{unit}" is not supported here', position=start + 1)
    if (name := _RENAMED.get((function, len(call.arguments)))) is not None:
        edited.name(call, name)


def _age(edited: EditedTokens, call: Call, function: str) -> None:
    """The age of a moment; the age of a transaction is a macro of PostgreSQL's catalogue."""
    if len(call.arguments) == 1 and edited.tokens[call.closing - 1].name in _TRANSACTIONS:
        return
    edited.name(call, f"system.main.{function}")


def _substring(edited: EditedTokens, call: Call, _: str) -> None:
    """A part of a text: DuckDB counts places below 1 from its end, and takes no pattern."""
    marks = _words_of(edited, call)
    from_at, for_at = marks.get("from"), marks.get("for")
    if from_at is not None:
        pattern = edited.string(from_at + 1, call.closing)
        if pattern is not None:
            edited.put(from_at, from_at + 1, ",")
            edited.name(call, f"{_OURS}_substring_matching")
            return
        edited.put(from_at, from_at + 1, ",")
        if for_at is not None:
            edited.put(for_at, for_at + 1, ",")
        first = from_at + 1
    elif for_at is not None:
        edited.put(for_at, for_at + 1, ", 1,")
        return
    elif len(call.arguments) > 1:
        first = call.arguments[1][0]
        pattern = edited.string(*call.arguments[1])
        if pattern is not None and len(call.arguments) == 2 and not pattern.isdigit():  # noqa: PLR2004
            edited.name(call, f"{_OURS}_substring_matching")
            return
    else:
        return
    if not _plain_places(edited, call, first):
        edited.name(call, f"{_OURS}_substring")


def _plain_places(edited: EditedTokens, call: Call, first: int) -> bool:
    """Whether the places of a part are numbers that mean the same in DuckDB."""
    numbers = [edited.text(at) for at in range(first, call.closing)]
    if not numbers[0].isdigit() or int(numbers[0]) < 1:
        return False
    return len(numbers) == 1 or (len(numbers) == 3 and numbers[2].isdigit())  # noqa: PLR2004 - with a comma or FOR


def _words_of(edited: EditedTokens, call: Call) -> dict[str | None, int]:
    """Where the words of a call are that stand in no inner brackets."""
    found, at = {}, call.opening + 1
    while at < call.closing:
        found[edited.word(at)] = at
        at = (edited.closing(at) or at) + 1
    return found


def _json_agg(edited: EditedTokens, call: Call, _: str) -> None:
    """All values as one JSON array, with the FILTER of the aggregate."""
    end = call.closing
    if edited.word(end + 1) == "filter":
        end = edited.closing(end + 2) or end
    edited.name(call, "to_json(list")
    edited.behind(end, ")")


def _format(edited: EditedTokens, call: Call, _: str) -> None:
    if not call.arguments:
        return
    edited.name(call, f"{_OURS}_format_list")
    first = call.arguments[0]
    if len(call.arguments) == 1:
        edited.behind(call.closing - 1, ", []::VARCHAR[]")
        return
    edited.put(first[1], first[1] + 1, ", [")
    for argument in call.arguments[1:]:
        edited.before(argument[0], "(")
        edited.behind(argument[1] - 1, ")::VARCHAR")
    edited.behind(call.closing - 1, "]")


def _json_build(edited: EditedTokens, call: Call, function: str) -> None:
    edited.name(call, function.replace("jsonb", "json").replace("build_", ""))


def _regular_expression(edited: EditedTokens, call: Call, function: str) -> None:
    """A function with a regular expression, whose point is any character: in DuckDB it is no line end."""
    if len(call.arguments) < 2:  # noqa: PLR2004 - the text and the expression
        return
    flags = edited.string(*call.arguments[-1]) if len(call.arguments) > 2 else ""  # noqa: PLR2004 - as above
    if not set(flags or "") & set("nmpw"):
        first, end = call.arguments[1]
        edited.before(first, "'(?s)' || (")
        edited.behind(end - 1, ")")
    if function == "regexp_like":
        edited.name(call, "regexp_matches")


_SPECIAL: dict[str, Callable[[EditedTokens, Call, str], None]] = {
    "age": _age,
    "date_part": _date_part,
    "date_trunc": _date_trunc,
    "extract": _extract,
    "format": _format,
    "json_agg": _json_agg,
    "json_build_array": _json_build,
    "jsonb_build_array": _json_build,
    "jsonb_build_object": _json_build,
    "jsonb_agg": _json_agg,
    "regexp_like": _regular_expression,
    "regexp_replace": _regular_expression,
    "regexp_split_to_array": _regular_expression,
    "regexp_split_to_table": _regular_expression,
    "substr": _substring,
    "substring": _substring,
    "to_char": _to_char,
    "to_date": _to_moment,
    "to_number": _to_number,
    "to_timestamp": _to_moment,
}
