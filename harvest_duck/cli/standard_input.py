"""Standard input, as bytes, and whether a person types it."""

from __future__ import annotations

import sys

__all__ = ["is_terminal", "whole_content"]


def is_terminal() -> bool:
    """Whether a person types what is read; where there is no standard input, nobody does."""
    return sys.stdin is not None and sys.stdin.isatty()


def whole_content() -> bytes:
    """Return all of it, nothing where there is no standard input."""
    return sys.stdin.buffer.read() if sys.stdin else b""
