"""What no reader may run: PostgreSQL's commands that change something, and SELECTs that lock or create."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.sql.statement_kinds import Refused

if TYPE_CHECKING:
    from harvest_duck.servers.postgres.sql.token_reader import TokenReader

__all__ = ["locking", "read_only", "refused"]

#: Commands of PostgreSQL, and of DuckDB, that change what a database holds or how it works.
_WRITES = {
    "alter",
    "analyze",
    "call",
    "checkpoint",
    "cluster",
    "comment",
    "create",
    "delete",
    "do",
    "drop",
    "export",
    "grant",
    "import",
    "insert",
    "lock",
    "merge",
    "notify",
    "reassign",
    "refresh",
    "reindex",
    "revoke",
    "security",
    "truncate",
    "update",
    "vacuum",
    "attach",
    "detach",
    "install",
    "load",
    "use",
    "pragma",
    "force",
}
#: Their tags have a second word.
_OF_WHAT = {"alter", "create", "drop", "import", "lock", "refresh", "reassign", "truncate"}
_LOCKS = (("for", "update"), ("for", "share"), ("for", "no", "key", "update"), ("for", "key", "share"))


def read_only(command: str, *, position: int | None = None) -> Failure:
    """Return the failure of a command that writes."""
    return Failure(
        "25006",
        f"cannot execute {command} in a read-only transaction",
        position=position,
        hint="Harvest's tables are read only: a statement has to be a SELECT, or EXPLAIN of one.",
    )


def refused(reader: TokenReader) -> Refused:
    """Return what refuses a statement that no session knows; raise Failure 42601 if PostgreSQL has none either."""
    first = reader.peek()
    word = reader.word()
    if first is None or word not in _WRITES:
        raise reader.refusal()
    command = word.upper()
    second = reader.word(1)
    if word in _OF_WHAT and second is not None:
        command = f"{command} {second.upper()}"
    return Refused(command, read_only(command), start=first.start)


def locking(reader: TokenReader) -> Refused | None:
    """Return what refuses a SELECT that locks rows, or makes a table of them; None for any other."""
    depth = 0
    chosen = reader.word() in {"select", "with"}
    for at, token in enumerate(reader.tokens):
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if token.word == "into" and chosen and not depth:
            return Refused(
                "SELECT INTO", read_only("SELECT INTO", position=token.start + 1), start=reader.tokens[0].start
            )
        if token.word == "for":
            words = tuple(each.word for each in reader.tokens[at : at + 4])
            for lock in _LOCKS:
                if words[: len(lock)] == lock and not _substring(reader, at):
                    command = "SELECT " + " ".join(lock).upper()
                    return Refused(command, read_only(command, position=token.start + 1), start=reader.tokens[0].start)
    return None


def _substring(reader: TokenReader, at: int) -> bool:
    """Whether the FOR at a place is that of substring(x FROM 1 FOR share)."""
    depth = 0
    for before in range(at - 1, 0, -1):
        text = reader.tokens[before].text
        depth += {")": 1, "(": -1}.get(text, 0)
        if depth < 0:
            return reader.tokens[before - 1].word in {"substring", "overlay"}
    return False
