"""What a scan has to ask: a table, the domains of its columns and a target become requests.

Every plan fetches a superset of the rows that the predicate keeps; the scan applies the predicate itself. A parameter
is sent only where it cannot lose such a row, so what is not understood costs requests and never rows.

`plan` chooses the list, `alternatives` the ways around it, `cost` between the two; `narrowing`, `inputs` and `spans`
make the parameters.
"""

from __future__ import annotations

from harvest_duck.planner.inputs import refuse_unseen
from harvest_duck.planner.plan import LARGEST_PAGE, Alternative, Plan, Target
from harvest_duck.planner.planning import plan

__all__ = ["LARGEST_PAGE", "Alternative", "Plan", "Target", "plan", "refuse_unseen"]
