"""Where each worker of a run begins to collect tests, so that one rewrites a module and the others read what it wrote.

All workers import all modules, and pytest rewrites their assertions: 10 s of CPU in a fresh tree (8.4).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["in_one_order", "pytest_make_collect_report"]


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Return what a directory has, beginning at another place in each worker."""
    report = yield
    if isinstance(collector, pytest.Directory) and report.passed:
        report.result = _begun_by_worker(report.result)
    return report


def in_one_order(items: list[pytest.Item]) -> None:
    """Sort the tests by file: all workers have to collect the same order."""
    orders = {path: number for number, path in enumerate(sorted({item.path for item in items}))}
    items.sort(key=lambda item: orders[item.path])


def _begun_by_worker(entries: list[Any]) -> list[Any]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    start = len(entries) * worker // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return entries[start:] + entries[:start]
