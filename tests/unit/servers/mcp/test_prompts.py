"""The four questions, with the views that answer them."""

from __future__ import annotations

from datetime import date

import pytest

from harvest_duck.errors import QueryError
from harvest_duck.servers.mcp.prompts import PROMPTS
from harvest_duck.views.load import views

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize("name", PROMPTS)
def test_each_names_views_their_days_and_how_they_count(name: str) -> None:
    prompt = PROMPTS[name]
    text = prompt.text({}, TODAY)
    assert text.startswith(prompt.question)
    for view in prompt.views:
        assert f"FROM harvest.{view}(" in text
        assert views()[view].definition in text
        assert prompt.arguments.keys() & {each.name for each in views()[view].arguments}


def test_days_are_read_and_nothing_else_reaches_the_text() -> None:
    said = PROMPTS["what_is_overdue"].text({"as_of": "2026-06-30"}, TODAY)
    assert "FROM harvest.receivables(as_of := '2026-06-30')" in said
    said = PROMPTS["who_is_over_or_under_utilized"].text({"from_date": "2026-06-01"}, TODAY)
    assert "FROM harvest.utilization(from_date := '2026-06-01', to_date := '2026-11-20')" in said
    with pytest.raises(QueryError, match="as_of of a report is no day"):
        PROMPTS["what_is_overdue"].text({"as_of": "'); DROP"}, TODAY)
    with pytest.raises(QueryError, match="what_is_overdue has no argument client: it takes as_of"):
        PROMPTS["what_is_overdue"].text({"client": "x"}, TODAY)
