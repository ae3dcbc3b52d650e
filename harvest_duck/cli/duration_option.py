"""The value of an option that is a time, such as 10m."""

from __future__ import annotations

import re

import click

from harvest_duck.text import escaped

__all__ = ["seconds"]

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400}


def seconds(_context: click.Context, _parameter: click.Parameter, text: str | None) -> int | None:
    """Return a time such as 10m in seconds."""
    if text is None or text == "0":
        return None if text is None else 0
    found = re.fullmatch(r"(\d{1,7}) ?(s|m|min|h|d)", text)
    if not found:
        raise click.BadParameter(f"{escaped(text)} is no time: write a number and s, m, h or d, such as 10m, or 0.")
    return int(found[1]) * _UNITS[found[2]]
