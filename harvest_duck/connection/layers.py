"""One source of properties as a layer: texts by canonical names, with those inside ProfileSettings beside the rest.

`dsn` and `sources` build layers; `merge` lays the nearer ones over the farther.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harvest_duck.connection.grammar import parse
from harvest_duck.connection.parsing import Given, Place
from harvest_duck.connection.properties import find
from harvest_duck.errors import ConnectionStringError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Layer:
    """The properties that one source gives: texts by canonical names."""

    place: Place
    where: str
    texts: Mapping[str, str] = field(repr=False)


def canonical(pairs: Iterable[tuple[str, str]], *, where: str) -> dict[str, str]:
    """Return the texts of `pairs` by canonical names, with the properties inside ProfileSettings.

    Raises `ConnectionStringError` for an unknown name, for ProfileSettings within ProfileSettings, and for a property
    given twice with different values.
    """
    texts: dict[str, str] = {}
    for name, text in pairs:
        _put(texts, find(name, where=where).name, text, where=where)
    settings = texts.pop("ProfileSettings", "")
    inside = f"{where}: ProfileSettings"
    for name, text in parse(settings, where=inside).items():
        known = find(name, where=inside).name
        if known == "ProfileSettings":
            raise ConnectionStringError(f"{inside} stands within ProfileSettings")
        _put(texts, known, text, where=where)
    return texts


def merge(layers: Iterable[Layer]) -> dict[str, Given]:
    """Return every property with the text of the nearest layer that gives it; an empty text counts as given."""
    given: dict[str, Given] = {}
    for layer in sorted(layers, key=lambda layer: layer.place):
        for name, text in layer.texts.items():
            given.setdefault(name, Given(text, layer.place, layer.where))
    return given


def _put(texts: dict[str, str], name: str, text: str, *, where: str) -> None:
    if texts.setdefault(name, text) != text:
        raise ConnectionStringError(f"{where}: {name} is given twice, with different values")
