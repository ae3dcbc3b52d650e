"""Columns that are named after the object or the record that they are read from."""

from __future__ import annotations

from harvest_duck.catalog.columns import enclosing, integer, nested, text, timestamps
from harvest_duck.catalog.model import Origin


def test_a_nested_column_is_named_after_its_object_and_read_inside_of_it() -> None:
    number, name = nested("client", integer("id", "Which client", references="clients.id"), text("name", "Its name"))
    assert (number.name, number.path, number.references) == ("client_id", ("client", "id"), "clients.id")
    assert (name.name, name.path, name.origin) == ("client_name", ("client", "name"), Origin.RECORD)


def test_a_column_of_the_enclosing_record_is_named_after_it_and_read_where_it_says() -> None:
    number, client = enclosing(
        "invoice", integer("id", "Which invoice", key=True), integer("client_id", "Whose", at="client.id")
    )
    assert (number.name, number.path, number.origin) == ("invoice_id", ("id",), Origin.ENCLOSING)
    assert number.key
    assert (client.name, client.path, client.origin) == ("invoice_client_id", ("client", "id"), Origin.ENCLOSING)


def test_a_record_says_when_it_was_created_and_changed() -> None:
    assert [column.name for column in timestamps("bird")] == ["created_at", "updated_at"]
