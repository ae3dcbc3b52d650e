"""What is known of a connection for a while: asked once, kept, bounded and forgotten."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from support.clocks import PATIENCE_S, Clock

from harvest_duck.cache import known
from harvest_duck.connection import resolve
from harvest_duck.errors import QueryError
from harvest_duck.runtime.blocking_reader import Readers
from harvest_duck.scanner.client_pool import pool

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE, OTHER = (resolve(f"AccountId={number};APIKey=secret") for number in (1, 2))


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """A clock that stands still, and nothing known."""
    known.forget()
    standing = Clock()
    monkeypatch.setattr(pool(), "clock", standing)
    yield standing
    known.forget()


def test_a_fact_is_kept_by_connection_and_by_what_it_is_about(clock: Clock) -> None:
    for settings, what, value in ((ONE, "me", "a"), (OTHER, "me", "b"), (ONE, "mates", "c")):
        assert known.known(settings, what, lambda value=value: value, Readers()) == value
    assert known.already_known(ONE, "me") == "a"
    known.keep(ONE, "me", "another")
    assert known.known(ONE, "me", lambda: "later", Readers()) == "a"
    clock.moment = known.KEPT_S - 1
    assert known.already_known(ONE, "me") == "a"
    clock.moment = known.KEPT_S
    assert known.already_known(ONE, "me") is None
    assert not known._facts().facts, "no secret of a connection is kept for longer"
    known.keep(ONE, "me", "another")
    assert known.already_known(ONE, "me") == "another"


def test_what_is_forgotten_is_that_of_a_connection_or_all() -> None:
    for settings in (ONE, OTHER):
        known.keep(settings, "me", "there")
    known.forget(ONE.identity)
    assert [known.already_known(settings, "me") for settings in (ONE, OTHER)] == [None, "there"]
    known.forget()
    assert known.already_known(OTHER, "me") is None


def test_the_oldest_facts_make_room_for_new_ones() -> None:
    for number in range(known._MOST + 5):
        known.keep(ONE, number, number)
    kept = [number for number in range(known._MOST + 5) if known.already_known(ONE, number) is not None]
    assert kept == list(range(5, known._MOST + 5))


def test_whoever_waits_asks_anew_when_the_first_one_fails() -> None:
    began, go, found = threading.Event(), threading.Event(), []

    def fail() -> str:
        began.set()
        assert go.wait(PATIENCE_S)
        raise QueryError("interrupted")

    def first() -> None:
        with pytest.raises(QueryError):
            known.known(ONE, "me", fail, Readers())

    def second() -> None:
        found.append(known.known(ONE, "me", lambda: "told", Readers()))

    threads = [threading.Thread(target=each) for each in (first, second)]
    threads[0].start()
    assert began.wait(PATIENCE_S)
    threads[1].start()
    assert known.already_known(ONE, "me") is None
    go.set()
    for thread in threads:
        thread.join()
    assert found == ["told"]
    assert known.already_known(ONE, "me") == "told"


def test_a_wait_for_another_thread_can_be_interrupted() -> None:
    began, go, readers, errors = threading.Event(), threading.Event(), Readers(), []

    def slow() -> str:
        began.set()
        assert go.wait(PATIENCE_S)
        return "told"

    def wait() -> None:
        try:
            known.known(ONE, "me", lambda: "never", readers)
        except InterruptedError as error:
            errors.append(error)

    threads = [threading.Thread(target=known.known, args=(ONE, "me", slow, Readers())), threading.Thread(target=wait)]
    threads[0].start()
    assert began.wait(PATIENCE_S)
    threads[1].start()
    while threads[1].is_alive():
        readers.end()
        threads[1].join(0.01)
    go.set()
    for thread in threads:
        thread.join()
    assert [str(error) for error in errors] == ["Query interrupted"]
    assert known.already_known(ONE, "me") == "told"
