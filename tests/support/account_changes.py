"""The changes that the people of an account make, each drawn by the random numbers of its history, told in words.

A change raises LookupError where there is nothing to change, and ValueError where Harvest refuses it.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from harvest_duck.sandbox import Rounding, TimeRounding

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.histories import History

__all__ = ["WEIGHTS"]

Record = dict[str, Any]


def _booked(history: History) -> Record:
    """Return the project, task and person of some time entry."""
    like = history.pick("time_entries")
    return {f"{key}_id": like[key]["id"] for key in ("project", "task", "user")}


def _track(history: History) -> str:
    hours = Decimal(history.rng.randrange(1, 800)) / 100
    return history.insert("time_entries", _booked(history) | {"hours": hours, "spent_date": history.day()})


def _edit_time(history: History) -> str:
    fields = history.rng.choice(({"notes": f"note {history.rng.randrange(1000)}"}, {"hours": Decimal("2.22")}))
    return history.edit("time_entries", history.pick("time_entries"), fields)


def _move_day(history: History) -> str:
    table = history.rng.choice(("time_entries", "time_entries", "expenses"))
    return history.edit(table, history.pick(table), {"spent_date": history.day()})


def _move_project(history: History) -> str:
    return history.edit("time_entries", history.pick("time_entries"), _booked(history))


def _delete_time(history: History) -> str:
    return history.delete("time_entries", history.pick("time_entries"))


def _delete_day(history: History) -> str:
    day = history.pick("time_entries")["spent_date"]
    gone = [each for each in history.account.records("time_entries") if each["spent_date"] == day]
    return history.delete("time_entries", *gone[:8])


def _delete_some(history: History) -> str:
    return history.delete("time_entries", *history.rng.sample(history.account.records("time_entries"), 4))


def _swap(history: History) -> str:
    # As many come as go, so that the total stays.
    return f"{_delete_time(history)} and {_track(history)}"


def _start_timer(history: History) -> str:
    moment = history.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
    fields = {"is_running": True, "timer_started_at": moment, "spent_date": moment[:10]}
    return history.insert("time_entries", _booked(history) | fields)


def _stop_timer(history: History) -> str:
    entry = history.pick("time_entries", lambda each: each["is_running"])
    return history.edit("time_entries", entry, {"is_running": False, "timer_started_at": None})


def _run_timers(history: History) -> str:
    history.account.run_timers(history.rng.randrange(1, 90))
    return "on"


def _spend(history: History) -> str:
    like = history.pick("expenses")
    booked = {"project_id": like["project"]["id"], "user_id": like["user"]["id"]}
    return history.insert("expenses", booked | {"total_cost": Decimal("12.5"), "spent_date": history.day()})


def _edit_expense(history: History) -> str:
    return history.edit("expenses", history.pick("expenses"), {"notes": "Taxi", "total_cost": Decimal("8.75")})


def _delete_expense(history: History) -> str:
    return history.delete("expenses", history.pick("expenses"))


def _bill(history: History) -> str:
    return f"invoice {history.account.bill(history.pick('clients')['id'])['id']}"


def _edit_invoice(history: History) -> str:
    return history.edit("invoices", history.pick("invoices"), {"notes": "Thanks", "issue_date": history.day()})


def _pay(history: History) -> str:
    invoice = history.pick("invoices", lambda each: each["due_amount"] > 0)
    amount = history.rng.choice((invoice["due_amount"], Decimal(10)))
    return history.insert("invoice_payments", {"invoice_id": invoice["id"], "amount": amount})


def _take_back_payment(history: History) -> str:
    return history.delete("invoice_payments", history.pick("invoice_payments"))


def _send_invoice(history: History) -> str:
    fields = {"invoice_id": history.pick("invoices")["id"], "event_type": history.rng.choice((None, "close", "draft"))}
    return history.insert("invoice_messages", fields)


def _delete_invoice(history: History) -> str:
    return history.delete("invoices", history.pick("invoices"))


def _offer(history: History) -> str:
    return history.insert("estimates", {"client_id": history.pick("clients")["id"], "issue_date": history.day()})


def _send_estimate(history: History) -> str:
    fields = {"estimate_id": history.pick("estimates")["id"], "event_type": history.rng.choice((None, "accept"))}
    return history.insert("estimate_messages", fields)


def _delete_estimate(history: History) -> str:
    return history.delete("estimates", history.pick("estimates"))


def _rename(history: History) -> str:
    table = history.rng.choice(("clients", "projects", "tasks", "users"))
    record, name = history.pick(table), f"New {history.rng.randrange(100)}"
    history.account.rename(table, record["id"], name)
    return f"{table} {record['id']} {name}"


def _create(history: History) -> str:
    table = history.rng.choice(("clients", "contacts", "tasks", "users", "expense_categories", "projects"))
    return f"{table} {history.insert(table, {})}"


def _assign(history: History) -> str:
    kind, project = history.rng.choice(("user", "task")), history.pick("projects")["id"]
    taken = {
        each[kind]["id"] for each in history.account.records(f"{kind}_assignments") if each["project"]["id"] == project
    }
    other = history.pick(f"{kind}s", lambda each: each["id"] not in taken)
    return f"{kind} {history.insert(f'{kind}_assignments', {'project_id': project, f'{kind}_id': other['id']})}"


def _edit_assignment(history: History) -> str:
    table = history.rng.choice(("user_assignments", "task_assignments"))
    fields: Record = history.rng.choice(({"hourly_rate": Decimal("77.5")}, {"is_active": False}, {"is_active": True}))
    return history.edit(table, history.pick(table), fields)


def _archive(history: History) -> str:
    table = history.rng.choice(("clients", "projects", "tasks"))
    record = history.pick(table)
    return history.edit(table, record, {"is_active": not record["is_active"]})


def _delete_unused(history: History) -> str:
    tables = ("clients", "contacts", "tasks", "users", "expense_categories", "user_assignments", "task_assignments")
    table, tokens = history.rng.choice(tables), {each["id"] for each in history.account.token_users}
    return history.delete(table, history.pick(table, lambda each: each["id"] not in tokens))


def _delete_project(history: History) -> str:
    entries = history.account.records("time_entries")
    used = Counter(entry["project"]["id"] for entry in entries)
    return history.delete("projects", history.pick("projects", lambda each: used[each["id"]] < len(entries) / 8))


def _move_client(history: History) -> str:
    return history.edit("projects", history.pick("projects"), {"client_id": history.pick("clients")["id"]})


def _round(history: History) -> str:
    rule = TimeRounding(history.rng.choice(list(Rounding)), history.rng.choice((6, 15, 30)))
    history.account.set_rounding(rule)
    return f"{rule.rounding} {rule.minutes}"


def _rate(history: History) -> str:
    project = history.pick("projects", lambda each: each["bill_by"] == "Project")
    history.account.set_rate(project["id"], Decimal(history.rng.randrange(50, 200)))
    return f"of project {project['id']}"


def _lock(history: History) -> str:
    day = date.fromisoformat(history.day())
    history.account.lock_until(day)
    return f"until {day}"


#: The changes by how often each is made.
_BY_WEIGHT: dict[int, tuple[Callable[[History], str], ...]] = {
    10: (_track,),
    8: (_delete_time,),
    6: (_edit_time, _move_day),
    4: (_rename, _create, _delete_unused),
    3: (_move_project, _swap, _spend, _pay),
    2: (
        _delete_some,
        _start_timer,
        _stop_timer,
        _run_timers,
        _edit_expense,
        _delete_expense,
        _bill,
        _edit_invoice,
        _send_invoice,
        _delete_invoice,
        _assign,
        _edit_assignment,
    ),
    1: (
        _delete_day,
        _take_back_payment,
        _offer,
        _send_estimate,
        _delete_estimate,
        _archive,
        _delete_project,
        _move_client,
        _round,
        _rate,
        _lock,
    ),
}
WEIGHTS = {draw: weight for weight, draws in _BY_WEIGHT.items() for draw in draws}
