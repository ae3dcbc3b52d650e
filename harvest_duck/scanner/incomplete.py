"""The error for a list that is not known to be complete: what is known of it, and how its rows can still be had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.scanner.completeness import Tally

_AGAIN = "run the query again, or ask for less of it at a time"
_TAKE = "set Completeness=read to take what came"


def incomplete(where: str, tallies: Sequence[Tally]) -> ProtocolError:
    """Return the error for a list that was read once for each of `tallies`, and never completely."""
    last = tallies[-1]
    if last.announced is None:
        return ProtocolError(f"{where}: total_entries is missing, {_without_total(tallies)}")
    said = f"{where}: Harvest announced {_records(last.announced)} and {last.delivered} came"
    if not last.clock.steady:
        return ProtocolError(f"{said}, but the clock of the server jumped, so nothing tells which are new; {_AGAIN}")
    if last.repeated and last.delivered != last.announced:
        return ProtocolError(f"{said}, the same in two reads in a row: {_wrong_total(last.announced, last.delivered)}")
    times = f"each of the {len(tallies)} times it was read" if len(tallies) > 1 else "while it was read"
    if last.newcomers and last.delivered >= last.announced:
        changed, others = _changed(last.newcomers)
        return ProtocolError(f"{said}, but {changed} shortly before or meanwhile, {times}, so {others}; {_AGAIN}")
    doubt = f", but {last.newcomers} of them may be new" if last.newcomers else ""
    changed = "the list changed" if last.identified else "the number is wrong, or the list changed"
    return ProtocolError(f"{said}{doubt}: {changed} {times}; {_AGAIN}")


def _without_total(tallies: Sequence[Tally]) -> str:
    if not tallies[-1].identified:
        return "so nothing tells whether all pages came; try again"
    return f"and no two of {len(tallies)} reads in a row brought the same records, as the list changes; {_AGAIN}"


def _wrong_total(announced: int, delivered: int) -> str:
    if delivered < announced:
        return f"it may count records that this token may not see; ask an administrator of the account, or {_TAKE}"
    return f"the number is wrong, so nothing tells whether further pages follow; try again later, or {_TAKE}"


def _changed(number: int) -> tuple[str, str]:
    if number == 1:
        return "1 of them was changed", "it may stand in the place of another"
    return f"{number} of them were changed", "they may stand in the place of others"


def _records(number: int) -> str:
    return f"{number} record" if number == 1 else f"{number} records"
