"""The mark that a written report bears of what it was made of, so that a later one can tell whether anything changed.

The day is no part of it: an account in which nothing happened is unchanged tomorrow, although its invoices are older.
"""

from __future__ import annotations

import json
import re
from email import message_from_bytes
from email.policy import SMTP
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING

from harvest_duck import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HEADER", "Form", "found_in", "in_json", "in_page", "of"]

#: The header of a mail that has it.
HEADER = "X-Harvest-Duck-Digest"
#: Digits of a mark: enough to tell any two apart, and few enough for one line of a mail.
_LENGTH = 32
_NAME, _KEY, _HEAD = "harvest-duck-digest", "digest", "<head>\n"
_IN_PAGE = re.compile(rf'{_HEAD}<meta name="{_NAME}" content="(\w+)">'.encode())


class Form(StrEnum):
    """The forms of a written report."""

    PAGE = "page"
    JSON = "json"
    MAIL = "mail"


def of(digest: str, given: Mapping[str, str]) -> str:
    """Return the mark of a report of what was read, with that digest, for what was given of `Options.of`."""
    parts = [__version__, digest, sorted((name, value) for name, value in given.items())]
    return sha256(json.dumps(parts).encode()).hexdigest()[:_LENGTH]


def in_page(page: str, mark: str) -> str:
    """Return a page that bears a mark."""
    return page.replace(_HEAD, f'{_HEAD}<meta name="{_NAME}" content="{mark}">\n', 1)


def in_json(text: str, mark: str) -> str:
    """Return the text of a JSON object that bears a mark, as its first member."""
    return text.replace("{", f'{{\n  "{_KEY}": "{mark}",', 1)


def found_in(content: bytes, form: Form) -> str | None:
    """Return the mark that a file bears, None where it has none, as any other file."""
    match form:
        case Form.PAGE:
            found = _IN_PAGE.search(content)
            return found[1].decode() if found else None
        case Form.JSON:
            try:
                read = json.loads(content)
            except ValueError:
                return None
            return read.get(_KEY) if isinstance(read, dict) else None
        case Form.MAIL:
            return message_from_bytes(content, policy=SMTP).get(HEADER)
