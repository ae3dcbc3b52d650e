"""What a value of a setting means: numbers with units, words for yes and no, and the few values that differ here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Setting", "as_written", "normalized"]

_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z]*)\s*\Z")
#: Milliseconds and bytes in each unit (PostgreSQL 15, "Parameter Names and Values").
_TIMES: Mapping[str, float] = {"us": 0.001, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_SIZES: Mapping[str, float] = {"B": 1, "kB": 1024, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40, "8kB": 8192}
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
_UTF8 = {"utf8", "unicode"}
_ENGLISH = {"", "C", "POSIX", "en_US"}


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of PostgreSQL's, as a row of pg_settings has it."""

    name: str
    default: str
    description: str
    context: str
    kind: str
    unit: str | None = None
    least: str | None = None
    most: str | None = None
    choices: tuple[str, ...] = ()


def normalized(setting: Setting, value: str) -> str:
    """Return the value of a setting as PostgreSQL keeps it.

    Raises a Failure for one that PostgreSQL does not take, or that would mean something here that it does not do.
    """
    if setting.name.lower() in _SPECIAL:
        return _SPECIAL[setting.name.lower()](setting, value)
    if setting.kind == "bool":
        return "on" if _yes(setting, value) else "off"
    if setting.kind == "enum":
        return _choice(setting, value)
    if setting.kind in ("integer", "real"):
        return _number(setting, value)
    return value


def as_written(kind: str, unit: str | None, value: str) -> str:
    """Return a value as SHOW writes it: whole numbers in the largest unit that fits."""
    if kind != "integer" or unit is None or not value.lstrip("-").isdigit() or int(value) <= 0:
        return value
    units = _TIMES if unit in _TIMES else _SIZES
    if unit not in units:
        return value
    size = int(value) * units[unit]
    names = sorted((name for name in units if name[0] != "8"), key=lambda name: -units[name])
    return next((f"{int(size / units[name])}{name}" for name in names if not size % units[name]), value)


def _refused(setting: Setting, value: str, hint: str | None = None) -> Failure:
    return Failure("22023", f'invalid value for parameter "{setting.name}": "{value}"', hint=hint)


def _unsupported(setting: Setting, value: str, reason: str) -> Failure:
    return Failure("0A000", f'{setting.name} cannot be "{value}" here: {reason}')


def _yes(setting: Setting, value: str) -> bool:
    word = value.strip().lower()
    # As PostgreSQL takes any beginning that is not of both: "o" is neither.
    if word and word != "o":
        if any(each.startswith(word) for each in _TRUE):
            return True
        if any(each.startswith(word) for each in _FALSE):
            return False
    raise Failure("22023", f'parameter "{setting.name}" requires a Boolean value')


def _choice(setting: Setting, value: str) -> str:
    for each in setting.choices:
        if each.lower() == value.strip().lower():
            return each
    for word, same in (("true", "on"), ("1", "on"), ("yes", "on"), ("false", "off"), ("0", "off"), ("no", "off")):
        if value.strip().lower() == word and same in setting.choices:
            return same
    raise _refused(setting, value, f"Available values: {', '.join(setting.choices)}.")


def _number(setting: Setting, value: str) -> str:
    match = _NUMBER.match(value)
    if match is None:
        raise _refused(setting, value)
    amount = float(match[1]) * _factor(setting, value, match[2])
    if not isfinite(amount):
        raise _refused(setting, value)
    least, most = float(setting.least or "-inf"), float(setting.most or "inf")
    if not least <= amount <= most:
        unit = f" {setting.unit}" if setting.unit else ""
        said = str(round(amount)) if setting.kind == "integer" else f"{amount:g}"
        valid = f'the valid range for parameter "{setting.name}" ({setting.least} .. {setting.most})'
        raise Failure("22023", f"{said}{unit} is outside {valid}")
    return str(round(amount)) if setting.kind == "integer" else f"{amount:g}"


def _factor(setting: Setting, value: str, unit: str) -> float:
    """By what a number in `unit` becomes one in the unit of a setting."""
    if not unit:
        return 1
    own = setting.unit or ""
    for units in (_TIMES, _SIZES):
        if own in units and unit in units:
            return units[unit] / units[own]
    raise _refused(setting, value)


def _encoding(setting: Setting, value: str) -> str:
    name = re.sub(r"[^a-z0-9]", "", value.lower())
    if name in _UTF8:
        return "UTF8"
    raise _unsupported(setting, value, "the server sends UTF8 alone")


def _date_style(setting: Setting, value: str) -> str:
    order = "MDY"
    for word in (word.strip().lower() for word in value.split(",")):
        if word in ("mdy", "dmy", "ymd"):
            order = word.upper()
        elif word.startswith(("us", "noneuro")):
            order = "MDY"
        elif word.startswith("euro"):
            order = "DMY"
        elif word.startswith("postgres") or word in ("sql", "german"):
            raise _unsupported(setting, value, "the server writes dates as ISO 8601 has them")
        elif word not in ("iso", "default"):
            raise _refused(setting, value)
    return f"ISO, {order}"


def _interval_style(setting: Setting, value: str) -> str:
    chosen = _choice(setting, value)
    if chosen != "postgres":
        raise _unsupported(setting, value, "the server writes intervals in the style postgres")
    return chosen


def _bytes(setting: Setting, value: str) -> str:
    chosen = _choice(setting, value)
    if chosen != "hex":
        raise _unsupported(setting, value, "the server writes bytes in hex")
    return chosen


def _strings(setting: Setting, value: str) -> str:
    if not _yes(setting, value):
        raise _unsupported(setting, value, "a backslash in a string is a character as any other")
    return "on"


def _digits(setting: Setting, value: str) -> str:
    number = _number(setting, value)
    if int(number) < 1:
        raise _unsupported(setting, value, "the server writes floating-point numbers in full")
    return number


def _default_alone(setting: Setting, value: str) -> str:
    chosen = "on" if _yes(setting, value) else "off"
    if chosen != setting.default:
        raise _unsupported(setting, value, "it would change what a query means")
    return chosen


def _locale(setting: Setting, value: str) -> str:
    if value.partition(".")[0] not in _ENGLISH:
        raise _unsupported(setting, value, "the server writes numbers and names as in English")
    return value


def _name(_: Setting, value: str) -> str:
    # As PostgreSQL cleans it (pg_clean_ascii), cut to NAMEDATALEN.
    return "".join(each if " " <= each <= "~" else "?" for each in value)[:63]


_SPECIAL: Mapping[str, Callable[[Setting, str], str]] = {
    "application_name": _name,
    "array_nulls": _default_alone,
    "bytea_output": _bytes,
    "client_encoding": _encoding,
    "datestyle": _date_style,
    "extra_float_digits": _digits,
    "intervalstyle": _interval_style,
    "lc_monetary": _locale,
    "lc_numeric": _locale,
    "lc_time": _locale,
    "standard_conforming_strings": _strings,
    "transform_null_equals": _default_alone,
}
