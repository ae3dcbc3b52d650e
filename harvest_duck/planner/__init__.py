"""What a scan has to ask: a table, the domains of its columns and a target become requests.

Every plan fetches a superset of the rows that the predicate keeps; the scan applies the predicate itself. A parameter
is sent only where it cannot lose such a row, so what is not understood costs requests and never rows.

`plan_table` chooses the list, `alternatives` the ways around it, `cost` between the two; `params`, `report_options` and
`report_periods` make the parameters; `enforced` tells which conditions the requests answer. It may import `protocol`,
`catalog`, `pushdown` and below, and does no input or output.
"""

from __future__ import annotations

from harvest_duck.planner.model import Alternative, Plan, Target
from harvest_duck.planner.plan_table import plan
from harvest_duck.planner.report_options import refuse_unseen

__all__ = ["Alternative", "Plan", "Target", "plan", "refuse_unseen"]
