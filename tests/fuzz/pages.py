"""Pages of JSON built value by value from a seed, each with what it means: the oracle of the decoder.

A value is a text of JSON beside its meaning to Python: None, a bool, a `Num` of digits, a str, a list or a dict of
meanings. Nothing of the decoder is used to work out what a column holds but the layout, which says what is read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from harvest_duck.catalog.model import (
    BIGINT,
    BOOLEAN,
    DATE,
    DECIMAL,
    TIME,
    TIMESTAMP,
    VARCHAR,
    ListOf,
    Scalar,
    StructOf,
    Table,
    Type,
)
from harvest_duck.catalog.tables import TABLES
from harvest_duck.decoder.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAMES = (
    "time_entries",
    "invoices",
    "invoice_line_items",
    "expense_categories",
    "users",
    "report_time_team",
    "company",
)
_TEXTS: Mapping[Scalar, Mapping[str, object]] = {
    DATE: {"2026-01-31": date(2026, 1, 31), "0001-01-01": date(1, 1, 1), "9999-12-31": date(9999, 12, 31)},
    TIME: {"8am": time(8), "12:05am": time(0, 5), "14:59": time(14, 59), "9:30:15 pm": time(21, 30, 15)},
    TIMESTAMP: {
        "2024-02-29T12:30:15Z": datetime(2024, 2, 29, 12, 30, 15, tzinfo=UTC),
        "2024-02-29T12:30:15.123456+02:00": datetime(2024, 2, 29, 10, 30, 15, 123456, UTC),
        "2016-12-31T23:59:60Z": datetime(2017, 1, 1, tzinfo=UTC),
        "2024-02-29T24:00:00Z": datetime(2024, 3, 1, tzinfo=UTC),
        "1969-12-31T23:59:59": datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
    },
}
_NO_TEXTS = ("2026-02-30", "24:00", "13:00pm", "2026-01-31T00:00:60Z", "yesterday", "0000-00-00", "\ud83d", "1e5h")
_ODD_TEXTS = ("", "a", "1.5", "1e-99999999", "-0", "[{", '"\\', "ä\U0001f986", "\u0000\u2028", "\ud83d", "\udc00x")
_EXPONENTS = (-2_147_483_649, -999_999_999, -10_000_000, -416, -43, -39, -5, -1, 0, 2, 14, 39, 310, 10**9)
_DEPTHS = (1, 2, 5, 90, 110, 500, 990, 1_000)
#: What costs as much as many other pages is rare.
_RARE = 0.02
_DEEPEST, _LONGEST = 10_000, 5_000
_LENGTHS = (1, 1, 2, 5, 17, 19, 40, 400)
_WIDE = 300
#: More digits than this, on either side of the point, leave no doubt about a decimal.
_FAR = 5_000


class Num(NamedTuple):
    """A JSON number, by its text."""

    text: str


class Built(NamedTuple):
    """A text of JSON and what it means."""

    text: str
    means: Any


_BOOLEANS = (Built("true", means=True), Built("false", means=False))


class Refused(ValueError):
    """A value that its column cannot hold."""


@dataclass(frozen=True)
class Case:
    """A page: columns of a table, the body, the texts of its records, and the records and envelope that it means."""

    table: Table
    names: tuple[str, ...]
    body: bytes
    texts: Sequence[str]
    records: Sequence[Any]
    envelope: Mapping[str, Any]


def case(seed: int) -> Case:
    """Return the page of a seed."""
    random = Random(seed)  # noqa: S311 - no secret
    table = TABLES[random.choice(_NAMES)]
    every = [column.name for column in table.columns]
    names = (every, every[::4], every[:5], [], every[::-2])[random.randrange(5)]
    layout, odd = Layout(table, every).record, random.choice((0, 0.002, 0.02, 0.2))
    many = 1 if table.body_key is None else random.choice((0, 1, 1, 2, 3, _WIDE if random.random() < _RARE else 4))
    records = [_record(random, table, layout, odd, number) for number in range(many)]
    if table.body_key is None:
        return Case(table, tuple(names), records[0].text.encode(), [records[0].text], [records[0].means], {})
    members = [(table.body_key, _array(random, records)), *_envelope(random, odd)]
    if random.random() < 0.1:
        random.shuffle(members)
    whole = _object(random, members)
    texts = [record.text for record in records]
    return Case(table, tuple(names), whole.text.encode(), texts, whole.means[table.body_key], whole.means)


def _record(random: Random, table: Table, layout: StructOf, odd: float, number: int) -> Built:
    if random.random() < odd / 10:
        return _anything(random, 2)
    members = [(name, _value(random, member, odd, name)) for name, member in layout.fields if random.random() > 0.05]
    if table.identity is not None and random.random() > odd:
        members = [(table.identity.path[0], _digits(str(number + 1))), *members[1:]]
    members += [("unknown", _anything(random, 3)) for _ in range(random.random() < 4 * odd)]
    members += random.choices(members, k=1) if members and random.random() < odd else []
    if random.random() < 0.2:
        random.shuffle(members)
    return _object(random, members)


def _envelope(random: Random, odd: float) -> list[tuple[str, Built]]:
    count = _digits(str(random.randrange(10**6)))
    total = _value(random, BIGINT, odd, "") if random.random() < odd else count
    quoted = Built(f'"{total.text}"', total.means) if random.random() < 0.1 and total is count else total
    links = Built('{"next": null}', {"next": None})
    return [("total_entries", quoted), ("links", links), ("next_page", Built("null", None))]


def _value(random: Random, wanted: Type, odd: float, name: str) -> Built:
    """Return a value for a column of a type, one that it may not take with the probability `odd`."""
    if random.random() < odd:
        return _anything(random, 3)
    if random.random() < 0.1:
        return Built("null", None)
    match wanted:
        case StructOf(fields):
            return _object(random, [(each, _value(random, member, odd, each)) for each, member in fields])
        case ListOf(item):
            return _array(random, [_value(random, item, odd, name) for _ in range(random.randrange(3))])
    if wanted is BOOLEAN:
        return random.choice(_BOOLEANS)
    if wanted is BIGINT:
        return _digits(
            random.choice(("0", "-5", "126000.0", "1.26e5") if random.random() < odd else ("7", "123456789"))
        )
    if wanted is DECIMAL:
        return (
            _number(random)
            if random.random() < odd
            else _digits(f"{random.randrange(10**9)}.{random.randrange(10**4)}")
        )
    pool = (*_TEXTS[wanted], "") if wanted in _TEXTS else _ODD_TEXTS[:9]
    return _text(random, random.choice(_NO_TEXTS if random.random() < odd else tuple(pool)))


def _anything(random: Random, depth: int) -> Built:
    match random.randrange(8 if depth else 6):
        case 0:
            return random.choice((Built("null", None), *_BOOLEANS))
        case 1 | 2:
            return _number(random)
        case 3 | 4:
            return _text(random, random.choice((*_ODD_TEXTS, *_NO_TEXTS, str(_number(random).text)[:40])))
        case 5:
            return _deep(random)
        case 6:
            return _array(random, [_anything(random, depth - 1) for _ in range(random.randrange(4))])
        case _:
            names = random.choices(("id", "next", "a", "ä", "hours", "\ud83d"), k=random.randrange(4))
            return _object(random, [(name, _anything(random, depth - 1)) for name in names])


def _number(random: Random) -> Built:
    digits = "".join(random.choices("0123456789", k=_LONGEST if random.random() < _RARE else random.choice(_LENGTHS)))
    text = random.choice(("", "-")) + (digits.lstrip("0") or "0")
    if random.random() < 0.6:
        zeros = "0" * random.choice((0, 0, 1, 4, 12, 38, 45, 405))
        text += f".{zeros}{''.join(random.choices('0123456789', k=random.choice((1, 2, 4, 5, 30))))}"
    if random.random() < 0.5:
        exponent = random.choice(_EXPONENTS) if random.random() < 0.5 else random.randrange(-500, 60)
        sign = "-" if exponent < 0 else random.choice(("", "+"))
        text += f"{random.choice('eE')}{sign}{random.choice(('', '0'))}{abs(exponent)}"
    return _digits(text)


def _digits(text: str) -> Built:
    return Built(text, Num(text))


def _text(random: Random, value: str) -> Built:
    text = json.dumps(value, ensure_ascii=random.random() < 0.5)
    if value and value[0] < "\x80" and random.random() < 0.05:
        text = f'"\\u{ord(value[0]):04x}{json.dumps(value[1:])[1:]}'
    return Built(text.encode("utf-8", "replace").decode() if "\\ud" in text else _escaped(text), value)


def _escaped(text: str) -> str:
    """Return a text of JSON with escapes for halves of characters, which UTF-8 does not have."""
    return "".join(f"\\u{ord(each):04x}" if "\ud800" <= each <= "\udfff" else each for each in text)


def _deep(random: Random) -> Built:
    depth = _DEEPEST if random.random() < _RARE else random.choice(_DEPTHS)
    opening, closing = random.choice((("[", "]"), ('{"a":', "}"), ('[1,{"[":"]","b":', "}]")))
    # Nothing reads so deep: any value that is neither a text nor a number stands for it, but an object may be read.
    means: Any = {} if opening[0] == "{" else [[]]
    return Built(opening * depth + _number(random).text + closing * depth, means)


def _array(random: Random, items: Sequence[Built]) -> Built:
    between = random.choice((",", ", ", " ,\n\t"))
    return Built(f"[{between.join(item.text for item in items)}]", [item.means for item in items])


def _object(random: Random, members: Sequence[tuple[str, Built]]) -> Built:
    space = random.choice(("", " "))
    texts = (f"{_escaped(json.dumps(name, ensure_ascii=False))}{space}:{space}{value.text}" for name, value in members)
    return Built(f"{{{', '.join(texts)}}}", {name: value.means for name, value in members})


def meaning(found: Any, wanted: Type, name: str = "") -> Any:
    """Return what a value means in a column of a type; raise `Refused` where it is none of that type."""
    match wanted:
        case _ if found is None:
            return None
        case StructOf(fields) if isinstance(found, dict):
            return {each: meaning(found.get(each), member, each) for each, member in fields}
        case ListOf(item) if isinstance(found, list):
            return [meaning(each, item) for each in found]
        case Scalar():
            return _scalar(found, wanted, name)
    raise Refused(name)


def _scalar(found: Any, wanted: Scalar, name: str) -> object:
    if found == "" and wanted not in {VARCHAR, BOOLEAN}:
        return None
    if wanted is BOOLEAN and isinstance(found, bool):
        return found
    if wanted in {BIGINT, DECIMAL} and isinstance(found, Num):
        return _whole(found.text) if wanted is BIGINT else _rounded(found.text)
    if wanted is DECIMAL and isinstance(found, str) and _is_number(found):
        return _rounded(found)
    if wanted is VARCHAR and isinstance(found, Num) and (name == "id" or name.endswith("_id")):
        return str(int(found.text)) if found.text.lstrip("-").isdigit() and len(found.text) < 20 else found.text
    if wanted is VARCHAR and isinstance(found, str) and not any("\ud800" <= each <= "\udfff" for each in found):
        return found
    if wanted in _TEXTS and isinstance(found, str) and found in _TEXTS[wanted]:
        return _TEXTS[wanted][found]
    raise Refused(name)


def _is_number(text: str) -> bool:
    try:
        return text[-1] in "0123456789" and text[0] in "-0123456789" and isinstance(json.loads(text), int | float)
    except ValueError:
        return False


def _scaled(text: str) -> Fraction | None:
    """Return a number, a tiny one in place of all that are nearer to zero; None where it is far beyond any column."""
    mantissa, _, exponent = text.lower().partition("e")
    digits, shift = Decimal(mantissa), int(exponent or 0)
    if not digits:
        return Fraction(0)
    place = digits.adjusted() + shift
    if place > _FAR:
        return None
    return Fraction(1 if digits > 0 else -1, 10**_FAR) if place < -_FAR else Fraction(digits) * Fraction(10) ** shift


def _rounded(text: str) -> Decimal:
    value = _scaled(text)
    steps = None if value is None else round(value * 10_000)
    if steps is None or abs(steps) >= 10**18:
        raise Refused(text)
    return Decimal(steps).scaleb(-4)


def _whole(text: str) -> int:
    value = _scaled(text)
    if value is None or value.denominator != 1 or not -(2**63) <= value < 2**63:
        raise Refused(text)
    return int(value)
