"""What a workbook says where it cannot be written."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from harvest_duck.formats import workbook


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")  # noqa: PTH110 - as short as it gets
def test_a_full_disk_is_told_once_and_by_nobody_else() -> None:
    pytest.importorskip("xlsxwriter")
    with pytest.raises(OSError, match="No space left"):
        workbook.write(["a"], [[each] for each in range(10)], Path("/dev/full"))
    # What is freed now would be told as an exception that nobody heard.
    gc.collect()


def test_the_error_of_the_system_is_raised_as_it_is(tmp_path: Path) -> None:
    pytest.importorskip("xlsxwriter")
    with pytest.raises(FileNotFoundError, match="No such file"):
        workbook.write(["a"], [[1]], tmp_path / "nowhere" / "a.xlsx")
