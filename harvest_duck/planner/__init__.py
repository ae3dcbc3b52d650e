"""From a table, the domains of its columns and a target to the requests that begin the lists of a scan: its splits.

Every plan fetches a superset of the rows that the predicate keeps; the scan applies the predicate itself. A parameter
is sent only where it cannot lose such a row, so a predicate that is not understood costs requests and never rows.

`plan_table` chooses the list, `alternatives` the ways around it, `cost` between the two; `params`, `report_options` and
`report_periods` make the parameters; `enforced` finds the terms of the filter that the requests enforce, and
`countable` whether these are all. It may import `protocol`, `catalog`, `pushdown` and below, and does no input or
output.
"""

from __future__ import annotations

from harvest_duck.planner.model import Alternative, Plan, Target
from harvest_duck.planner.plan_table import plan
from harvest_duck.planner.report_options import refuse_unchosen

__all__ = ["Alternative", "Plan", "Target", "plan", "refuse_unchosen"]
