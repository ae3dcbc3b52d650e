"""The offsets of a stream."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from harvest_duck.errors import QueryError
from harvest_duck.integrations.spark.offsets import end_of, initial, moments, offset, unread

_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
_LATER = _NOON + timedelta(seconds=1)


def test_an_offset_survives_json() -> None:
    stored = json.loads(json.dumps(offset("clients", {"1": _NOON, "": _LATER})))
    assert moments(stored, "clients") == {"1": _NOON, "": _LATER}
    assert moments(json.loads(json.dumps(initial("clients"))), "clients") == {}


@pytest.mark.parametrize("stored", [{"table": "tasks", "until": {}}, {"partition": 1}])
def test_the_checkpoint_of_another_stream_is_refused(stored: dict[str, object]) -> None:
    with pytest.raises(QueryError, match="checkpointLocation of its own"):
        moments(stored, "clients")


def test_the_end_is_a_whole_second_and_never_goes_back() -> None:
    assert end_of(None, _NOON + timedelta(microseconds=999_999), timedelta()) == _NOON
    assert end_of(None, _NOON, timedelta(seconds=60)) == _NOON - timedelta(seconds=60)
    assert end_of(_LATER, _NOON, timedelta()) == _LATER


def test_a_batch_has_the_accounts_that_moved_from_where_each_was() -> None:
    found = unread(["1", "2", "3"], {"1": _NOON, "2": _NOON}, {"1": _LATER, "2": _NOON, "3": _LATER}, None)
    assert found == {"1": (_NOON, _LATER), "3": (None, _LATER)}
    assert unread(["3"], {}, {"3": _LATER}, _NOON) == {"3": (_NOON, _LATER)}
    assert unread(["3"], {}, {"3": _NOON}, _NOON) == {}


def test_an_account_that_a_planned_batch_does_not_have_is_refused() -> None:
    with pytest.raises(QueryError, match="account 2 is not in the checkpoint"):
        unread(["1", "2"], {}, {"1": _NOON}, None)
