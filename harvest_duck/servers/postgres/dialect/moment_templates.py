"""Templates of to_char, to_date and to_timestamp for moments: what each of their patterns is in DuckDB.

PostgreSQL 15's chapter "Data Type Formatting Functions" lists them. One that is not here is an error that names it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from harvest_duck.servers.postgres.failure import Failure

__all__ = ["is_of_numbers", "moment_text", "parsing_format"]

_M = "{moment}"
#: What a pattern writes: DuckDB's expression of `{moment}`, and of it without padding where FM takes that away.
_TEXTS: dict[str, tuple[str, str]] = {}


def _number(names: str, expression: str, width: int, *, fraction: bool = False) -> None:
    """Note a pattern that writes a number of at least so many digits; a fraction of seconds always has them."""
    plain = f"({expression})::BIGINT::VARCHAR"
    digits = f"ltrim({plain}, '-')"
    sign = f"CASE WHEN {expression} < 0 THEN '-' ELSE '' END"
    padded = f"{sign} || lpad({digits}, greatest({width}, len({digits}))::INTEGER, '0')"
    for name in names.split():
        _TEXTS[name] = (padded, padded if fraction else plain)


def _name(name: str, expression: str, width: int) -> None:
    """Note the three patterns, of large, capital and small letters, that write a name, padded to nine letters."""
    for spelled, text in (
        (name.upper(), f"upper({expression})"),
        (name.capitalize(), expression),
        (name.lower(), f"lower({expression})"),
    ):
        _TEXTS[spelled] = (f"rpad({text}, {width}, ' ')" if width else text, text)


def _since_or_before(year: str) -> str:
    """The number of a year, which BC counts backwards from DuckDB's year 0; an interval has years below 0 itself."""
    return f"(CASE WHEN {year} > 0 OR typeof({_M}) = 'INTERVAL' THEN {year} ELSE 1 - {year} END)"


def _half(first: str, second: str, condition: str) -> None:
    """Note the two patterns that write which half a moment is in."""
    text = f"CASE WHEN {condition} THEN '{first}' ELSE '{second}' END"
    _TEXTS[first] = _TEXTS[second] = (text, text)


_YEAR, _ISO_YEAR = _since_or_before(f"year({_M})"), _since_or_before(f"isoyear({_M})")
_number("YYYY yyyy", _YEAR, 4)
_number("YYY yyy", f"{_YEAR} % 1000", 3)
_number("YY yy", f"{_YEAR} % 100", 2)
_number("Y y", f"{_YEAR} % 10", 1)
_number("IYYY iyyy", _ISO_YEAR, 4)
_number("IYY iyy", f"{_ISO_YEAR} % 1000", 3)
_number("IY iy", f"{_ISO_YEAR} % 100", 2)
_number("I i", f"{_ISO_YEAR} % 10", 1)
_number("MM mm", f"month({_M})", 2)
_number("DD dd", f"day({_M})", 2)
_number("DDD ddd", f"dayofyear({_M})", 3)
_number("D d", f"dayofweek({_M}) + 1", 1)
_number("ID id", f"isodow({_M})", 1)
_number("IW iw", f"week({_M})", 2)
_number("WW ww", f"(dayofyear({_M}) - 1) // 7 + 1", 2)
_number("W w", f"(day({_M}) - 1) // 7 + 1", 1)
_number("Q q", f"quarter({_M})", 1)
_number(
    "CC cc",
    f"(CASE WHEN typeof({_M}) = 'INTERVAL' THEN year({_M}) // 100 WHEN year({_M}) > 0 THEN (year({_M}) + 99) // 100 "
    f"ELSE -((100 - year({_M})) // 100) END)",
    2,
)
_number("J j", f"floor(julian({_M}))", 1)
_number("HH24 hh24", f"hour({_M})", 2)
_number("HH12 hh12 HH hh", f"CASE WHEN hour({_M}) % 12 = 0 THEN 12 ELSE hour({_M}) % 12 END", 2)
_number("MI mi", f"minute({_M})", 2)
_number("SS ss", f"second({_M})", 2)
_number("SSSS ssss SSSSS sssss", f"hour({_M}) * 3600 + minute({_M}) * 60 + second({_M})", 1)
_number("MS ms FF3 ff3", f"microsecond({_M}) % 1000000 // 1000", 3, fraction=True)
_number("US us FF6 ff6", f"microsecond({_M}) % 1000000", 6, fraction=True)
_number("FF1 ff1", f"microsecond({_M}) % 1000000 // 100000", 1, fraction=True)
_number("FF2 ff2", f"microsecond({_M}) % 1000000 // 10000", 2, fraction=True)
_number("FF4 ff4", f"microsecond({_M}) % 1000000 // 100", 4, fraction=True)
_number("FF5 ff5", f"microsecond({_M}) % 1000000 // 10", 5, fraction=True)
_name("month", f"monthname({_M})", 9)
_name("mon", f"left(monthname({_M}), 3)", 0)
_name("day", f"dayname({_M})", 9)
_name("dy", f"left(dayname({_M}), 3)", 0)
for _first, _second, _condition in (("AM", "PM", f"hour({_M}) < 12"), ("AD", "BC", f"year({_M}) > 0")):
    _half(_first, _second, _condition)
    _half(_first.lower(), _second.lower(), _condition)
    _half(".".join(_first) + ".", ".".join(_second) + ".", _condition)
    _half(".".join(_first.lower()) + ".", ".".join(_second.lower()) + ".", _condition)
_ROMAN = "['I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'VIII', 'IX', 'X', 'XI', 'XII']"
_TEXTS["RM"] = (f"rpad({_ROMAN}[month({_M})], 4, ' ')", f"{_ROMAN}[month({_M})]")
_TEXTS["rm"] = (f"lower({_TEXTS['RM'][0]})", f"lower({_TEXTS['RM'][1]})")

#: Patterns that are not written here.
_UNKNOWN = ("Y,YYY", "y,yyy", "IDDD", "iddd", "TZH", "tzh", "TZM", "tzm", "TZ", "tz", "OF", "of", "FX", "fx", "SP")
#: PostgreSQL looks for the longest pattern at each place, but for what stands in quotes.
_PATTERN = re.compile(
    "|".join(
        [
            r'(?P<quoted>"(?:[^"\\]|\\.)*"?)',
            r"(?P<modifier>FM|fm|TM|tm)",
            "(?P<unknown>" + "|".join(re.escape(each) for each in _UNKNOWN) + ")",
            "(?P<pattern>"
            + "|".join(re.escape(each) for each in sorted(_TEXTS, key=len, reverse=True))
            + ")(?P<suffix>TH|th)?",
            r'\\(?P<escaped>")',
            r"(?P<other>[\s\S])",
        ]
    )
)
#: What a pattern reads, in strptime's words.
_READS = {
    "YYYY": "%Y", "YY": "%y", "MM": "%m", "DD": "%d", "HH24": "%H", "HH12": "%I", "HH": "%I", "MI": "%M", "SS": "%S",
    "MS": "%g", "US": "%f", "MON": "%b", "MONTH": "%B", "DY": "%a", "DAY": "%A", "AM": "%p", "PM": "%p", "DDD": "%j",
}  # fmt: skip


#: A column, perhaps with a cast.
_COLUMN = re.compile(r'(?:\w+|"[^"]+")(?: ?\. ?(?:\w+|"[^"]+"))*(?: ?:: ?\w+)?')


class _Part(NamedTuple):
    """A part of a template: a pattern with its modifiers, or a text, where the pattern is empty."""

    pattern: str
    text: str
    unpadded: bool
    suffix: str


def is_of_numbers(template: str) -> bool:
    """Whether a template of to_char is one for numbers: it has a digit that is none of a moment's pattern."""
    plain = re.sub(r'"[^"]*"|HH24|HH12|FF[1-6]', "", template, flags=re.IGNORECASE)
    return bool(re.search(r"[09]|^(?:FM)?RN$", plain, re.IGNORECASE))


def _parts(template: str, function: str) -> list[_Part]:
    """The parts of a template; raises Failure 0A000 for a pattern that is not known here."""
    found: list[_Part] = []
    unpadded = False
    for match in _PATTERN.finditer(template):
        if match["unknown"]:
            raise Failure("0A000", f'{function}: the pattern "{match["unknown"]}" is not supported here')
        if match["modifier"]:
            unpadded = True
        elif match["pattern"]:
            found.append(_Part(match["pattern"], "", unpadded, match["suffix"] or ""))
            unpadded = False
        else:
            text = match["escaped"] or match["other"] or re.sub(r"\\(.)", r"\1", match["quoted"].strip('"'))
            found.append(_Part("", text, unpadded=False, suffix=""))
    return found


def moment_text(moment: str, template: str) -> str:
    """Return DuckDB's expression for to_char of an expression that is a date, a time or an interval."""
    texts = []
    for part in _parts(template, "to_char"):
        if not part.pattern:
            texts.append("'" + part.text.replace("'", "''") + "'")
            continue
        text = _TEXTS[part.pattern][part.unpadded]
        if part.suffix:
            text = _with_ordinal(_TEXTS[part.pattern][1], text, part.suffix)
        texts.append(text)
    joined = " || ".join(f"({text})" for text in texts) or "''"
    if _COLUMN.fullmatch(moment):
        return "(" + joined.replace(_M, moment) + ")"
    # What is no column is computed once: lambdas have names for values.
    return f"list_transform([{moment}], lambda moment: {joined.replace(_M, 'moment')})[1]"


def _with_ordinal(number: str, text: str, suffix: str) -> str:
    """The text of a number with st, nd, rd or th behind it."""
    value = f"({number})::BIGINT"
    ending = (
        f"CASE WHEN {value} % 100 BETWEEN 11 AND 13 THEN 'th' WHEN {value} % 10 = 1 THEN 'st' "
        f"WHEN {value} % 10 = 2 THEN 'nd' WHEN {value} % 10 = 3 THEN 'rd' ELSE 'th' END"
    )
    return f"{text} || {'upper' if suffix == 'TH' else ''}({ending})"


def parsing_format(template: str, function: str) -> str:
    """Return strptime's format for a template of to_date or to_timestamp."""
    found = ""
    for part in _parts(template, function):
        if not part.pattern:
            found += part.text.replace("%", "%%")
            continue
        directive = _READS.get(part.pattern.upper())
        if directive is None or part.suffix:
            raise Failure("0A000", f'{function}: the pattern "{part.pattern}{part.suffix}" is not supported here')
        found += directive
    return found
