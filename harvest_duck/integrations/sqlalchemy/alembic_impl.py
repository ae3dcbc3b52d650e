"""What Alembic needs to know a dialect: with it, a migration ends with the line that says that nothing is written."""

from __future__ import annotations

from alembic.ddl.impl import DefaultImpl


class HarvestImpl(DefaultImpl):  # type: ignore[misc]  # Alembic is not installed where types are checked
    """`harvest://`, which has no changes of tables."""

    __dialect__ = "harvest"
