"""The requests that one call may send."""

from __future__ import annotations

import pytest

from harvest_duck.errors import QueryError
from harvest_duck.servers.mcp.allowance import Allowance


def test_no_more_than_the_limit_go_out() -> None:
    allowance = Allowance(limit=2)
    allowance.count("clients")
    allowance.count("clients")
    with pytest.raises(QueryError, match="ended without rows: max_requests is 2, they are sent, and clients needs"):
        allowance.count("clients")
    assert (allowance.sent, allowance.left, allowance.counts["clients"]) == (2, 0, 2)


def test_none_goes_out_after_its_end() -> None:
    allowance = Allowance(limit=2)
    allowance.refuse_ended()
    allowance.end("cancelled")
    allowance.end("too late")
    for refused in (allowance.refuse_ended, lambda: allowance.count("clients")):
        with pytest.raises(QueryError, match="cancelled"):
            refused()
    assert allowance.sent == 0
