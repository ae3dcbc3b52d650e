"""Whose copy a file is: one account as one user sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import MirrorError
from harvest_duck.mirror.paths import MirrorPaths
from harvest_duck.mirror.rights import fingerprint, sees_everything
from harvest_duck.text import escaped

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harvest_duck.mirror.run import Run
    from harvest_duck.mirror.run_records import Source
    from harvest_duck.scanner.table_reader import ReadRows


#: Which projects the user manages.
_MINE = TABLES["my_project_assignments"]


def owner(me: ReadRows) -> dict[str, Any]:
    """Return the record of the user whose token reads; raise `MirrorError` where it reads several accounts."""
    records = me.rows.to_pylist()
    if len(records) != 1:
        raise MirrorError(
            f"the connection names {len(records)} accounts, and a copy holds one: set AccountId to the number of one"
        )
    found: dict[str, Any] = records[0]
    return found


def is_owner(source: Source, me: Mapping[str, Any]) -> bool:
    """Whether a copy is of the account and the user of the record `me`."""
    return (source.account_id, source.user_id) == (me["account_id"], me["id"])


def refuse_stranger(path: Path, source: Source, me: Mapping[str, Any]) -> None:
    """Raise `MirrorError` if the copy at `path` is of another account, or of another user, than the record `me`."""
    for word, held, now in (("account", source.account_id, me["account_id"]), ("user", source.user_id, me["id"])):
        if held in (None, now):
            continue
        if source.first_copied_at is None:
            part = MirrorPaths.of(path).part
            raise MirrorError(
                f"{escaped(path)}: the first copy was begun for {word} {held}, and the connection is that of {word} "
                f"{now}: go on with the connection that it was begun with, or remove {escaped(part.name)} to begin anew"
            )
        raise MirrorError(
            f"{escaped(path)} is a copy for {word} {held}, and the connection is that of {word} {now}: "
            "sync to another file, or use the connection that the copy was made with"
        )


def refuse_other_account(path: Path, source: Source, accounts: tuple[int, ...] | None) -> None:
    """Raise `MirrorError` if a connection that is offline names other accounts than that of the copy at `path`."""
    if accounts is not None and accounts != (source.account_id,):
        numbers = ", ".join(map(str, accounts))
        raise MirrorError(
            f"{escaped(path)} is a copy for account {source.account_id}, and the connection names {numbers}: "
            "name the file of that account, or leave AccountId out"
        )


def rights(run: Run, me: Mapping[str, Any]) -> str:
    """Return the fingerprint of what the user may see; asks for their projects where those decide it."""
    if sees_everything(me):
        return fingerprint(me, ())
    run.read_before[_MINE.name] = run.reader.read(_MINE)
    return _fingerprint(me, run.read_before[_MINE.name])


def require_same_rights(run: Run) -> None:
    """Raise `MirrorError` if the user has other rights than when the run began, so that what is gone may be there."""
    run.read_before.clear()
    me = owner(run.read(TABLES["me"]))
    now = fingerprint(me, ()) if sees_everything(me) else _fingerprint(me, run.read(_MINE))
    if now != run.copy.source().rights:
        raise MirrorError(
            "the rights of the user changed while the sync ran, so that records which it misses may only be out of "
            "sight; the copy was left as it was: sync again"
        )


def _fingerprint(me: Mapping[str, Any], mine: ReadRows) -> str:
    return fingerprint(me, mine.rows.filter(mine.rows["is_project_manager"])["project_id"].to_pylist())
