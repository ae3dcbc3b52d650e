"""Where columns sit in the JSON, and which of it is read for which of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_duck.endpoints import TABLES
from harvest_duck.layout import ENVELOPE, Layout, Tree
from harvest_duck.table import BIGINT, BOOLEAN, DECIMAL, TIMESTAMP, VARCHAR, ListOf, Origin, StructOf, Table, Type

each_table = pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)


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
def test_no_column_asks_for_the_key_alone(table: Table) -> None:
    layout = Layout(table, [])
    inside = [column for column in table.columns if column.origin in {Origin.RECORD, Origin.ENCLOSING}]
    keys = {column.path for column in inside if column.key} or {inside[0].path}
    record = {path for path in leaves(layout.record) if path != (table.items,)}
    assert layout.columns == ()
    assert record | (set(leaves(item_of(layout))) if table.items else set()) == keys


@each_table
def test_columns_that_the_body_does_not_hold_are_not_looked_for(table: Table) -> None:
    outside = [c.name for c in table.columns if c.origin in {Origin.PATH, Origin.INPUT, Origin.ACCOUNT}]
    layout = Layout(table, outside)
    assert layout.record == Layout(table, []).record
    assert [column.name for column in layout.columns] == outside


@settings(deadline=None)
@given(st.sampled_from(list(TABLES.values())), st.data())
def test_just_what_is_asked_for_and_the_key_is_read(table: Table, data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from([column.name for column in table.columns]), unique=True))
    layout = Layout(table, names)
    inside = [column for column in table.columns if column.origin in {Origin.RECORD, Origin.ENCLOSING}]
    keyed = any(column.key for column in inside)
    read = [c for c in inside if c.name in names or (c.key if keyed else c is inside[0])]
    around = {c.path for c in read if table.items is None or c.origin is Origin.ENCLOSING}
    assert set(leaves(layout.record)) - {(table.items,)} == around
    if table.items is not None:
        assert set(leaves(item_of(layout))) == {c.path for c in read if c.origin is Origin.RECORD}
    assert [column.name for column in layout.columns] == [c.name for c in table.columns if c.name in names]


def test_embedded_records_keep_apart_from_those_around_them() -> None:
    layout = Layout(TABLES["invoice_line_items"], ["invoice_id", "id", "project_id", "invoice_client_id", "amount"])
    assert layout.record == StructOf(
        (
            ("id", BIGINT),
            ("client", StructOf((("id", BIGINT),))),
            (
                "line_items",
                ListOf(StructOf((("id", BIGINT), ("project", StructOf((("id", BIGINT),))), ("amount", DECIMAL)))),
            ),
        )
    )


def test_columns_that_share_an_object_share_its_reading() -> None:
    layout = Layout(TABLES["time_entries"], ["user_id", "user_name", "is_running"])
    assert layout.record == StructOf(
        (("id", BIGINT), ("user", StructOf((("id", BIGINT), ("name", VARCHAR)))), ("is_running", BOOLEAN))
    )


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
