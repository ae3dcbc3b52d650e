"""`harvest_access` says of each table what a scan with the same token returns."""

from __future__ import annotations

import contextlib
import io
import re
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc
import pytest
from support.asked import asked
from support.paths import DOCS
from support.sandbox_rows import plain

import harvest_duck
from harvest_duck.catalog.model import Right
from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import Forbidden, InvalidRequest, ResponseError, ServerError, TransportError, Unauthorized
from harvest_duck.introspection.access import access
from harvest_duck.introspection.access_rules import ACCESS, Person
from harvest_duck.sandbox import EURO_ID, MAIN_ID, MANAGER_TOKEN, MEMBER_TOKEN, Sandbox
from harvest_duck.sandbox.data.profile import TODAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.catalog.model import Table

PAGE = DOCS / "access.md"
EXAMPLE = re.compile(r"```python\n(?P<code>[^`]*)```\n\n```text\n(?P<output>[^`]*)```")
FIRST_DAY = TODAY - timedelta(days=29)

#: Which users are asked as: a role of the sandbox, and the access roles that its user is given for it.
USERS: dict[str, tuple[str, list[str] | None]] = {
    "administrator": ("administrator", None),
    "manager": ("manager", None),
    "member": ("member", None),
    "manager without a right": ("manager", ["manager"]),
    "manager of estimates": ("manager", ["manager", "estimates_manager", "managed_projects_invoice_drafter"]),
    "manager of rates": ("manager", ["billable_rates_manager", "manager"]),
    "member with a right": ("manager", ["member", "billable_rates_manager", "client_and_task_manager"]),
    "nobody": ("member", []),
}
#: Those whom a usual run asks as.
USUAL = {"administrator", "manager of rates", "member", "nobody"}
#: Tables about whoever asks, so that two users cannot have the same rows; and where an administrator finds them.
OWN = {"me": "users", "my_project_assignments": "project_assignments", "accounts": "accounts"}

Rows = list[dict[str, Any]]


class Asked:
    """The rows of `harvest_access` for a user, and the rows of all their scans: None where a table is forbidden."""

    def __init__(self, sandbox: Sandbox, user: str) -> None:
        role, access_roles = USERS[user]
        users = sandbox.records(MAIN_ID, "users")
        if access_roles is not None:
            position = ("administrator", "manager", "member").index(role)
            mine = sandbox.account(MAIN_ID).token_users[position]["id"]
            changed = [each | {"access_roles": access_roles} if each["id"] == mine else each for each in users]
            sandbox.replace(MAIN_ID, "users", changed)
        try:
            connection = f"{sandbox.connection_string(role=role)};RateLimit=off;ReportsRateLimit=off"
            self.told = {row["table_name"]: row for row in access(connection, today=TODAY).to_pylist()}
            self.rows = {table.name: scanned(table, connection) for table in TABLES.values()}
        finally:
            sandbox.replace(MAIN_ID, "users", users)


def scanned(table: Table, connection: str) -> Rows | None:
    """All rows of a table, of a report those of the last 30 days; None where they are forbidden."""
    days = (pc.field("from_date") == FIRST_DAY) & (pc.field("to_date") == TODAY)
    keep = days if table.max_span_days is not None else None
    try:
        rows: Rows = harvest_duck.scan(table.name, connection, filter=keep).read_all().to_pylist()
    except Forbidden:
        return None
    return rows


@pytest.fixture(scope="module")
def small() -> Iterator[Sandbox]:
    """A small sandbox of this module's own, in which users can be given other access roles."""
    with Sandbox(seed=7, scale=0.1, time_entries=400, limits=False) as running:
        yield running


@pytest.fixture(scope="module")
def administrator(small: Sandbox) -> Asked:
    return Asked(small, "administrator")


def visible(table: Table, rows: Rows) -> Counter[str]:
    """The rows without the columns that depend on who asks, which are looked at below."""
    hidden = {"task_assignments", "access_roles"} | {column.name for column in table.columns if column.right}
    columns = [column.name for column in table.columns if column.name not in hidden]
    return Counter(repr(plain(tuple(row[name] for name in columns))) for row in rows)


# Against scans


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in USUAL else [pytest.mark.thorough]) for name in USERS],
)
def test_the_access_of_a_user_is_what_its_scans_give(name: str, small: Sandbox, administrator: Asked) -> None:
    """One test a user, as it takes a scan of every table."""
    user = administrator if name == "administrator" else Asked(small, name)
    every_table_has_a_row(user)
    a_table_is_forbidden_where_its_scan_is(user)
    a_readable_table_has_the_rows_of_an_administrator(user, administrator)
    records_are_the_number_of_rows(user)
    empty_columns_are_filled_for_an_administrator_alone(user, administrator)
    every_row_names_the_user(user)
    if name in ("manager", "member"):
        a_table_with_fewer_rows_is_narrowed(user, administrator)
    if name == "administrator":
        an_administrator_finds_no_column_empty(user)
    if name == "manager":
        a_manager_of_rates_sees_all_but_costs(user)
    if name == "member":
        a_member_sees_neither_rates_nor_costs(user)
        a_reason_is_the_answer_of_harvest(user)


def every_table_has_a_row(user: Asked) -> None:
    assert list(user.told) == list(TABLES)


def a_table_is_forbidden_where_its_scan_is(user: Asked) -> None:
    forbidden = {name for name, row in user.told.items() if row["access"] == "forbidden"}
    assert forbidden == {name for name, rows in user.rows.items() if rows is None}
    assert {row["access"] for row in user.told.values()} <= {"readable", "narrowed", "forbidden"}


def a_readable_table_has_the_rows_of_an_administrator(user: Asked, administrator: Asked) -> None:
    for name, rows in user.rows.items():
        if rows is not None and name not in OWN and user.told[name]["access"] == "readable":
            whole = administrator.rows[name] or []
            assert visible(TABLES[name], rows) == visible(TABLES[name], whole), name


def a_table_with_fewer_rows_is_narrowed(user: Asked, administrator: Asked) -> None:
    fewer = {
        name
        for name, rows in user.rows.items()
        if rows is not None and name not in OWN and len(rows) < len(administrator.rows[name] or ())
    }
    assert {"time_entries", "expenses", "report_project_budget"} <= fewer
    assert {user.told[name]["access"] for name in fewer} == {"narrowed"}


def records_are_the_number_of_rows(user: Asked) -> None:
    for name, row in user.told.items():
        if row["records"] is not None:
            assert row["records"] == len(user.rows[name] or ()), name
    told = {name for name, row in user.told.items() if row["records"] is not None}
    assert {"time_entries", "expenses", "report_time_team"} <= told


def counterparts(name: str, rows: Rows, administrator: Asked) -> Rows:
    """The rows of an administrator for the same records, or for the same subjects of a report."""
    table = TABLES[name]
    keys = table.key or table.subject[:1]
    known = {tuple(row[key] for key in keys) for row in rows}
    whole = administrator.rows[OWN.get(name, name)] or []
    return [row for row in whole if tuple(row[key] for key in keys) in known]


def empty_columns_are_filled_for_an_administrator_alone(user: Asked, administrator: Asked) -> None:
    """A column that is empty for both may be told too: nothing but its value could show that it is not hidden."""
    for name, rows in user.rows.items():
        if not rows or not (TABLES[name].key or TABLES[name].subject):
            continue
        same = counterparts(name, rows, administrator)
        empty = {column for column in rows[0] if all(row[column] is None for row in rows)}
        filled = {column for column in rows[0] if any(row[column] is not None for row in same)}
        told = set(user.told[name]["empty_columns"])
        assert empty & filled <= told <= empty, name


def an_administrator_finds_no_column_empty(user: Asked) -> None:
    assert all(row["empty_columns"] == [] for row in user.told.values())


def a_member_sees_neither_rates_nor_costs(user: Asked) -> None:
    hidden = ["user_assignment_hourly_rate", "task_assignment_hourly_rate", "billable_rate", "cost_rate"]
    assert user.told["time_entries"]["empty_columns"] == hidden
    assert user.told["me"]["empty_columns"] == ["default_hourly_rate", "cost_rate"]
    assert user.told["report_time_team"]["empty_columns"] == ["currency", "billable_amount"]
    assert user.told["clients"]["empty_columns"] is None


def a_manager_of_rates_sees_all_but_costs(user: Asked) -> None:
    told = {name: row["empty_columns"] for name, row in user.told.items() if row["empty_columns"]}
    assert told == {"time_entries": ["cost_rate"], "users": ["cost_rate"], "me": ["cost_rate"]}


def every_row_names_the_user(user: Asked) -> None:
    (me,) = user.rows["me"] or ()
    basic = [role for role in me["access_roles"] if role in ("administrator", "manager", "member")]
    name = f"{me['first_name']} {me['last_name']}"
    person = (MAIN_ID, "Harbour & Vale", me["id"], name, next(iter(basic), None), me["access_roles"])
    assert [tuple(row.values())[:6] for row in user.told.values()] == [person] * len(TABLES)


def a_reason_is_the_answer_of_harvest(user: Asked) -> None:
    assert user.told["clients"]["reason"].startswith("clients page 1: Harvest answered 403: ")
    assert user.told["invoice_payments"]["reason"].startswith("invoices page 1: Harvest answered 403: ")
    assert user.told["my_project_assignments"]["reason"] is None
    assert TABLES["expenses"].permission in user.told["expenses"]["reason"]
    assert user.told["pto_requests"]["reason"] == (
        f"there may be rows that only administrators get; {TABLES['pto_requests'].permission}"
    )
    assert all("\n" not in (row["reason"] or "") for row in user.told.values())


@pytest.mark.parametrize(
    ("roles", "rights"),
    [
        (("administrator",), {Right.RATES, Right.COSTS}),
        (("manager",), set()),
        (("manager", "billable_rates_manager"), {Right.RATES}),
        (("billable_rates_manager",), set()),
        (("member",), set()),
        ((), set()),
    ],
)
def test_rights_follow_from_access_roles(roles: tuple[str, ...], rights: set[Right]) -> None:
    assert {right for right in Right if Person(1, "Ann", roles).may_see(right)} == rights


# Requests


def several(sandbox: Sandbox, accounts: str, role: str = "administrator") -> str:
    """The connection string for these accounts."""
    one = sandbox.connection_string(role=role)
    return f"{one.replace(f'AccountId={MAIN_ID}', f'AccountId={accounts}')};RateLimit=off;ReportsRateLimit=off"


def test_each_table_is_asked_once_and_for_few_rows(sandbox: Sandbox, connection: str) -> None:
    access(connection, today=TODAY)
    assert len(sandbox.requests) == len(TABLES)
    assert {request.query.get("per_page") for request in sandbox.requests} == {None, "20"}
    assert asked(sandbox)[:2] == ["/api/v2/accounts", "/users/me"]
    assert f"/reports/time/team?from={FIRST_DAY:%Y%m%d}&to={TODAY:%Y%m%d}" in asked(sandbox)
    # The lines of invoices and estimates come with them, and the days of requests for time off.
    twice = {path for path, count in Counter(asked(sandbox)).items() if count > 1}
    assert twice == {
        "/invoices",
        "/estimates",
        "/pto/requests",
        *(path for path in twice if path.endswith("/project_assignments")),
    }


@pytest.mark.parametrize("role", ["manager", "member"])
def test_who_sees_less_is_asked_no_more(sandbox: Sandbox, role: str) -> None:
    access(several(sandbox, str(MAIN_ID), role))
    assert len(sandbox.requests) < len(TABLES)


def test_the_answer_has_its_columns_and_no_token(sandbox: Sandbox) -> None:
    told = access(several(sandbox, str(MAIN_ID), "member"))
    assert told.schema == ACCESS
    assert MEMBER_TOKEN not in str(told.to_pylist())


# Accounts


@pytest.mark.parametrize("accounts", [f"{MAIN_ID},{EURO_ID}", "*"])
def test_each_account_has_all_tables(sandbox: Sandbox, accounts: str) -> None:
    told = access(several(sandbox, accounts), today=TODAY).to_pylist()
    apart = [
        row
        for account_id in (MAIN_ID, EURO_ID)
        for row in access(several(sandbox, str(account_id)), today=TODAY).to_pylist()
    ]
    # Errors name the account where there are several, and how to leave it out.
    named = re.compile(r" of account \d+( \([^)]*\))?|; to leave this account out add account_id <> \d+")
    for row in told:
        row["reason"] = row["reason"] and named.sub("", row["reason"])
    assert told == apart
    assert {row["account_name"] for row in told} == {"Harbour & Vale", "Harbour & Vale Europe"}


@pytest.mark.parametrize(("accounts", "extra"), [(f"{MAIN_ID},{EURO_ID}", 0), ("*", 1)])
def test_the_accounts_are_asked_for_once_more_only_where_they_are_not_given(
    sandbox: Sandbox, accounts: str, extra: int
) -> None:
    access(several(sandbox, accounts), today=TODAY)
    counted = Counter(request.account_id for request in sandbox.requests)
    # The second account has no time off, so no holiday calendar could be asked for its entries.
    assert counted == {None: 1 + extra, str(MAIN_ID): len(TABLES) - 1, str(EURO_ID): len(TABLES) - 2}


def test_an_account_that_fails_is_named(sandbox: Sandbox) -> None:
    with pytest.raises(ResponseError, match=f"me of account {EURO_ID} page 1: Harvest answered"):
        access(several(sandbox, f"{MAIN_ID},{EURO_ID}", role="manager"))
    sandbox.respond_next("/v2/roles", status=503, headers={"Retry-After": "0"}, times=10)
    with pytest.raises(ServerError, match=rf"roles of account ({MAIN_ID}|{EURO_ID}) page 1: Harvest answered 503"):
        access(several(sandbox, f"{MAIN_ID},{EURO_ID}"))


# Answers that say something else


def test_nothing_can_be_told_of_children_without_a_parent() -> None:
    with Sandbox(seed=7, scale=0.05, limits=False) as sandbox:
        members = [each | {"access_roles": ["administrator"]} for each in sandbox.records(MAIN_ID, "users")]
        sandbox.replace(MAIN_ID, "users", members)
        sandbox.replace(MAIN_ID, "invoices", [])
        told = {row["table_name"]: row for row in access(several(sandbox, str(MAIN_ID))).to_pylist()}
        unknown = {name: row["reason"] for name, row in told.items() if row["access"] == "unknown"}
        assert set(unknown) == {"invoice_payments", "invoice_messages", "invoice_message_templates", "teammates"}
        assert (
            unknown["invoice_payments"] == "not asked: Harvest lists it by invoice_id, and there is no row of invoices"
        )
        assert unknown["teammates"].endswith(
            f"there is no row of users whose access_roles has manager among the first {len(members)}"
        )
        assert told["invoices"]["records"] == 0
        assert {(told[name]["records"], told[name]["empty_columns"]) for name in unknown} == {(None, None)}
        assert not [path for path in asked(sandbox) if "/invoices/" in path or "/teammates" in path]


@pytest.mark.parametrize("status", [403, 404])
def test_what_is_hidden_is_forbidden(sandbox: Sandbox, connection: str, status: int) -> None:
    sandbox.respond_next("/v2/company", status=status, body={"message": "not you"})
    told = {row["table_name"]: row for row in access(connection).to_pylist()}
    assert told["company"]["access"] == "forbidden"
    assert re.search(rf'Harvest answered {status}: .*"not you"', told["company"]["reason"])
    assert [name for name, row in told.items() if row["access"] != "readable"] == ["company"]


def test_a_part_of_harvest_that_the_account_does_not_have_is_forbidden(sandbox: Sandbox) -> None:
    told = {row["table_name"]: row for row in access(several(sandbox, str(EURO_ID)), today=TODAY).to_pylist()}
    forbidden = {name: row["reason"] for name, row in told.items() if row["access"] != "readable"}
    assert set(forbidden) == {name for name in TABLES if name.startswith("pto_")}
    assert all("Harvest answered 403: the account has no Paid Time Off, or" in reason for reason in forbidden.values())


def test_a_manager_who_is_none_any_more_has_no_teammates_to_read(sandbox: Sandbox, connection: str) -> None:
    for user in sandbox.records(MAIN_ID, "users"):
        sandbox.respond_next(f"/v2/users/{user['id']}/teammates", status=422)
    told = {row["table_name"]: row["access"] for row in access(connection).to_pylist()}
    assert told["teammates"] == "forbidden"


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [("/v2/clients", 422, InvalidRequest), ("/v2/clients", 400, InvalidRequest), ("/v2/users/me", 401, Unauthorized)],
)
def test_any_other_error_fails_the_call(
    sandbox: Sandbox, connection: str, path: str, status: int, error: type[Exception]
) -> None:
    # Twice, as a request that the test before gave up, for /users/me/project_assignments, may still be on its way.
    sandbox.respond_next(path, status=status, times=2)
    with pytest.raises(error, match=f"Harvest answered {status}") as caught:
        access(connection)
    assert MANAGER_TOKEN not in str(caught.value)


def test_no_answer_fails_the_call() -> None:
    with Sandbox(scale=0.05) as sandbox, pytest.raises(TransportError, match="TLS"):
        access(sandbox.connection_string().replace("http://", "https://"))


# The page


def test_the_example_prints_what_stands_below_it() -> None:
    (example,) = EXAMPLE.finditer(PAGE.read_text("utf-8"))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(example["code"], str(PAGE), "exec"), {})  # noqa: S102 - our own page
    assert printed.getvalue().strip() == example["output"].strip()


@pytest.mark.parametrize(
    ("part", "names"),
    [("columns", ACCESS.names), ("access", ["readable", "narrowed", "forbidden", "unknown"])],
)
def test_the_page_names_every_column_and_answer(part: str, names: list[str]) -> None:
    (listed,) = re.findall(f"<!-- {part} -->(.*)<!-- /{part} -->", PAGE.read_text("utf-8"), re.DOTALL)
    assert re.findall(r"^\| `(\w+)` \|", listed, re.MULTILINE) == names
