"""`harvest-duck shell`: SQL and dot commands, typed at a prompt or read from standard input.

::

    a person ─ prompt ─┐                                        ┌─ dot_commands, actions
                       ├─ pieces ─ session: what is remembered ─┤
    a pipe ─ script ───┘                                        └─ the writer of `harvest-duck query`

Only `prompt` and what it imports need prompt_toolkit, so what is piped runs without it.
"""
