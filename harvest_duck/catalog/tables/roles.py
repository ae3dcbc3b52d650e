"""Roles: the company's own grouping of its people."""

from __future__ import annotations

from harvest_duck.catalog import columns as col
from harvest_duck.catalog.model import BIGINT, Paging, Table

ROLES = Table(
    name="roles",
    description="A group of people by what they do, such as Designer; grants no rights",
    path="/roles",
    body_key="roles",
    retrieve="/roles/{id}",
    paging=Paging.CURSOR,
    own_columns=(
        col.identity("role"),
        col.text("name", "Name of the role"),
        col.array("user_ids", BIGINT, "Ids of the users who have the role"),
        *col.timestamps("role"),
    ),
    permission="administrator",
    docs="https://help.getharvest.com/api-v2/roles-api/roles/roles/",
)
