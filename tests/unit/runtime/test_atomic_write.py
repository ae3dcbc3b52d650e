"""A file is replaced as a whole, or stays as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harvest_duck.runtime.atomic_write import replacing

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_replaced_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    with replacing(path) as beside:
        beside.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_fault_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")

    def fail() -> None:
        with replacing(path) as beside:
            beside.write_text("new")
            raise ValueError("a fault")

    with pytest.raises(ValueError, match="a fault"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
