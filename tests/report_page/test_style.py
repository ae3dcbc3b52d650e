"""The colours of the page: text that can be read, and marks that can be told from what is around them."""

from __future__ import annotations

import re
from importlib import resources

import pytest

_STYLE = resources.files("harvest_duck.report_page").joinpath("style.css").read_text("utf-8")
_SCHEMES = dict(zip(("light", "dark"), re.findall(r":root \{(.*?)\}", _STYLE, re.DOTALL)[:2], strict=True))
#: Text, and what it stands on.
_TEXTS = [
    *[(text, around) for text in ("ink", "soft") for around in ("bg", "card")],
    *[(text, "card") for text in ("bad", "ok", "warn")],
    *[(tone, f"{tone}-bg") for tone in ("bad", "warn", "ok")],
    ("soft", "mute-bg"),
    ("soft", "track"),
    ("bg", "ink"),
]
#: The edges of marks, and what they stand on: those of pale ones are darker than their insides.
_MARKS = ["green", "pale-edge", "sand-edge", "straw-edge", "orange-edge", "red", "blush-edge", "dot", "ink", "soft"]


def _colours(scheme: str) -> dict[str, tuple[int, ...]]:
    found = re.findall(r"--([a-z0-9-]+): #([0-9a-f]+);", _SCHEMES[scheme])
    full = {name: digits if len(digits) == 6 else "".join(2 * digit for digit in digits) for name, digits in found}
    return {name: tuple(bytes.fromhex(digits)) for name, digits in full.items()}


def _contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Return the contrast of two colours, see https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: tuple[int, ...]) -> float:
    shares = [each / 255 for each in colour]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return sum(weight * share for weight, share in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("scheme", list(_SCHEMES))
def test_text_has_the_contrast_that_reading_takes(scheme: str) -> None:
    colours = _colours(scheme)
    pale = {pair: round(_contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in _TEXTS}
    assert {pair: ratio for pair, ratio in pale.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", list(_SCHEMES))
def test_marks_have_an_edge_that_can_be_seen(scheme: str) -> None:
    colours = _colours(scheme)
    pale = {mark: round(_contrast(colours[mark], colours["card"]), 2) for mark in _MARKS}
    assert {mark: ratio for mark, ratio in pale.items() if ratio < 3} == {}


def test_both_schemes_name_the_same_colours() -> None:
    assert _colours("light").keys() == _colours("dark").keys()


def test_every_colour_that_is_used_is_named() -> None:
    used = set(re.findall(r"var\(--([a-z0-9-]+)\)", _STYLE)) - {"fill", "edge"}
    assert used == _colours("light").keys()
