"""The error for a list that is not known to be complete: what is known of it, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.scanner.completeness import Tally

_AGAIN = "run the query again, or ask for less of it at a time"


def incomplete(where: str, tallies: Sequence[Tally]) -> ProtocolError:
    """Return the error for a list that was read once for each of `tallies`, and never completely."""
    last = tallies[-1]
    announced = last.announced or 0
    said = f"{where}: Harvest announced {_records(announced)} and {last.delivered} came"
    if not last.clock.steady:
        return ProtocolError(f"{said}, but the clock of the server jumped, so nothing tells which are new; {_AGAIN}")
    times = f"each of the {len(tallies)} times it was read" if len(tallies) > 1 else "while it was read"
    if last.newcomers and last.delivered >= announced:
        changed, others = _changed(last.newcomers)
        return ProtocolError(f"{said}, but {changed} shortly before or meanwhile, {times}, so {others}; {_AGAIN}")
    doubt = f", but {last.newcomers} of them may be new" if last.newcomers else ""
    return ProtocolError(f"{said}{doubt}: the list changed {times}; {_AGAIN}")


def _changed(number: int) -> tuple[str, str]:
    if number == 1:
        return "1 of them was changed", "it may stand in the place of another"
    return f"{number} of them were changed", "they may stand in the place of others"


def _records(number: int) -> str:
    return f"{number} record" if number == 1 else f"{number} records"
