"""A ready view as its file tells it: the head names arguments, definition and columns, and the rest is one SELECT.

The SELECT is SQL as it stands, over an account attached as `harvest`, with its arguments as parameters: `$from_date`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEAD = re.compile(r"-- (?P<name>[a-z_]+): (?P<question>.+)")
_SECTION = re.compile(r"-- (?P<title>Access|Arguments|Definition|Columns)(?:: (?P<value>\w+))?")
_ARGUMENT = re.compile(r"(?P<name>\w+) (?P<type>\S+) = (?P<default>.+) \| (?P<text>.+)")
_COLUMN = re.compile(r"(?P<name>\w+): (?P<text>.+)")


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a view: its type and default as SQL, and what it means."""

    name: str
    type: str
    default: str
    text: str


@dataclass(frozen=True, slots=True)
class View:
    """A ready view: the question that it answers, how it counts, and the SELECT that does.

    `access` says what a token gets that is no administrator's, see `docs/views.md`. `columns` maps each column to what
    it means.
    """

    name: str
    question: str
    access: str
    arguments: tuple[Argument, ...]
    definition: str
    columns: dict[str, str]
    sql: str


def parsed(source: str) -> View:
    """Return the view of a file; raises `ValueError` where its head is none."""
    lines = source.splitlines()
    length = next((n for n, line in enumerate(lines) if not line.startswith("--")), len(lines))
    head = _HEAD.fullmatch(lines[0])
    if head is None:
        raise ValueError(f"the first line of a view is its name and question: {lines[0]}")
    sections: dict[str, list[str]] = {"Arguments": [], "Definition": [], "Columns": []}
    access, title = "account", ""
    for line in lines[1:length]:
        section = _SECTION.fullmatch(line)
        if section is None:
            text = line.removeprefix("--").strip()
            if text:
                sections[title].append(text)
        elif section["value"]:
            access = section["value"]
        else:
            title = section["title"]
    return View(
        name=head["name"],
        question=head["question"],
        access=access,
        arguments=tuple(Argument(**_matched(_ARGUMENT, line)) for line in sections["Arguments"]),
        definition=" ".join(sections["Definition"]),
        columns={found["name"]: found["text"] for found in (_matched(_COLUMN, line) for line in sections["Columns"])},
        sql="\n".join(lines[length:]).strip(),
    )


def _matched(pattern: re.Pattern[str], line: str) -> dict[str, str]:
    found = pattern.fullmatch(line)
    if found is None:
        raise ValueError(f"this line of the head of a view is none: {line}")
    return found.groupdict()
