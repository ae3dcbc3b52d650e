"""Pages that are built value by value are read as they are meant, or refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from fuzz.page_oracle import check
from fuzz.pages import Num, Refused, meaning
from support.run_size import share

from harvest_duck.catalog.model import BIGINT, DECIMAL, VARCHAR


@pytest.mark.takes_a_share
def test_pages_are_read_as_they_are_meant() -> None:
    """`tests/fuzz/page_oracle.py` tries more of them; a failure begins with the seed of its page."""
    read = [check(seed) for seed in range(share(300))]
    assert 0.5 < sum(read) / len(read) < 1


@pytest.mark.parametrize(
    ("text", "decimal", "whole"),
    [
        ("0.00005", "0", None),
        ("0.00015", "0.0002", None),
        ("-1e-999999999", "0", None),
        ("0e999999999", "0", 0),
        ("1e999999999", None, None),
        ("1.26e5", "126000", 126000),
        ("99999999999999.99995", None, None),
    ],
)
def test_the_oracle_knows_numbers(text: str, decimal: str | None, whole: int | None) -> None:
    found = []
    for kind in (DECIMAL, BIGINT):
        try:
            found.append(meaning(Num(text), kind))
        except Refused:
            found.append(None)
    assert found == [None if decimal is None else Decimal(decimal), whole]
    with pytest.raises(Refused):
        meaning(Num(text), VARCHAR, "notes")
