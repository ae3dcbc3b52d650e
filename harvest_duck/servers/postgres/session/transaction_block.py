"""The transaction of a session. Nothing is ever written: it is what a client was told, its settings and its cursors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.session.settings import key_of

if TYPE_CHECKING:
    from harvest_duck.servers.postgres.session.settings import Settings

__all__ = ["TransactionBlock"]

_ABORTED = "current transaction is aborted, commands ignored until end of transaction block"


class TransactionBlock:
    """Where a session stands: idle (I), in a transaction block (T), or in one that failed (E).

    A block that fails takes back what it set; one that ends takes back what it set for itself.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.status: Literal["I", "T", "E"] = "I"
        #: The settings before the block, and at each savepoint.
        self._before: dict[str, str] = {}
        self._savepoints: list[tuple[str, dict[str, str], dict[str, str | None]]] = []
        #: What SET LOCAL changed, as it was before; a SET after it stays.
        self._local: dict[str, str | None] = {}

    def check(self) -> None:
        """Raise a Failure in a block that failed."""
        if self.status == "E":
            raise Failure("25P02", _ABORTED)

    def begin(self) -> None:
        """Begin a block."""
        self.status = "T"
        self._before = self._settings.snapshot()

    def commit(self) -> bool:
        """End the block; return whether it had not failed."""
        if self.status == "E":
            self.rollback()
            return False
        self._take_back_local()
        self._end()
        return True

    def rollback(self) -> None:
        """End the block, as if it had not been."""
        if self.status != "I":
            self._settings.restore(self._before)
        self._end()

    def fail(self) -> None:
        """Let the block fail, if there is one."""
        if self.status == "T":
            self.status = "E"

    def savepoint(self, name: str) -> None:
        """Remember this point of the block."""
        self._refuse_outside("SAVEPOINT")
        self._savepoints.append((name, self._settings.snapshot(), dict(self._local)))

    def release(self, name: str) -> None:
        """Forget a savepoint and those after it."""
        self._refuse_outside("RELEASE SAVEPOINT")
        del self._savepoints[self._index(name) :]

    def rollback_to(self, name: str) -> None:
        """Go back to a savepoint, which stays; a block that failed after it goes on."""
        if self.status == "I":
            raise Failure("25P01", "ROLLBACK TO SAVEPOINT can only be used in transaction blocks")
        at = self._index(name)
        _, settings, local = self._savepoints[at]
        self._settings.restore(settings)
        self._local = dict(local)
        del self._savepoints[at + 1 :]
        self.status = "T"

    @property
    def depth(self) -> int:
        """The number of savepoints."""
        return len(self._savepoints)

    def set(self, name: str, value: str | None) -> None:
        """Set a value, by default the one that the session began with, that stays when the block is committed."""
        self._settings.set(name, value)
        self._local.pop(key_of(name), None)

    def reset_all(self) -> None:
        """Set all values back, also those that hold until the block ends."""
        self._settings.reset_all()
        self._local = {}

    def set_local(self, name: str, value: str | None) -> None:
        """Set a value until the block ends."""
        before = self._settings.own_value(name)
        self._settings.set(name, value)
        self._local.setdefault(key_of(name), before)

    def _take_back_local(self) -> None:
        for name, value in self._local.items():
            self._settings.put_back(name, value)

    def _refuse_outside(self, what: str) -> None:
        if self.status == "I":
            raise Failure("25P01", f"{what} can only be used in transaction blocks")

    def _index(self, name: str) -> int:
        for at in range(len(self._savepoints) - 1, -1, -1):
            if self._savepoints[at][0] == name:
                return at
        raise Failure("3B001", f'savepoint "{name}" does not exist')

    def _end(self) -> None:
        self.status = "I"
        self._before, self._savepoints, self._local = {}, [], {}
