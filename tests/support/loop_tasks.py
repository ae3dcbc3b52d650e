"""The tasks on the event loop that all requests run on."""

from __future__ import annotations

import asyncio
from typing import Any

from harvest_duck.http.ratelimit.shared_window import LOOKING

__all__ = ["others"]


def others() -> set[asyncio.Task[Any]]:
    """Return the tasks beside this one that belong to queries: the rate limit is looked after between them as well."""
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task() and task.get_name() != LOOKING}
