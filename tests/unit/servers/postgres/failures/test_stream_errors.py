"""Errors of DuckDB that Arrow repeats are DuckDB's again."""

from __future__ import annotations

import duckdb
import pytest

from harvest_duck.servers.postgres.failures.stream_errors import of_stream


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Invalid Input Error: reading failed", duckdb.InvalidInputException),
        ("Invalid: Conversion Error: no number", duckdb.ConversionException),
        ("INTERRUPT Error: Interrupted!", duckdb.InterruptException),
        ("Out of Memory Error: full", duckdb.OutOfMemoryException),
        ("IO Error: no", duckdb.IOException),
    ],
)
def test_an_error_has_the_class_that_its_words_name(text: str, kind: type[Exception]) -> None:
    assert type(of_stream(OSError(text))) is kind


def test_another_error_is_left_alone() -> None:
    for error in (OSError("no such file"), duckdb.BinderException("Binder Error: x"), OSError("Strange Error: x")):
        assert of_stream(error) is error
