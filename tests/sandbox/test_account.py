"""An account changes at one stroke: an answer under way is about the moment at which it began."""

from __future__ import annotations

from harvest_duck.sandbox import MAIN_ID, Sandbox


def test_an_answer_under_way_is_about_one_moment_and_the_next_one_has_the_change() -> None:
    account = Sandbox(scale=0.02).account(MAIN_ID)
    under_way, assigned = account.state, len(account.records("project_assignments"))
    entries = account.records("time_entries")
    account.replace("time_entries", entries[1:])
    account.replace("user_assignments", [])
    assert len(under_way.index("time_entries").ordered) == len(entries)
    assert len(under_way.index("project_assignments").records) == assigned > 0
    assert account.state.index("time_entries").by_id.keys() == {entry["id"] for entry in entries[1:]}
    assert account.records("project_assignments") == []


def test_a_change_leaves_the_order_of_other_tables_as_it_was_found() -> None:
    account = Sandbox(scale=0.02).account(MAIN_ID)
    before, messages = account.state.index("expenses"), account.state.children("invoice_messages", "invoice_id")
    account.replace("time_entries", [])
    assert account.state.index("expenses") is before
    assert account.state.children("invoice_messages", "invoice_id") is messages
    account.replace("expenses", [])
    assert account.state.index("expenses").ordered == []
