"""What is held in memory for a sign-in belongs to who signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.asked import asked
from support.person import Person
from support.sign_in import signed_in

import harvest_duck
from harvest_duck.cache import memory
from harvest_duck.errors import LoginRequired

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.sandbox import Sandbox


@pytest.fixture(autouse=True)
def _empty_memory() -> Iterator[None]:
    memory.clear()
    yield
    memory.clear()


def test_who_signs_in_reads_no_rows_of_somebody_else(harvest: Sandbox, connection: str) -> None:
    def me() -> tuple[str, int]:
        harvest.clear_log()
        (name,) = harvest_duck.scan("me", f"{connection};CacheLocation=:memory:").read_all()["first_name"].to_pylist()
        return name, asked(harvest).count("/users/me")

    signed_in(connection)
    assert [me(), me()] == [("Ada", 1), ("Ada", 0)]
    signed_in(connection, Person(user="member"))
    assert [me(), me()] == [("Clara", 1), ("Clara", 0)]
    harvest_duck.logout(connection)
    signed_in(connection)
    assert me() == ("Ada", 1)


def test_who_signed_out_reads_nothing(connection: str) -> None:
    remembering = connection.replace("GETANDREFRESH", "REFRESH") + ";CacheLocation=:memory:"
    signed_in(connection)
    assert harvest_duck.scan("clients", remembering).read_all().num_rows
    harvest_duck.logout(connection, everybody=True)
    with pytest.raises(LoginRequired):
        harvest_duck.scan("clients", remembering).read_all()
