from __future__ import annotations

from harvest_duck.servers.postgres.failure import Failure


def test_the_message_is_one_line_whatever_a_client_wrote() -> None:
    failure = Failure("42601", 'syntax error at or near "a\n\x00\x1bb"')
    assert failure.message == str(failure) == 'syntax error at or near "a b"'
    assert len(Failure("42601", "x" * 1_000_000).message) == 2_001
