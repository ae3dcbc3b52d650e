from __future__ import annotations

import pytest

from harvest_duck.servers.postgres.sign_in.saslprep import prepared


@pytest.mark.parametrize(
    ("password", "compared"),
    [
        ("user", "user"),
        # RFC 4013, section 3, but the control character, which PostgreSQL keeps in a text of ASCII.
        ("I\xadX", "IX"),
        ("USER", "USER"),
        ("\xaa", "a"),
        ("\u2168", "IX"),
        ("\x07", "\x07"),
        ("\u0627\u0031", "\u0627\u0031"),
        # Not for SASLprep, and so taken as they are.
        ("\u0221x", "\u0221x"),
        ("a\x07é", "a\x07é"),
        ("\xad", "\xad"),
        ("\u0627a\u0628", "\u0627a\u0628"),
        # Read from right to left as a whole.
        ("\u0627\u06281\u0627", "\u0627\u06281\u0627"),
        ("a\xa0b\u3000c", "a b c"),
        ("e\u0301", "é"),
    ],
)
def test_a_password_is_compared_as_saslprep_says(password: str, compared: str) -> None:
    assert prepared(password) == compared.encode()


def test_bytes_that_are_no_text_are_compared_as_they_are() -> None:
    assert prepared(b"a\xff\xc3\xa9".decode("utf-8", "surrogateescape")) == b"a\xff\xc3\xa9"
