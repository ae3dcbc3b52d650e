"""A password as SCRAM compares it: SASLprep (RFC 4013), with PostgreSQL's exceptions (saslprep.c of PostgreSQL 15)."""

from __future__ import annotations

import stringprep
import unicodedata

__all__ = ["prepared"]

_PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
    stringprep.in_table_a1,
)


def prepared(password: str) -> bytes:
    """Return the bytes of a password that SCRAM takes: those of the text as it is where SASLprep refuses it.

    A byte that is no UTF-8 stands in the text as Python's `surrogateescape` writes it.
    """
    as_it_is = password.encode("utf-8", "surrogateescape")
    if password.isascii() or not _is_unicode(password):
        return as_it_is
    spaced = "".join(" " if stringprep.in_table_c12(char) else char for char in password)
    mapped = "".join(char for char in spaced if not stringprep.in_table_b1(char))
    text = unicodedata.normalize("NFKC", mapped)
    if not text or any(refuses(char) for char in text for refuses in _PROHIBITED) or not _one_direction(text):
        return as_it_is
    return text.encode()


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _one_direction(text: str) -> bool:
    """Return whether the text keeps the rules of RFC 3454, section 6, for what is read from right to left."""
    if not any(map(stringprep.in_table_d1, text)):
        return True
    ends = stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
    return ends and not any(map(stringprep.in_table_d2, text))
