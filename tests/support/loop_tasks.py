"""The tasks on the event loop that all requests run on."""

from __future__ import annotations

import asyncio
from typing import Any

from harvest_duck.engine.file_views import FOLLOWING
from harvest_duck.http.ratelimit.shared_window import LOOKING

__all__ = ["others"]


def others() -> set[asyncio.Task[Any]]:
    """Return the tasks beside this one that belong to queries.

    Between them the rate limit is looked after, and the file of an account for as long as that is attached.
    """
    between = {LOOKING, FOLLOWING}
    return {task for task in asyncio.all_tasks() - {asyncio.current_task()} if task.get_name() not in between}
