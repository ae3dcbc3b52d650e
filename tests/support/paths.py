"""Where the project keeps what tests read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
DOCS = ROOT / "docs"


def api_facts() -> dict[str, Any]:
    """What the documentation of Harvest says of its tables, which neither the client nor the sandbox wrote."""
    facts: dict[str, Any] = json.loads((TESTS / "data" / "harvest_api.json").read_text("utf-8"))
    return facts
