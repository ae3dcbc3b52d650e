"""Edits the text of `connections.toml`: adds, changes or removes a section and leaves the rest as the user wrote it.

`harvest_duck.connections` writes the result to the file. Each result is parsed before it is returned: all other
sections mean the same as before, or the edit fails. No error repeats any part of the file.
"""

from __future__ import annotations

import tomllib
from itertools import takewhile
from typing import TYPE_CHECKING

from harvest_duck.errors import ConnectionStringError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tomlkit import TOMLDocument
    from tomlkit.items import Item, Table

Section = dict[str, str | int]


def with_section(text: str, name: str, section: Section) -> str:
    """Return `text` with the section called exactly `name`: in place of the one of that name, else after all others.

    Comments in a replaced section stay. Raises `ConnectionStringError` if the edit fails.
    """
    before = tomllib.loads(text)
    changed = _refilled(text, name, section) if name in before else _appended(text, name, section)
    return _checked(changed, before | {name: section})


def without_sections(text: str, names: Collection[str]) -> str:
    """Return `text` without the sections called exactly so; the comments after the last key of one stay.

    Raises `ConnectionStringError` if the edit fails.
    """
    kept = {name: section for name, section in tomllib.loads(text).items() if name not in names}
    return _checked(_cut(text, names), kept)


def _checked(text: str, expected: Mapping[str, object]) -> str:
    """Return `text`; raises `ConnectionStringError` if it does not parse as `expected`."""
    try:
        same = tomllib.loads(text) == expected
    except tomllib.TOMLDecodeError:
        same = False
    if not same:
        raise _uneditable()
    return text


def _document(text: str) -> TOMLDocument:
    import tomlkit  # noqa: PLC0415 - only writing needs it
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415 - as above

    try:
        return tomlkit.parse(text)
    except TOMLKitError:
        raise _uneditable() from None


def _uneditable() -> ConnectionStringError:
    return ConnectionStringError("connections.toml is written in a way that only a person can change: edit it by hand")


def _appended(text: str, name: str, section: Section) -> str:
    import tomlkit  # noqa: PLC0415 - as above

    line_end = "\r\n" if "\r\n" in text else "\n"
    missing = 0 if not text or text.endswith(line_end * 2) else 1 if text.endswith(line_end) else 2
    return text + line_end * missing + tomlkit.dumps({name: section}).replace("\n", line_end)


def _refilled(text: str, name: str, section: Section) -> str:
    from tomlkit.items import Table  # noqa: PLC0415 - as above

    document = _document(text if text.endswith("\n") else f"{text}\n")
    # Not by document[name], which fails for some tables in pieces (tomlkit 0.15).
    table, *pieces = [item for key, item in document.body if key is not None and key.key == name]
    if pieces or not isinstance(table, Table) or table.is_super_table() or _is_nested(table):
        # Its keys stand in several places.
        return _appended(_cut(text, {name}), name, section)
    body, after = table.value.body, _after(table)
    # Comments after the last key belong to this section in TOML, but a reader takes them for those of the next.
    del body[len(body) - len(after) :]
    for key in [key for key in table if key not in section]:
        table.remove(key)
    table.update(section)
    body.extend((None, item) for item in after)
    return document.as_string()


def _is_nested(table: Table) -> bool:
    from tomlkit.items import AoT, Table  # noqa: PLC0415 - as above

    return any(isinstance(item, Table | AoT) for item in table.values())


def _cut(text: str, names: Collection[str]) -> str:
    from tomlkit.items import Whitespace  # noqa: PLC0415 - as above

    document = _document(text)
    for position, (key, item) in enumerate(document.body):
        if key is not None and key.key in names:
            after = "".join(each.as_string() for each in _after(item))
            document.body[position] = (None, Whitespace(after.lstrip()))
    return document.as_string()


def _after(item: Item) -> list[Item]:
    """Return the comments and blank lines after the last key of a table, or of the last table within it."""
    from tomlkit.items import AoT, Table  # noqa: PLC0415 - as above

    while isinstance(item, AoT):
        item = item.body[-1]
    if not isinstance(item, Table):
        return []
    own = [each for _, each in takewhile(lambda entry: entry[0] is None, reversed(item.value.body))][::-1]
    last = next((each for key, each in reversed(item.value.body) if key is not None), item)
    return own if last is item else [*_after(last), *own]
