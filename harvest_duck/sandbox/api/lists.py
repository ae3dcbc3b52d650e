"""Lists and single records: the responses of every `Resource`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from harvest_duck.sandbox.api.filters import ListFilters, read_filters
from harvest_duck.sandbox.api.paging import page_of, page_request
from harvest_duck.sandbox.api.resources import RESOURCES, Resource
from harvest_duck.sandbox.api.routing import Answer, RequestContext, Routes, require
from harvest_duck.sandbox.api.time_off import OWN_ALONE, TIME_OFF, balances_of_user
from harvest_duck.sandbox.data.table_index import TableIndex
from harvest_duck.sandbox.wire import Refusal

if TYPE_CHECKING:
    from harvest_duck.sandbox.api.permissions import Viewer
    from harvest_duck.sandbox.wire import Record

_VISIBLE_BY_ROLE = frozenset({"time_entries", "expenses"}) | OWN_ALONE
_EMPTY = TableIndex([])


def add_lists(routes: Routes) -> None:
    """Add the routes of every list, and of single records where the API has them."""
    for resource in (*RESOURCES, *TIME_OFF):
        routes.add(resource.path, partial(_list, resource))
        if resource.one:
            routes.add(f"{resource.path}/{{id}}", partial(_one, resource))
    mine = next(resource for resource in RESOURCES if resource.table == "project_assignments")
    routes.add("/users/me/project_assignments", partial(_mine, mine))
    routes.add("/pto/balances", balances_of_user)


def _list(resource: Resource, context: RequestContext) -> Answer:
    """Return a page of the list."""
    _admit(resource, context)
    return _page(resource, context, context.path, by_cursor=resource.by_cursor)


def _mine(resource: Resource, context: RequestContext) -> Answer:
    """Return a page of the user's own assignments, by number and without filters; its links have the numbered path."""
    # https://help.getharvest.com/api-v2/users-api/users/project-assignments/
    own = RequestContext(context.viewer, context.path, context.query, {"user_id": context.viewer.user_id}, context.url)
    path = f"/users/{context.viewer.user_id}/project_assignments"
    return _page(resource, own, path, by_cursor=False, filtered=False)


def _page(resource: Resource, context: RequestContext, path: str, *, by_cursor: bool, filtered: bool = True) -> Answer:
    """Return a page of the records that match the filters and that the viewer may see."""
    requested = page_request(context.query, by_cursor=by_cursor, usual=resource.per_page)
    filters = read_filters(resource.filters if filtered else (), context.query)
    owner = context.ids.get(resource.owner) if resource.owner else None
    key = (context.viewer.user_id, resource.path, owner, filters.link_params)
    selection = context.account.select(key, lambda: _selected(resource, context, filters))
    page = page_of(selection, requested, context.url + path, filters.link_params, by_cursor=by_cursor)
    records = [context.viewer.view(resource.table, record) for record in page.records]
    return {resource.key: records, **page.envelope}


def _one(resource: Resource, context: RequestContext) -> Answer:
    """Return a single record; refuse with 404 if there is none, or none for this viewer."""
    _admit(resource, context)
    record = _table_index(resource, context).by_id.get(context.ids["id"])
    if record is None or (resource.table in _VISIBLE_BY_ROLE and not context.viewer.sees(record)):
        raise Refusal(404, "Not Found")
    return context.viewer.view(resource.table, record)


def _admit(resource: Resource, context: RequestContext) -> None:
    """Refuse viewers without permission, and paths whose owner does not exist."""
    own = resource.own_allowed and context.ids.get("user_id") == context.viewer.user_id
    if not own:
        require(resource.allowed, context.viewer)
    if resource.owner is None or resource.owners is None:
        return
    owner = context.account.index(resource.owners).by_id.get(context.ids[resource.owner])
    if owner is None and not own:
        raise Refusal(404, "Not Found")
    if resource.table == "teammates" and "manager" not in ((owner or {}).get("access_roles") or ()):
        # https://help.getharvest.com/api-v2/users-api/users/teammates/
        raise Refusal(422, "Teammates can only be assigned to managers")


def _table_index(resource: Resource, context: RequestContext) -> TableIndex:
    """Return the records that the path names, before any filter."""
    if resource.owner is None:
        return context.account.index(resource.table)
    if resource.owner == "project_id":
        by_project = context.account.embedded(resource.table, "project")
        return by_project.get(context.ids["project_id"], _EMPTY)
    return context.account.children(resource.table, resource.owner).get(context.ids[resource.owner], _EMPTY)


def _selected(resource: Resource, context: RequestContext, filters: ListFilters) -> list[Record]:
    """Return the records that match, in order."""
    index = _table_index(resource, context)
    dated = filters.low is not None or filters.high is not None
    records = index.between(filters.low, filters.high) if dated else index.ordered
    for test in filters.tests:
        records = list(filter(test, records))
    return _visible(resource, records, context.viewer) if resource.table in _VISIBLE_BY_ROLE else records


def _visible(resource: Resource, records: list[Record], viewer: Viewer) -> list[Record]:
    """Return the records that the viewer may see."""
    if viewer.administrates:
        return records
    sees = viewer.owns if resource.table in OWN_ALONE else viewer.sees
    return [record for record in records if sees(record)]
