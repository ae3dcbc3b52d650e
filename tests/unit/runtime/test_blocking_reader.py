"""Which iterators an end of all readers reaches."""

from __future__ import annotations

import pytest

from harvest_duck.runtime.blocking_reader import Readers


def test_an_end_reaches_what_was_opened_before_and_has_not_begun() -> None:
    readers = Readers()
    before = readers.unless_ended([1])
    readers.end()
    after = readers.unless_ended([2])
    with pytest.raises(InterruptedError):
        next(before)
    assert [*after] == [2]


def test_an_end_leaves_an_iterator_that_has_begun_to_its_own_stop() -> None:
    readers = Readers()
    begun = readers.unless_ended([1, 2])
    assert next(begun) == 1
    readers.end()
    assert [*begun] == [2]
