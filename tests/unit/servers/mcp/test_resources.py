"""The catalogue and the definitions by URI."""

from __future__ import annotations

import pytest

from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import QueryError
from harvest_duck.servers.mcp.resources import content, resources
from harvest_duck.views.load import views


def test_each_table_and_view_has_one_and_can_be_read() -> None:
    listed = [each.uri for each in resources()]
    assert len(listed) == len(set(listed)) == 2 + len(TABLES) + len(views())
    for uri in ("harvest://tables", "harvest://views", "harvest://tables/clients", "harvest://views/utilization"):
        text, mime_type = content(uri)
        assert uri in listed
        assert text.startswith("complete: ") is (mime_type == "text/csv")
    assert views()["utilization"].definition in content("harvest://views/utilization")[0]


@pytest.mark.parametrize("uri", ["harvest://tables/nope", "harvest://", "file:///etc/passwd", "harvest://tables/../x"])
def test_another_uri_is_none(uri: str) -> None:
    with pytest.raises(QueryError, match="no resource has the URI"):
        content(uri)
