"""Files that are written beside their place and then renamed, so that no reader ever finds half of one."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A context that yields a path beside `path`; what the caller writes there becomes the file at `path` at the end.

    After an error `path` is as it was, and nothing is left beside it.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.partial")
    try:
        yield beside
        os.replace(beside, path)  # noqa: PTH105 - atomic, and the one that says so
    finally:
        beside.unlink(missing_ok=True)
