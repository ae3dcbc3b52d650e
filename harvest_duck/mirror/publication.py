"""A copy is published by a rename: its readers see what one sync left or the next one, and are never refused.

A run works on a copy of the file, `.next`, or for a first copy on `.part`, which the next run goes on with. A run in
which no row changed leaves the file as it is, and keeps what it proved beside it.
"""

from __future__ import annotations

import os
import secrets
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb

from harvest_duck.errors import MirrorError
from harvest_duck.mirror import check_file, definitions, mirror_file, run_lock
from harvest_duck.mirror.definitions import FORMAT, RECORDS, record
from harvest_duck.mirror.paths import MirrorPaths, wal
from harvest_duck.mirror.run_records import RunRecords
from harvest_duck.mirror.working_copy import WorkingCopy
from harvest_duck.text import escaped, one_line, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harvest_duck.mirror.run_lock import RunLock

_REASON = 200
#: Called when this process has published a copy.
on_publish: list[Callable[[], None]] = []


class OpenCopy(WorkingCopy):
    """The file that a run works on, until it is published or its checks are kept. `first` where none is published.

    `copied` is the version of the published file that it is a copy of.
    """

    def __init__(
        self, con: duckdb.DuckDBPyConnection, paths: MirrorPaths, lock: RunLock, copied: mirror_file.FileVersion | None
    ) -> None:
        super().__init__(con)
        self.first = copied is None
        self._copied = copied
        self._paths = paths
        self._file = paths.part if self.first else paths.next
        self._lock = lock
        self._ended = False
        self._run: int | None = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A context whose changes are kept together at its end, or none of them after an error."""
        with mirror_file.reporting(self._file), super().transaction():
            yield

    def before_commit(self) -> None:
        """Make the log that DuckDB writes to, so that it is for the user alone."""
        mirror_file.touch_log(self._file)

    def begin_run(self, depth: str, started_at: datetime) -> int:
        """Keep that a run began, after those that were killed, and return its number."""
        known = {each.run for each in self.runs()} if self._lock.killed else set()
        for killed in self._lock.killed:
            if killed.run not in known:
                values = "(run, started_at) VALUES (?, ?)"
                self.run(f"INSERT INTO {record('sync_runs')} {values}", [killed.run, killed.since])
        self._run = super().begin_run(depth, started_at)
        self._lock.note_run(self._run)
        return self._run

    def keep_history(self, started_at: datetime, *, wanted: bool | None = None) -> None:
        """Begin a run that keeps earlier versions of what it changes, or does not; None leaves that as it was.

        Raises `MirrorError` where another program has tables in the way of a history that is kept.
        """
        super().keep_history(started_at, wanted=wanted)
        names = self.versions.foreign() if self.versions.kept else []
        if names:
            raise MirrorError(
                f"{escaped(self._paths.published)}: another program made, dropped or replaced "
                f"{shortened(', '.join(names), _REASON)}, as the tables of its history are named: give your own other "
                "names, or end the history by --no-history (history=False)"
            )

    def publish(self) -> None:
        """Give the file, with all that is in it, to its readers; nothing can be done with it after that.

        Raises `MirrorError` where another program writes to the published file, or did since it was copied.
        """
        now = datetime.now(UTC)
        with self.transaction():
            self.set_source(
                generation=secrets.token_hex(16), first_copied_at=self.source().first_copied_at or now, format=FORMAT
            )
        published = self._paths.published
        with mirror_file.reporting(self._file):
            mirror_file.detach(self.con, self._file)
            if self.first:
                _refuse_new(published)
            else:
                mirror_file.require_version(published, self._copied)
                _refuse_writer(self.con, published)
            mirror_file.replace(self._file, published)
        self._ended = True
        mirror_file.remove(self._paths.checks)
        for tell in on_publish:
            tell()

    def keep_checks(self) -> None:
        """Keep what the run proved beside the published file, which stays as it is; for a run that changed no row."""
        if not self.first:
            with mirror_file.reporting(self._paths.checks):
                check_file.write(self.con, self._paths, {name: record(name) for name in RECORDS})
        self._ended = True

    def keep_failure(self, error: BaseException) -> None:
        """Keep the records of a run that failed, and of nothing else that it did to a published copy."""
        if self._ended:
            return
        with suppress(duckdb.Error, OSError, MirrorError):
            unfinished = [each for each in self.runs() if each.run == self._run and each.ended_at is None]
            if unfinished:
                with self.transaction():
                    self.end_run(unfinished[0].run, ended_at=datetime.now(UTC), outcome=f"failed: {_reason(error)}")
            if self._run is not None and not self.first:
                check_file.write(self.con, self._paths, _BEFORE | {"sync_runs": record("sync_runs")})

    def leave(self) -> None:
        """Leave the file of a first copy as it is without its log; what was done to another one is not needed."""
        if not self._ended and self.first:
            with suppress(duckdb.Error, OSError):
                mirror_file.detach(self.con, self._file)
        with suppress(duckdb.Error):
            # Else closing writes what is about to be removed.
            self.con.execute("PRAGMA disable_checkpoint_on_shutdown")

    def remember_records(self) -> None:
        """Keep the records as they are, for `keep_failure`."""
        for name, table in _BEFORE.items():
            self.run(f"CREATE TEMP TABLE {table} AS FROM {record(name)}")


#: Where the records are kept as they were before the run.
_BEFORE = {name: f"{name}_before" for name in RECORDS}


@contextmanager
def working_copy(path: str | os.PathLike[str]) -> Iterator[OpenCopy]:
    """A context with the file that a run works on, which no other run works on.

    Raises `MirrorBusy` if one does, and `MirrorError` if there is something else at `path`, or it cannot be written.
    What is neither published nor kept by `keep_checks` is gone after it, but for a first copy.
    """
    paths = MirrorPaths.of(path)
    owner = os.getpid()
    with ExitStack() as stack:
        with mirror_file.reporting(paths.published):
            _require_folder(paths.published.parent)
            lock = stack.enter_context(run_lock.held(paths.lock, paths.published))
            stack.callback(_remove_leftovers, paths, owner)
            copy = _opened(paths, lock, stack)
        try:
            yield copy
        except BaseException as error:
            if os.getpid() == owner:
                copy.keep_failure(error)
            raise
        finally:
            if os.getpid() == owner:
                copy.leave()


def _opened(paths: MirrorPaths, lock: RunLock, stack: ExitStack) -> OpenCopy:
    _remove_leftovers(paths, os.getpid())
    paths.work.mkdir(mode=0o700)
    if os.name == "posix":
        # The umask may have removed the user's own bits.
        paths.work.chmod(0o700)
    con = stack.enter_context(mirror_file.instance(paths.work))
    first = not os.path.lexists(paths.published)
    if first:
        _attach_part(con, paths)
    copied = None if first else _attach_next(con, paths)
    copy = OpenCopy(con, paths, lock, copied)
    if not first:
        with check_file.attached(con, paths, copy.source().generation) as checks:
            if checks is not None:
                with copy.transaction():
                    check_file.take(con)
        copy.remember_records()
    _refuse_foreign(paths.published, copy)
    copy.bring_up_to_date()
    return copy


def _attach_part(con: duckdb.DuckDBPyConnection, paths: MirrorPaths) -> None:
    """Attach the file of a first copy, and make it if no run began one."""
    mirror_file.refuse_log(paths.published)
    if not paths.part.exists():
        begun = paths.work / "begun.duckdb"
        mirror_file.attach(con, begun)
        con.execute("BEGIN TRANSACTION")
        for statement in definitions.schemas():
            con.execute(statement)
        RunRecords(con).make_source("")
        con.execute("COMMIT")
        mirror_file.detach(con, begun)
        mirror_file.replace(begun, paths.part)
    mirror_file.attach(con, paths.part)
    mirror_file.require_copy(con, paths.part)


def _attach_next(con: duckdb.DuckDBPyConnection, paths: MirrorPaths) -> mirror_file.FileVersion:
    """Attach a copy of the published file, which nobody may have open to write, and return which version it is of."""
    _refuse_writer(con, paths.published)
    copied = mirror_file.copy_file(paths.published, paths.next)
    mirror_file.attach(con, paths.next)
    # Of a first copy that was begun before somebody put another file in its place.
    mirror_file.remove(paths.part)
    mirror_file.remove(wal(paths.part))
    return copied


def _refuse_writer(con: duckdb.DuckDBPyConnection, published: Path) -> None:
    """Raise `MirrorError` if the published file is no copy, or another program may write to it."""
    mirror_file.refuse_log(published)
    mirror_file.attach_published(con, published)
    con.execute(f"DETACH {definitions.CATALOG}")


def _refuse_new(published: Path) -> None:
    """Raise `MirrorError` if a file appeared where a first copy is to be."""
    mirror_file.refuse_log(published)
    if os.path.lexists(published):
        raise MirrorError(f"{escaped(published)} appeared while the copy was made: move it away, and sync again")


def _refuse_foreign(published: Path, copy: WorkingCopy) -> None:
    """Raise `MirrorError` if another program made or dropped tables that a sync makes."""
    names = copy.foreign()
    if names:
        raise MirrorError(
            f"{escaped(published)}: another program made, dropped or replaced {shortened(', '.join(names), _REASON)}, "
            "as tables of Harvest are named: give your own other names, or sync to another file"
        )


def _require_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise MirrorError(f"{escaped(folder)} is no folder: make it first, or name a file in another one")


def _remove_leftovers(paths: MirrorPaths, owner: int) -> None:
    """Remove what a run needs only while it works; not in a child of `fork`, whose parent still does."""
    if os.getpid() == owner:
        for each in (paths.next, wal(paths.next), paths.work):
            mirror_file.remove(each)
        mirror_file.remove_empty(wal(paths.part))


def _reason(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return shortened(one_line(str(error)) or type(error).__name__, _REASON)
