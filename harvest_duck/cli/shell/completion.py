"""What Tab offers at the prompt: SQL, dot commands, and what stands behind these."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prompt_toolkit.completion import Completer
from prompt_toolkit.completion import Completion as Shown

from harvest_duck.cli.shell.dot_commands import COMMANDS, Takes
from harvest_duck.text import shortened, terminal_safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document

    from harvest_duck.introspection.sql_names import Completion, Names

__all__ = ["SqlCompleter", "completions"]

_SWITCH = ("on", "off")
#: The most that a list shows of a completion, so that what it means has room beside it.
_LONGEST = 36


def completions(before: str, after: str, names: Names) -> list[Completion]:
    """Return what may stand at the cursor of the prompt."""
    # What runs SQL takes longer to load than a prompt.
    from harvest_duck.introspection.sql_completion import complete  # noqa: PLC0415
    from harvest_duck.introspection.sql_names import Completion  # noqa: PLC0415

    line = before.lstrip()
    if not line.startswith("."):
        return complete(before, after, names)
    name, blank, argument = line.partition(" ")
    if blank:
        return _behind(name.lower(), argument.lstrip(), after, names)
    return [
        Completion(each + ("" if command.takes is Takes.NOTHING else " "), len(name), each, command.about)
        for each, command in COMMANDS.items()
        if each.startswith(name.lower())
    ]


def _behind(command: str, typed: str, after: str, names: Names) -> list[Completion]:
    """Return what may stand behind a dot command, of which `typed` is there."""
    from harvest_duck.formats import BINARY, Format  # noqa: PLC0415 - as above
    from harvest_duck.introspection.sql_completion import complete  # noqa: PLC0415
    from harvest_duck.introspection.sql_names import Completion  # noqa: PLC0415
    from harvest_duck.introspection.sql_texts import connection_string  # noqa: PLC0415

    words: tuple[str, ...] = ()
    match COMMANDS[command].takes if command in COMMANDS else None:
        case Takes.SQL:
            return complete(typed, after, names)
        case Takes.TABLE:
            # The name of a view without its parentheses.
            relations = complete(f"FROM {typed}", after, names)
            return [Completion(re.sub(r"\(.*", "", each.text), *_rest(each)) for each in relations]
        case Takes.CONNECTION:
            return connection_string(typed, names.connections)
        case Takes.FORMAT:
            words = ("auto", *(str(form) for form in Format if form not in BINARY))
        case Takes.SWITCH:
            words = _SWITCH
    return [Completion(word, len(typed), word) for word in words if word.startswith(typed.lower())]


def _rest(found: Completion) -> tuple[int, str, str]:
    return found.replaced, found.display, found.meaning


class SqlCompleter(Completer):
    """Completions for prompt_toolkit; it asks for the names at the first Tab after each `forget`."""

    def __init__(self, read_names: Callable[[], Names | None]) -> None:
        self._read_names = read_names
        self._names: Names | None = None

    def forget(self) -> None:
        """Have the names read again, as after a statement, which may have made some."""
        self._names = None

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Shown]:  # noqa: ARG002 - as prompt_toolkit calls it
        """Yield the completions at the cursor; none where the names cannot be known yet."""
        # Another thread may forget them meanwhile.
        names = self._names = self._names or self._read_names()
        if names is None:
            return
        before, after = document.text_before_cursor, document.text_after_cursor
        for each in completions(before, after, names):
            yield Shown(
                each.text,
                start_position=-each.replaced,
                display=terminal_safe(shortened(each.display, _LONGEST)),
                display_meta=terminal_safe(each.meaning),
            )
