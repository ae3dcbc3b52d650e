"""Where columns sit in the JSON, and which of it is read for which of them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from support.cases import each

from harvest_duck.catalog.model import (
    BIGINT,
    BOOLEAN,
    DATE,
    DECIMAL,
    TIMESTAMP,
    VARCHAR,
    Column,
    ListOf,
    Origin,
    StructOf,
    Table,
    Type,
)
from harvest_duck.catalog.tables import TABLES
from harvest_duck.decoder.layout import Layout, Tree
from harvest_duck.protocol.page import ENVELOPE

each_table = each(TABLES.values())


def type_at(within: Type, path: tuple[str, ...]) -> Type | None:
    """The type that the members of nested objects lead to, None where they do not."""
    for name in path:
        if not isinstance(within, StructOf):
            return None
        within = dict(within.fields).get(name, within)
    return within


def item_of(layout: Layout) -> Type:
    """The object that a row is read from."""
    if layout.table.items is None:
        return layout.record
    listed = dict(layout.record.fields)[layout.table.items]
    assert isinstance(listed, ListOf)
    return listed.item


def leaves(within: Type, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Type]:
    """Every value below objects, by its path; the elements of lists are no further looked into."""
    if not isinstance(within, StructOf):
        return {path: within}
    return {at: leaf for name, member in within.fields for at, leaf in leaves(member, (*path, name)).items()}


def in_the_body(table: Table) -> list[Column]:
    """The columns whose values the body holds."""
    return [column for column in table.columns if column.origin in {Origin.RECORD, Origin.ENCLOSING} or column.echoed]


def read_always(table: Table) -> list[Column]:
    """The key or else the first column, the last change of the record, the day of from and to, the subject, echoes."""
    inside = in_the_body(table)
    around = Origin.RECORD if table.items is None else Origin.ENCLOSING
    dated = {param.column for param in table.params if param.name in {"from", "to"}}
    dated = dated if len(dated) == 1 else set()
    found = [column for column in inside if column.key] or inside[:1]
    found += [column for column in inside if column.path == ("updated_at",) and column.origin is around]
    return found + [c for c in inside if c.name in dated or c.name in table.subject or c.echoed]


@each_table
def test_every_column_of_the_body_is_read_where_it_sits(table: Table) -> None:
    layout = Layout(table, [column.name for column in table.columns])
    assert layout.columns == table.columns
    for column in table.columns:
        if column.origin is Origin.RECORD:
            assert type_at(item_of(layout), column.path) == column.type
        elif column.origin is Origin.ENCLOSING:
            assert type_at(layout.record, column.path) == column.type


@each_table
def test_no_column_asks_for_what_is_read_always(table: Table) -> None:
    layout = Layout(table, [])
    record = {path for path in leaves(layout.record) if path != (table.items,)}
    assert layout.columns == ()
    read = record | (set(leaves(item_of(layout))) if table.items else set())
    assert read == {column.path for column in read_always(table)}


@each_table
def test_columns_that_the_body_does_not_hold_are_not_looked_for(table: Table) -> None:
    outside = [c.name for c in table.columns if c.origin in {Origin.PATH, Origin.INPUT, Origin.ACCOUNT}]
    layout = Layout(table, outside)
    assert layout.record == Layout(table, []).record
    assert [column.name for column in layout.columns] == outside


@settings(deadline=None)
@given(st.sampled_from(list(TABLES.values())), st.data())
def test_just_what_is_asked_for_and_what_is_read_always_is_read(table: Table, data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from([column.name for column in table.columns]), unique=True))
    layout = Layout(table, names)
    always = read_always(table)
    read = [c for c in in_the_body(table) if c.name in names or c in always]
    around = {c.path for c in read if table.items is None or c.origin is not Origin.RECORD}
    assert set(leaves(layout.record)) - {(table.items,)} == around
    if table.items is not None:
        assert set(leaves(item_of(layout))) == {c.path for c in read if c.origin is Origin.RECORD}
    assert [column.name for column in layout.columns] == [c.name for c in table.columns if c.name in names]


def test_embedded_records_keep_apart_from_those_around_them() -> None:
    layout = Layout(
        TABLES["invoice_line_items"], ["id", "project_id", "invoice_client_id", "invoice_issue_date", "amount"]
    )
    assert layout.record == StructOf(
        (
            ("id", BIGINT),
            ("updated_at", TIMESTAMP),
            ("issue_date", DATE),
            ("client", StructOf((("id", BIGINT),))),
            (
                "line_items",
                ListOf(StructOf((("id", BIGINT), ("project", StructOf((("id", BIGINT),))), ("amount", DECIMAL)))),
            ),
        )
    )


def test_columns_that_share_an_object_share_its_reading() -> None:
    layout = Layout(TABLES["time_entries"], ["user_id", "spent_date", "user_name", "is_running"])
    assert layout.record == StructOf(
        (
            ("id", BIGINT),
            ("updated_at", TIMESTAMP),
            ("spent_date", DATE),
            ("user", StructOf((("id", BIGINT), ("name", VARCHAR)))),
            ("is_running", BOOLEAN),
        )
    )


DAYS = {
    "time_entries": ("spent_date",),
    "expenses": ("spent_date",),
    "invoices": ("issue_date",),
    "invoice_line_items": ("issue_date",),
    "estimates": ("issue_date",),
    "estimate_line_items": ("issue_date",),
}
WITHOUT_CHANGES = {"pto_assignments", "pto_balances", "teammates", "accounts", "company", "invoice_message_templates"}


@each_table
def test_the_paths_to_identity_last_change_and_day_are_those_of_the_record(table: Table) -> None:
    """Of the record around embedded ones: that is what pages are made of."""
    layout = Layout(table, [])
    report = table.name.startswith("report_")
    unnamed = {"company", "invoice_message_templates", "pto_balances"}
    identity = None if table.name in unnamed or report else ("id",)
    others = {"report_project_budget": ("project_id",), "pto_assignments": ("user", "id")}
    assert layout.identity == others.get(table.name, identity)
    assert layout.updates == (None if table.name in WITHOUT_CHANGES or report else ("updated_at",))
    assert layout.day == DAYS.get(table.name)


@each_table
def test_what_the_paths_lead_to_is_read_though_no_column_is_asked_for(table: Table) -> None:
    layout = Layout(table, [])
    read = leaves(layout.record)
    assert {layout.identity, layout.updates, layout.day} - {None} <= set(read)
    assert layout.identity is None or read[layout.identity] == BIGINT
    assert layout.updates is None or read[layout.updates] == TIMESTAMP


def test_a_tree_grows_along_paths() -> None:
    tree = Tree()
    tree.add(("a", "b", "c"), BIGINT)
    tree.add(("d",), TIMESTAMP)
    tree.add(("a", "e"), VARCHAR)
    inner = StructOf((("b", StructOf((("c", BIGINT),))), ("e", VARCHAR)))
    assert tree.type() == StructOf((("a", inner), ("d", TIMESTAMP)))


@each_table
def test_records_and_envelope_do_not_share_a_key(table: Table) -> None:
    assert table.body_key not in dict(ENVELOPE.fields)
