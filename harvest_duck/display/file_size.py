"""The size of a file as people read it."""

from __future__ import annotations

__all__ = ["file_size"]

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def file_size(number: int) -> str:
    """Return a number of bytes in the largest unit of which there is one."""
    power = max((power for power in range(1, len(_UNITS)) if number >= 1000**power), default=0)
    return f"{number / 1000**power:,.1f} {_UNITS[power]}" if power else f"{number} bytes"
