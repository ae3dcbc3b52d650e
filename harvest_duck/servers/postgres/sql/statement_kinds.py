"""The statements of PostgreSQL that a session meets, as values: what it does with each is the session's affair."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harvest_duck.servers.postgres.failure import Failure
    from harvest_duck.servers.postgres.sql.tokens import Token

__all__ = [
    "Begin",
    "CloseCursor",
    "Commit",
    "Copy",
    "Deallocate",
    "Declare",
    "Discard",
    "Empty",
    "ExecutePrepared",
    "Explain",
    "Fetch",
    "Isolation",
    "Listen",
    "Modes",
    "Move",
    "Prepare",
    "Refused",
    "Release",
    "Reset",
    "Rollback",
    "Savepoint",
    "Select",
    "Set",
    "SetTransaction",
    "Show",
    "Statement",
]

Isolation = Literal["serializable", "repeatable read", "read committed", "read uncommitted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begins:
    """`start` is where the statement begins in the client's text."""

    start: int = 0


@dataclass(frozen=True, slots=True)
class Empty(_Begins):
    """Nothing but white space and comments."""

    tag: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class Select(_Begins):
    """What returns rows: SELECT, VALUES, TABLE, WITH, or DuckDB's FROM. DuckDB's parser knows whether it is one."""

    tokens: tuple[Token, ...]
    tag: ClassVar[str] = "SELECT"


@dataclass(frozen=True, slots=True)
class Explain(_Begins):
    """EXPLAIN of a query, or of an EXECUTE or DECLARE."""

    body: Select | ExecutePrepared | Declare
    analyze: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    """Options of the form EXPLAIN (…) as they stand, by small names: `{"format": "json"}`."""
    tag: ClassVar[str] = "EXPLAIN"


@dataclass(frozen=True, slots=True)
class Modes:
    """Modes of a transaction, None where they are not told."""

    isolation: Isolation | None = None
    read_only: bool | None = None
    deferrable: bool | None = None


@dataclass(frozen=True, slots=True)
class Begin(_Begins):
    """BEGIN or START TRANSACTION."""

    modes: Modes = Modes()
    tag: str = "BEGIN"


@dataclass(frozen=True, slots=True)
class Commit(_Begins):
    """COMMIT or END."""

    chain: bool = False
    tag: ClassVar[str] = "COMMIT"


@dataclass(frozen=True, slots=True)
class Rollback(_Begins):
    """ROLLBACK or ABORT, `to` a savepoint or of all."""

    to: str | None = None
    chain: bool = False
    tag: ClassVar[str] = "ROLLBACK"


@dataclass(frozen=True, slots=True)
class Savepoint(_Begins):
    """SAVEPOINT."""

    name: str
    tag: ClassVar[str] = "SAVEPOINT"


@dataclass(frozen=True, slots=True)
class Release(_Begins):
    """RELEASE SAVEPOINT."""

    name: str
    tag: ClassVar[str] = "RELEASE"


@dataclass(frozen=True, slots=True)
class Set(_Begins):
    """SET of a setting, by its small name: `value` is None for DEFAULT.

    A value is the text that SHOW would tell: the items of a list with ", " between them, the name of a time zone,
    `-8` for TIME ZONE -8, `local` for TIME ZONE LOCAL.
    """

    name: str
    value: str | None
    local: bool = False
    tag: ClassVar[str] = "SET"


@dataclass(frozen=True, slots=True)
class SetTransaction(_Begins):
    """SET TRANSACTION, or for the `session` SET SESSION CHARACTERISTICS AS TRANSACTION."""

    modes: Modes
    session: bool = False
    tag: ClassVar[str] = "SET"


@dataclass(frozen=True, slots=True)
class Reset(_Begins):
    """RESET of a setting, None for ALL."""

    name: str | None
    tag: ClassVar[str] = "RESET"


@dataclass(frozen=True, slots=True)
class Show(_Begins):
    """SHOW of a setting by its small name, or of `all`."""

    name: str
    tag: ClassVar[str] = "SHOW"


@dataclass(frozen=True, slots=True)
class Discard(_Begins):
    """DISCARD `all`, `plans`, `sequences` or `temp`."""

    what: Literal["all", "plans", "sequences", "temp"]

    @property
    def tag(self) -> str:
        """The command's tag."""
        return f"DISCARD {self.what.upper()}"


@dataclass(frozen=True, slots=True)
class Prepare(_Begins):
    """PREPARE with the types of its parameters as they are written."""

    name: str
    types: tuple[str, ...]
    body: Statement
    tag: ClassVar[str] = "PREPARE"


@dataclass(frozen=True, slots=True)
class ExecutePrepared(_Begins):
    """EXECUTE of a prepared statement; each argument is an expression."""

    name: str
    arguments: tuple[tuple[Token, ...], ...]
    tag: ClassVar[str] = "EXECUTE"


@dataclass(frozen=True, slots=True)
class Deallocate(_Begins):
    """DEALLOCATE of a prepared statement, None for ALL."""

    name: str | None

    @property
    def tag(self) -> str:
        """The command's tag."""
        return "DEALLOCATE" if self.name is not None else "DEALLOCATE ALL"


@dataclass(frozen=True, slots=True)
class Declare(_Begins):
    """DECLARE CURSOR. `scroll` is None where neither SCROLL nor NO SCROLL is said."""

    name: str
    body: Select
    hold: bool = False
    binary: bool = False
    scroll: bool | None = None
    tag: ClassVar[str] = "DECLARE CURSOR"


@dataclass(frozen=True, slots=True)
class Fetch(_Begins):
    """FETCH: `count` rows `forward` or `backward`, None for ALL; or the one row at `absolute` or `relative` count.

    NEXT is one forward, PRIOR one backward, FIRST absolute 1, LAST absolute -1.
    """

    name: str
    direction: Literal["forward", "backward", "absolute", "relative"] = "forward"
    count: int | None = 1
    tag: ClassVar[str] = "FETCH"


@dataclass(frozen=True, slots=True)
class Move(_Begins):
    """MOVE: as FETCH, without rows."""

    name: str
    direction: Literal["forward", "backward", "absolute", "relative"] = "forward"
    count: int | None = 1
    tag: ClassVar[str] = "MOVE"


@dataclass(frozen=True, slots=True)
class CloseCursor(_Begins):
    """CLOSE of a cursor, None for ALL."""

    name: str | None

    @property
    def tag(self) -> str:
        """The command's tag."""
        return "CLOSE CURSOR" if self.name is not None else "CLOSE CURSOR ALL"


@dataclass(frozen=True, slots=True)
class Copy(_Begins):
    """COPY … TO STDOUT of a query; a table's is that of its columns.

    Options have small names: `format` (text, csv or binary), `delimiter`, `null`, `header` (true, false or match),
    `quote`, `escape`, `encoding` as texts, and `force_quote` as names, of which `("*",)` is all.
    """

    body: Select
    options: Mapping[str, str | tuple[str, ...]]
    tag: ClassVar[str] = "COPY"


@dataclass(frozen=True, slots=True)
class Listen(_Begins):
    """LISTEN or UNLISTEN: nobody notifies here."""

    channel: str
    tag: str = "LISTEN"


@dataclass(frozen=True, slots=True)
class Refused(_Begins):
    """A statement that is none for readers, with the failure of who runs it."""

    word: str
    failure: Failure

    @property
    def tag(self) -> str:
        """The command's tag."""
        return self.word


Statement = (
    Empty
    | Select
    | Explain
    | Begin
    | Commit
    | Rollback
    | Savepoint
    | Release
    | Set
    | SetTransaction
    | Reset
    | Show
    | Discard
    | Prepare
    | ExecutePrepared
    | Deallocate
    | Declare
    | Fetch
    | Move
    | CloseCursor
    | Copy
    | Listen
    | Refused
)
