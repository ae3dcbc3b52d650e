"""The requests for the rows of one table: its list or something smaller, for known parents or for all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harvest_duck.catalog.model import Host, Paging, Table
from harvest_duck.planner import cost
from harvest_duck.planner.alternatives import alternatives, narrowed, one_list
from harvest_duck.planner.model import Alternative, Plan, Target
from harvest_duck.planner.params import ANY, ids
from harvest_duck.planner.report_options import Inputs, joined, options, variants
from harvest_duck.planner.report_periods import pieces, refuse_sum, spans
from harvest_duck.protocol.page import LARGEST_PAGE
from harvest_duck.protocol.request import Request, filled, id_api

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harvest_duck.pushdown.domain import Domain


def plan(
    table: Table,
    tables: Mapping[str, Table],
    domains: Mapping[str, Domain] | None,
    target: Target,
    branches: Sequence[Mapping[str, Domain]] | None = None,
) -> Plan:
    """Return the plan for the rows of `table` within `domains`; it has no requests where no row can exist.

    With `branches` each row lies within one of them as well, and a report is asked for the periods of each.
    Raises `QueryError` if an input that Harvest requires is missing or ambiguous.
    """
    if domains is None or not domains.get("account_id", ANY).contains(target.account_id):
        return Plan(table, ())
    lists = tuple(_lists(table, domains, target, [domains] if branches is None else branches))
    if not lists:
        return Plan(table, ())
    if table.parent is not None:
        return _children(table, tables, domains, lists, target)
    if len(lists) > 1:
        return Plan(table, lists)
    return _cheapest(table, lists[0], alternatives(table, lists[0], domains))


def _cheapest(table: Table, whole: Request, others: list[Alternative]) -> Plan:
    """Return the plan for the list `whole`: the best alternative alone where it is certainly cheaper, else both."""
    if not others:
        return Plan(table, (whole,))
    best = min(others, key=lambda other: (len(other.requests), not all(each.single for each in other.requests)))
    if not cost.pays_to_count(best):
        return Plan(table, best.requests, whole=whole if best.several_lists else None)
    return Plan(table, (whole,), alternative=best)


def _children(
    table: Table,
    tables: Mapping[str, Table],
    domains: Mapping[str, Domain],
    templates: tuple[Request, ...],
    target: Target,
) -> Plan:
    """Return the plan for a table that Harvest lists by parent: for the parents in the predicate, else for all."""
    assert table.parent is not None  # noqa: S101 - only asked for children
    chosen = domains.get(table.parent.param, ANY)
    known = ids(replace(chosen, nulls=False))
    if known is None or (chosen.values is None and cost.pays_to_count(Alternative(templates * len(known), 1))):
        # A range may hold many more numbers than there are parents.
        parents = plan(tables[table.parent.table], tables, {}, target)
        return Plan(table, _of_listed(templates, parents), parents=parents, chosen=chosen)
    requests = [
        replace(filled(request, table.parent.param, parent_id), absent_on=table.parent.absent_on)
        for parent_id in known
        for request in templates
    ]
    return Plan(table, tuple(one_list(table, request, domains) for request in requests))


def _of_listed(templates: tuple[Request, ...], parents: Plan) -> tuple[Request, ...]:
    """Return the templates for the children of listed parents: each of them may be deleted after it was listed."""
    listed, record = parents.table, parents.table.retrieve
    if record is None:
        return templates
    whole = parents.requests[0]
    one = replace(whole, url=whole.url.removesuffix(listed.path) + record, params=(), paging=Paging.NONE, single=True)
    return tuple(replace(each, absent_on=frozenset({404}), parent_record=one) for each in templates)


def _lists(
    table: Table, domains: Mapping[str, Domain], target: Target, branches: Sequence[Mapping[str, Domain]]
) -> Iterator[Request]:
    """Yield the whole list, narrowed: one request for each variant, and for each piece of a report."""
    base = target.base_url if table.host is Host.API else id_api(target.id_url)
    params = narrowed(table, domains)
    if table.paging is not Paging.NONE:
        size = target.page_size if table.updates is not None else LARGEST_PAGE
        params = (*params, ("per_page", str(size)))
    for inputs in _inputs(table, domains, branches):
        yield Request(
            table.name,
            base + table.path,
            (*inputs.params, *params),
            table.limit,
            table.paging,
            inputs=inputs.values,
            account_id=target.account_id,
            account=target.account,
            base_url=base,
        )


def _inputs(table: Table, domains: Mapping[str, Domain], branches: Sequence[Mapping[str, Domain]]) -> Iterator[Inputs]:
    chosen = [joined((option, variant)) for option in options(table, domains) for variant in variants(table, domains)]
    if table.max_span_days is None:
        yield from chosen
        return
    for start, stop in spans(table, branches):
        for option in chosen:
            refuse_sum(table, start, stop, option)
            for piece in pieces(table, start, stop):
                yield joined((piece, option))
