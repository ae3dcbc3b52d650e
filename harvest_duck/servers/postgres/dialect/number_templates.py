"""Templates of to_char and to_number for numbers, as DuckDB's expressions.

PostgreSQL 15's chapter "Data Type Formatting Functions" has the rules. A template that has another pattern than 9, 0,
D, G, S, MI, PR, FM, the point, the comma and text around the number is an error that names it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harvest_duck.servers.postgres.failure import Failure

__all__ = ["number_of", "number_text"]

_TEMPLATE = re.compile(
    r'(?P<fill>FM)?(?P<before>(?:"[^"]*"|[$%#€£ ])*)(?P<lead>S)?'
    r"(?P<whole>[09G,]*)(?:(?P<point>[D.])(?P<fraction>[09]*))?"
    r'(?P<trail>S|MI|PR)?(?P<after>(?:"[^"]*"|[$%#€£ ])*)',
    re.IGNORECASE,
)
#: DuckDB's widest decimals have so many digits.
_WIDEST = 38


@dataclass(frozen=True, slots=True)
class _Template:
    """What a template says of a number's text."""

    fill: bool
    before: str
    after: str
    lead: bool
    trail: str
    whole: str
    point: bool
    fraction: str

    @property
    def digits(self) -> str:
        """The digits before the point, without the separators of groups."""
        return re.sub("[G,]", "", self.whole)

    @property
    def least(self) -> int:
        """How many digits before the point there are at least: from the first 0 on."""
        first = self.digits.find("0")
        return 0 if first < 0 else len(self.digits) - first


def _read(template: str, function: str) -> _Template:
    found = _TEMPLATE.fullmatch(template)
    if found is None or not re.search("[09]", found["whole"]) or (found["point"] and not found["fraction"]):
        raise Failure("0A000", f'{function}: the template "{template}" is not supported here')
    if len(re.sub("[^09]", "", template)) > _WIDEST:
        raise Failure("0A000", f"{function}: a template has at most {_WIDEST} digits here")
    return _Template(
        fill=bool(found["fill"]),
        before=found["before"].replace('"', ""),
        after=found["after"].replace('"', ""),
        lead=bool(found["lead"]),
        trail=(found["trail"] or "").upper(),
        whole=found["whole"].upper(),
        point=bool(found["fraction"]),
        fraction=found["fraction"] or "",
    )


def number_text(number: str, template: str) -> str:
    """Return DuckDB's expression for to_char of a number."""
    read = _read(template, "to_char")
    scale = len(read.fraction)
    value = f"abs(round(number, {scale}))::DECIMAL({_WIDEST}, {scale})::VARCHAR"
    whole = "ltrim(split_part(text, '.', 1), '0')"
    least = max(read.least, 0 if read.point and read.digits else 1)
    digits = f"lpad({whole}, greatest({least}, len({whole}))::INTEGER, '0')"
    if read.fill and not least and "0" not in read.fraction:
        digits = f"CASE WHEN regexp_matches(text, '[1-9]') THEN {digits} ELSE '0' END"
    filled = _grouped(read, f"lpad({digits}, {len(read.digits)}, ' ')")
    fraction = _fraction(read, "split_part(text, '.', 2)")
    hashes = "'" + re.sub("[09]", "#", read.whole.replace("G", ",")) + ("." + "#" * scale if read.point else "") + "'"
    body = f"CASE WHEN len({whole}) > {len(read.digits)} THEN {hashes} ELSE {filled} || {fraction} END"
    signed = _signed(read)
    text = f"'{_quoted(read.before)}' || {signed} || '{_quoted(read.after)}'"
    return (
        f"list_transform([{number}], lambda number: list_transform([{value}], lambda text: "
        f"list_transform([{body}], lambda body: {text})[1])[1])[1]"
    )


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _grouped(read: _Template, filled: str) -> str:
    """The digits before the point with the separators, which are blank where no digit is before them."""
    if not read.digits:
        return "''"
    pieces, place, start = [], 0, 1
    for group in re.split("[G,]", read.whole):
        if place:
            pieces.append(f"CASE WHEN substr({filled}, {place}, 1) = ' ' THEN ' ' ELSE ',' END")
        pieces.append(f"substr({filled}, {start}, {len(group)})")
        place += len(group)
        start = place + 1
    return " || ".join(f"({piece})" for piece in pieces)


def _fraction(read: _Template, digits: str) -> str:
    if not read.point:
        return "''"
    if not read.fill:
        return f"'.' || {digits}" if read.fraction else "'.'"
    kept = read.fraction.rfind("0") + 1
    return f"'.' || left({digits}, {kept}) || rtrim(substr({digits}, {kept + 1}), '0')"


def _signed(read: _Template) -> str:
    """The number with its sign where the template has it, and blanks for what is not there."""
    negative = "(number < 0 AND regexp_matches(text, '[1-9]'))"
    bare = "ltrim(body)"
    if read.trail in {"S", "MI"}:
        plus = "+" if read.trail == "S" else ("" if read.fill else " ")
        shown = bare if read.fill else "body"
        return f"{shown} || CASE WHEN {negative} THEN '-' ELSE '{plus}' END"
    if read.trail == "PR":
        blank = "''" if read.fill else "' '"
        around = f"CASE WHEN {negative} THEN '<' || {bare} || '>' ELSE {blank} || {bare} || {blank} END"
        return around if read.fill else f"lpad({around}, (len(body) + 2)::INTEGER, ' ')"
    plus = "+" if read.lead else ("" if read.fill else " ")
    shown = f"CASE WHEN {negative} THEN '-' ELSE '{plus}' END || {bare}"
    return shown if read.fill else f"lpad({shown}, (len(body) + 1)::INTEGER, ' ')"


def number_of(text: str, template: str) -> str:
    """Return DuckDB's expression for to_number of a text: an error for one that does not fit the template."""
    read = _read(template, "to_number")
    scale = len(read.fraction)
    before, after = re.escape(read.before), re.escape(read.after)
    form = rf"\s*[-+<]?\s*[{before}$]*[0-9,]*(\.[0-9]{{0,{scale}}})?\s*[-+>]?\s*[{after}%]*\s*"
    refused = "error('22P02: to_number: ' || text || ' is not in the form of its template')"
    digits = "regexp_replace(text, '[^0-9.]', '', 'g')"
    return (
        f"list_transform([{text}], lambda text: CASE WHEN regexp_full_match(text, '{_quoted(form)}') "
        f"AND len(split_part({digits}, '.', 1)) BETWEEN 0 AND {len(read.digits)} AND len({digits}) > 0 "
        f"THEN {digits}::DECIMAL({_WIDEST}, {scale}) * CASE WHEN regexp_matches(text, '[-<]') THEN -1 ELSE 1 END "
        f"WHEN text IS NOT NULL THEN {refused} END)[1]"
    )
