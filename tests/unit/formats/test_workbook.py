"""What a workbook says where it cannot be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harvest_duck.formats import workbook

if TYPE_CHECKING:
    from pathlib import Path


def test_the_error_of_the_system_is_raised_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="No such file"):
        workbook.write(["a"], [[1]], tmp_path / "nowhere" / "a.xlsx")
