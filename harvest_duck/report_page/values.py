"""The figures of a report as JSON, for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from harvest_duck.report_page.model import Figures

__all__ = ["json_text"]

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def json_text(figures: Figures) -> str:
    """Return all figures as JSON, in the order of the model, which ends in a line break.

    Decimals are numbers with all their digits, days are ISO dates, and null is a figure that cannot be known. A card
    that cannot be seen has a `reason` alone.
    """
    return msgspec.json.format(_ENCODER.encode(figures), indent=2).decode() + "\n"
