"""The statements without rows: transactions, settings, prepared statements and cursors."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.session.declared import Declared
from harvest_duck.servers.postgres.session.portals import CommandPortal, Counted
from harvest_duck.servers.postgres.session.prepared import Prepared, parameter_oids
from harvest_duck.servers.postgres.sql import statement_kinds as kinds
from harvest_duck.servers.postgres.sql.type_names import named_type

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from harvest_duck.servers.postgres.session.portals import Source
    from harvest_duck.servers.postgres.session.state import State

__all__ = ["command"]


def command(state: State, statement: kinds.Statement, source: Source | None = None) -> CommandPortal:
    """Return the portal of a statement without rows; `source` has those of the cursor that it declares."""
    if isinstance(statement, kinds.Declare):
        if source is None:
            raise AssertionError
        return DeclarePortal(state, statement, source)
    return CommandPortal(statement.tag, partial(_run, state, statement))


class DeclarePortal(CommandPortal):
    """A DECLARE; the cursor takes its rows over."""

    def __init__(self, state: State, statement: kinds.Declare, source: Source) -> None:
        super().__init__(statement.tag, self._declare)
        self._state = state
        self._declared = statement
        self._source: Source | None = source

    def close(self) -> None:
        """End the query of a cursor that was not declared."""
        if self._source is not None:
            self._source.close()

    async def _declare(self) -> str:
        state, name, source = self._state, self._declared.name, self._source
        if not self._declared.hold and state.transaction.status == "I":
            raise Failure("25P01", "DECLARE CURSOR can only be used in transaction blocks")
        if name in state.declared or name in state.portals:
            raise Failure("42P03", f'cursor "{name}" already exists')
        if source is not None:
            declared = Declared(Counted(source), hold=self._declared.hold, binary=self._declared.binary)
            declared.depth = state.transaction.depth
            state.declared[name] = declared
        self._source = None
        return self._declared.tag


async def _run(state: State, statement: kinds.Statement) -> str:
    """Run a statement, and return its tag. LISTEN, UNLISTEN and the empty statement do nothing."""
    if isinstance(statement, kinds.Refused):
        raise statement.failure
    run = _RUN.get(type(statement))
    told = None if run is None else await run(state, statement)
    return statement.tag if told is None else told


async def _begin(state: State, statement: kinds.Begin) -> None:
    if state.transaction.status != "I":
        state.warn("25001", "there is already a transaction in progress")
    else:
        state.transaction.begin()
    _set_modes(state, statement.modes, session=False)


async def _commit(state: State, statement: kinds.Commit) -> str | None:
    return None if await _end(state, chain=statement.chain, committing=True) else "ROLLBACK"


async def _rollback(state: State, statement: kinds.Rollback) -> None:
    if statement.to is None:
        await _end(state, chain=statement.chain, committing=False)
    else:
        state.transaction.rollback_to(statement.to)
        depth = state.transaction.depth
        after = [name for name, each in state.declared.items() if each.depth >= depth and not each.committed]
        await state.close([state.declared.pop(name) for name in after])


async def _savepoint(state: State, statement: kinds.Savepoint) -> None:
    state.transaction.savepoint(statement.name)


async def _release(state: State, statement: kinds.Release) -> None:
    state.transaction.release(statement.name)
    for declared in state.declared.values():
        declared.depth = min(declared.depth, state.transaction.depth)


async def _set_transaction(state: State, statement: kinds.SetTransaction) -> None:
    _set_modes(state, statement.modes, session=statement.session)


async def _end(state: State, *, chain: bool, committing: bool) -> bool:
    """End the block, and begin another where one is chained; return whether it was committed."""
    transaction = state.transaction
    if transaction.status == "I":
        if chain:
            word = "COMMIT" if committing else "ROLLBACK"
            raise Failure("25P01", f"{word} AND CHAIN can only be used in transaction blocks")
        state.warn("25P01", "there is no transaction in progress")
        return True
    committed = committing and transaction.status == "T"
    if committed:
        transaction.commit()
    else:
        transaction.rollback()
    await state.end_transaction(failed=not committed)
    if chain:
        transaction.begin()
    return committed


def _set_modes(state: State, modes: kinds.Modes, *, session: bool) -> None:
    """Set the modes of this transaction, or of those to come. Nothing is written in any."""
    chosen = {
        "transaction_isolation": modes.isolation,
        "transaction_read_only": _word(modes.read_only),
        "transaction_deferrable": _word(modes.deferrable),
    }
    for name, value in chosen.items():
        if value is None:
            continue
        if session:
            state.transaction.set(f"default_{name}", value)
        elif state.transaction.status == "I":
            state.warn("25P01", "SET TRANSACTION can only be used in transaction blocks")
            return
        else:
            state.transaction.set_local(name, value)


def _word(value: bool | None) -> str | None:  # noqa: FBT001 - None is a third value
    return None if value is None else "on" if value else "off"


async def _set(state: State, statement: kinds.Set) -> None:
    if not statement.local:
        state.transaction.set(statement.name, statement.value)
    elif state.transaction.status == "I":
        state.settings.check(statement.name, statement.value)
        state.warn("25P01", "SET LOCAL can only be used in transaction blocks")
    else:
        state.transaction.set_local(statement.name, statement.value)


async def _reset(state: State, statement: kinds.Reset) -> None:
    if statement.name is None:
        state.transaction.reset_all()
    else:
        state.transaction.set(statement.name, None)


async def _discard(state: State, statement: kinds.Discard) -> None:
    if statement.what == "all":
        if state.transaction.status != "I":
            raise Failure("25001", "DISCARD ALL cannot run inside a transaction block")
        state.transaction.reset_all()
        state.prepared.clear()
        await _close(state, kinds.CloseCursor(None))


async def _prepare(state: State, statement: kinds.Prepare) -> None:
    if statement.name in state.prepared:
        raise Failure("42P05", f'prepared statement "{statement.name}" already exists')
    types = parameter_oids(statement.body, [named_type(name) or 0 for name in statement.types], state.database.type_of)
    state.prepared[statement.name] = Prepared(statement.body, types, type_names=statement.types)


async def _deallocate(state: State, statement: kinds.Deallocate) -> None:
    if statement.name is None:
        state.prepared.clear()
    elif state.prepared.pop(statement.name, None) is None:
        raise Failure("26000", f'prepared statement "{statement.name}" does not exist')


async def _move(state: State, statement: kinds.Move) -> str:
    declared = state.cursor(statement.name)
    skipped, wanted = declared.steps(statement.direction, statement.count)
    since = declared.position
    try:
        return f"MOVE {await state.interruption.run(declared.move, skipped, wanted)}"
    except Exception:
        declared.source.fail(since)
        raise


async def _close(state: State, statement: kinds.CloseCursor) -> None:
    if statement.name is None:
        closing, state.declared = list(state.declared.values()), {}
        await state.close(closing)
    elif statement.name in state.declared:
        await state.close([state.declared.pop(statement.name)])
    elif statement.name in state.portals:
        await state.close_portal(statement.name)
    else:
        raise Failure("34000", f'cursor "{statement.name}" does not exist')


#: What runs a statement; it returns a tag where that is not the statement's own.
_RUN: Mapping[type, Callable[[State, Any], Awaitable[str | None]]] = {
    kinds.Begin: _begin,
    kinds.Commit: _commit,
    kinds.Rollback: _rollback,
    kinds.Savepoint: _savepoint,
    kinds.Release: _release,
    kinds.SetTransaction: _set_transaction,
    kinds.Set: _set,
    kinds.Reset: _reset,
    kinds.Discard: _discard,
    kinds.Prepare: _prepare,
    kinds.Deallocate: _deallocate,
    kinds.Move: _move,
    kinds.CloseCursor: _close,
}
