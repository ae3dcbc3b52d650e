"""Cases that one test goes through, where thousands of tests would take longer to be told of than to run."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["each"]

Case = TypeVar("Case")


def each(cases: Iterable[Case]) -> Callable[[Callable[[Case], None]], Callable[[], None]]:
    """Return a decorator that makes a test of one argument a test of all these cases; a failure names its case."""
    every = list(cases)
    assert every

    def decorated(check: Callable[[Case], None]) -> Callable[[], None]:
        @functools.wraps(check)
        def test() -> None:
            for case in every:
                try:
                    check(case)
                except BaseException as error:
                    error.add_note(f"with {getattr(case, 'name', case)}")
                    raise

        # Pytest would look there for fixtures.
        del test.__wrapped__  # type: ignore[attr-defined]
        return test

    return decorated
