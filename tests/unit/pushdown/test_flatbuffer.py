"""The metadata of a schema message, read pair by pair."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share

from harvest_duck.pushdown.flatbuffer import metadata

texts = st.text(max_size=20)


def message(schema: pa.Schema) -> bytes:
    """The flatbuffer of a schema."""
    return bytes(pa.ipc.read_message(schema.serialize()).metadata)


@settings(deadline=None)
@given(st.lists(st.tuples(texts, texts), max_size=8))
def test_every_pair_comes_back_in_its_order(pairs: list[tuple[str, str]]) -> None:
    schema = pa.schema([("a", pa.int64())], metadata=pa.KeyValueMetadata(pairs))
    assert metadata(message(schema)) == pairs


def test_a_key_that_occurs_again_keeps_each_of_its_values() -> None:
    pairs = [("call", "equal"), ("field_ref", "a"), ("field_ref", "b"), ("end", "equal")]
    assert metadata(message(pa.schema([], metadata=pa.KeyValueMetadata(pairs)))) == pairs


def test_a_schema_without_metadata_has_no_pairs() -> None:
    assert metadata(message(pa.schema([("a", pa.list_(pa.string()))]))) == []


def test_a_message_that_is_no_schema_is_refused() -> None:
    batch = pa.record_batch({"a": [1]})
    with pytest.raises(ValueError, match="holds no schema"):
        metadata(bytes(pa.ipc.read_message(batch.serialize()).metadata))


@settings(deadline=None, max_examples=share(300))
@given(st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_message_is_refused_or_read_but_breaks_nothing(place: int, byte: int) -> None:
    whole = bytearray(message(pa.schema([("a", pa.int64())], metadata={"key": "value"})))
    whole[place % len(whole)] = byte
    for damaged in (bytes(whole), bytes(whole[: place % len(whole)])):
        try:
            metadata(damaged)
        except ValueError:
            continue
