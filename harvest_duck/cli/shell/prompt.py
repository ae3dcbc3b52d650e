"""The line that a person types in: several lines up to a semicolon, with history and completion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.filters import is_searching
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.output import create_output

if TYPE_CHECKING:
    from collections.abc import Callable

    from prompt_toolkit.completion import Completer
    from prompt_toolkit.history import History
    from prompt_toolkit.key_binding import KeyPressEvent

__all__ = ["Prompt"]

#: What stands before the further lines of a statement; the first has the name of the account.
_FURTHER = "...> "


class Prompt:
    """Asks for one text after the other; `shown` is called when the first prompt is on the screen."""

    def __init__(self, history: History, completer: Completer, shown: Callable[[], object]) -> None:
        self._session: PromptSession[str] = PromptSession(
            history=history,
            multiline=True,
            key_bindings=_keys(),
            prompt_continuation=lambda width, _line, _wraps: _FURTHER.rjust(width),
            completer=completer,
            complete_while_typing=False,
            enable_suspend=True,
            # What can be completed is known once DuckDB is there.
            complete_in_thread=True,
            # Where the rows go into a pipe, the prompt stays on the terminal.
            output=create_output(always_prefer_tty=True),
        )
        self._shown: Callable[[], object] | None = shown
        self._session.app.after_render += self._rendered

    def ask(self, name: str) -> str:
        """Return what is typed, of one or more lines; raises EOFError for Ctrl-D, KeyboardInterrupt for Ctrl-C."""
        return self._session.prompt(f"{name}> ")

    def _rendered(self, _: object) -> None:
        shown, self._shown = self._shown, None
        if shown is not None:
            shown()


def _keys() -> KeyBindings:
    """Return the keys that differ: Enter sends what is whole, and begins a line where it is not; Alt-Enter always does.

    In a menu of completions, Enter takes the chosen one.
    """
    keys = KeyBindings()

    @keys.add("enter", filter=~is_searching)
    def _send(event: KeyPressEvent) -> None:
        from harvest_duck.cli.shell.pieces import is_whole  # noqa: PLC0415 - DuckDB takes longer to load than a prompt

        buffer = event.current_buffer
        if buffer.complete_state is not None and buffer.complete_state.current_completion is not None:
            buffer.complete_state = None
        elif is_whole(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.newline(copy_margin=False)

    @keys.add("escape", "enter", filter=~is_searching)
    def _further(event: KeyPressEvent) -> None:
        event.current_buffer.newline(copy_margin=False)

    return keys
