"""Lists and single records: the answers for every `Resource`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from harvest_duck.sandbox.api.filters import Narrowing, narrowing
from harvest_duck.sandbox.api.paging import asked_page, cut
from harvest_duck.sandbox.api.resources import RESOURCES, Resource
from harvest_duck.sandbox.api.routing import Answer, Routes, Visit, require
from harvest_duck.sandbox.data.table_index import Shelf
from harvest_duck.sandbox.wire import Refusal

if TYPE_CHECKING:
    from harvest_duck.sandbox.api.permissions import Viewer
    from harvest_duck.sandbox.wire import Record

_NARROWED = frozenset({"time_entries", "expenses"})
_EMPTY = Shelf([])


def add_lists(routes: Routes) -> None:
    """Teach `routes` every list, and the single records of those that give them."""
    for resource in RESOURCES:
        routes.add(resource.path, partial(_list, resource))
        if resource.one:
            routes.add(f"{resource.path}/{{id}}", partial(_one, resource))
    mine = next(resource for resource in RESOURCES if resource.table == "project_assignments")
    routes.add("/users/me/project_assignments", partial(_mine, mine))


def _list(resource: Resource, visit: Visit) -> Answer:
    """A page of the list."""
    _admit(resource, visit)
    return _page(resource, visit, visit.path, by_cursor=resource.by_cursor)


def _mine(resource: Resource, visit: Visit) -> Answer:
    """A page of the caller's own assignments, by number and without filters; its links lead to the path with the id."""
    # https://help.getharvest.com/api-v2/users-api/users/project-assignments/
    own = Visit(visit.viewer, visit.path, visit.query, {"user_id": visit.viewer.identity}, visit.url)
    path = f"/users/{visit.viewer.identity}/project_assignments"
    return _page(resource, own, path, by_cursor=False, filtered=False)


def _page(resource: Resource, visit: Visit, path: str, *, by_cursor: bool, filtered: bool = True) -> Answer:
    """A page of those records that the filters and the caller's role leave."""
    asked = asked_page(visit.query, by_cursor=by_cursor, usual=resource.per_page)
    narrowed = narrowing(resource.filters if filtered else (), visit.query)
    owner = visit.ids.get(resource.owner) if resource.owner else None
    key = (visit.viewer.identity, resource.path, owner, narrowed.carried)
    selection = visit.account.select(key, lambda: _selected(resource, visit, narrowed))
    page = cut(selection, asked, visit.url + path, narrowed.carried, by_cursor=by_cursor)
    seen = [visit.viewer.view(resource.table, record) for record in page.records]
    return {resource.key: seen, **page.envelope}


def _one(resource: Resource, visit: Visit) -> Answer:
    """A single record; 404 where there is none, or none for this caller."""
    _admit(resource, visit)
    record = _shelf(resource, visit).by_id.get(visit.ids["id"])
    if record is None or (resource.table in _NARROWED and not visit.viewer.sees(record)):
        raise Refusal(404, "Not Found")
    return visit.viewer.view(resource.table, record)


def _admit(resource: Resource, visit: Visit) -> None:
    """Refuse those without permission, and paths whose owner does not exist."""
    own = resource.own_allowed and visit.ids.get("user_id") == visit.viewer.identity
    if not own:
        require(resource.allowed, visit.viewer)
    if resource.owner is None or resource.owners is None:
        return
    owner = visit.account.shelf(resource.owners).by_id.get(visit.ids[resource.owner])
    if owner is None and not own:
        raise Refusal(404, "Not Found")
    if resource.table == "teammates" and "manager" not in ((owner or {}).get("access_roles") or ()):
        # https://help.getharvest.com/api-v2/users-api/users/teammates/
        raise Refusal(422, "Teammates can only be assigned to managers")


def _shelf(resource: Resource, visit: Visit) -> Shelf:
    """The records that the path names, before any filter."""
    if resource.owner is None:
        return visit.account.shelf(resource.table)
    if resource.owner == "project_id":
        by_project = visit.account.embedded(resource.table, "project")
        return by_project.get(visit.ids["project_id"], _EMPTY)
    return visit.account.children(resource.table, resource.owner).get(visit.ids[resource.owner], _EMPTY)


def _selected(resource: Resource, visit: Visit, narrowed: Narrowing) -> list[Record]:
    """The records that pass, in order."""
    shelf = _shelf(resource, visit)
    dated = narrowed.low is not None or narrowed.high is not None
    records = shelf.between(narrowed.low, narrowed.high) if dated else shelf.ordered
    for test in narrowed.tests:
        records = list(filter(test, records))
    return _narrowed(records, visit.viewer) if resource.table in _NARROWED else records


def _narrowed(records: list[Record], viewer: Viewer) -> list[Record]:
    """The records that the caller may see."""
    return records if viewer.administrates else [record for record in records if viewer.sees(record)]
