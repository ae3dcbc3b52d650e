"""The tests of a module are found by its name."""

from __future__ import annotations

from pathlib import Path

import harvest_duck

PACKAGE = Path(harvest_duck.__file__).parent
UNIT = Path(__file__).parent
#: Tests of the package as a whole, and of one claim about several modules.
OF_NO_MODULE = {
    "test_layout.py",
    "test_sizes.py",
    "test_public_names.py",
    "auth/test_login.py",
    "catalog/test_tables.py",
}


def test_every_unit_test_is_named_after_a_module() -> None:
    lost = []
    for file in sorted(UNIT.rglob("test_*.py")):
        name = file.relative_to(UNIT)
        module = PACKAGE / name.parent / name.name.removeprefix("test_")
        if not module.exists() and name.as_posix() not in OF_NO_MODULE:
            lost.append(name.as_posix())
    assert lost == []
