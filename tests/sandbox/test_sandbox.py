"""Start and stop the sandbox, read its log, force its responses, and replace its records."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from aiohttp import web
from support.api_caller import Caller

from harvest_duck import sandbox as package
from harvest_duck.sandbox import (
    ADMINISTRATOR_TOKEN,
    EURO_ID,
    MAIN_ID,
    MANAGER_TOKEN,
    MEMBER_TOKEN,
    Kind,
    Sandbox,
    Schedule,
)


def python(code: str) -> subprocess.CompletedProcess[str]:
    """Run `code` in another interpreter, with every warning as an error."""
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)


def test_importing_the_package_does_not_load_aiohttp() -> None:
    assert python("import sys, harvest_duck.sandbox; print('aiohttp' in sys.modules)").stdout == "False\n"


def test_starting_and_stopping_twice_does_nothing_more() -> None:
    sandbox = Sandbox(scale=0.1)
    sandbox.stop()
    assert sandbox.start() is sandbox
    url = sandbox.base_url
    assert sandbox.start().base_url == url
    with closing(Caller(sandbox)) as caller:
        assert caller.get("/company").status == 200
    sandbox.stop()
    sandbox.stop()
    with pytest.raises(RuntimeError, match="does not run"):
        _ = sandbox.base_url


def test_stopping_leaves_no_thread_and_no_socket_behind() -> None:
    before = set(threading.enumerate())
    with Sandbox(scale=0.1) as sandbox:
        port = int(sandbox.id_url.rpartition(":")[2])
        caller = Caller(sandbox)
        caller.get("/company")
    caller.close()
    assert set(threading.enumerate()) == before
    gc.collect()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_it_can_start_again_with_the_same_records() -> None:
    sandbox = Sandbox(scale=0.1)
    for _ in range(2):
        with sandbox, closing(Caller(sandbox)) as caller:
            assert caller.get("/company").status == 200
    assert len(sandbox.requests) == 2


def test_a_taken_port_is_an_error_and_leaves_it_stopped() -> None:
    with Sandbox(scale=0.1) as first:
        port = int(first.id_url.rpartition(":")[2])
        second = Sandbox(scale=0.1, port=port)
        with pytest.raises(OSError, match="address already in use"):
            second.start()
        with pytest.raises(RuntimeError, match="does not run"):
            _ = second.base_url


def test_answers_faults_and_changed_records_are_of_the_moment_of_its_own_clock() -> None:
    moments = [datetime(2025, 3, 31, 20, tzinfo=UTC)]
    schedule = Schedule.planned({("/v2/tasks", 1): Kind.DATE_AHEAD, ("/v2/roles", 1): Kind.INSERTED})
    with Sandbox(scale=0.02, now=lambda: moments[-1], faults=schedule) as sandbox, closing(Caller(sandbox)) as caller:
        assert caller.get("/company").headers["Date"] == "Mon, 31 Mar 2025 20:00:00 GMT"
        assert caller.get("/nothing").headers["Date"] == "Mon, 31 Mar 2025 20:00:00 GMT"
        moments.append(moments[-1] + timedelta(days=400))
        assert caller.get("/company").headers["Date"] == "Tue, 05 May 2026 20:00:00 GMT"
        assert parsedate_to_datetime(caller.get("/tasks").headers["Date"]) > moments[-1]
        caller.get("/roles")
        assert "2026-05-05T20:00:00Z" in {role["updated_at"] for role in sandbox.records(MAIN_ID, "roles")}


def test_the_id_host_may_have_a_port_of_its_own() -> None:
    with Sandbox(scale=0.1, id_port=0) as sandbox, closing(Caller(sandbox)) as caller:
        assert sandbox.id_url != sandbox.base_url.removesuffix("/v2")
        caller._base = caller._base._replace(netloc=sandbox.id_url.removeprefix("http://"))
        assert caller.send("/api/v2/accounts").status == 200


def test_connection_strings_name_account_token_and_urls(harvest: Sandbox) -> None:
    urls = f"BaseURL={harvest.base_url};IdURL={harvest.id_url}"
    assert harvest.connection_string() == f"AccountId={MAIN_ID};APIKey={ADMINISTRATOR_TOKEN};{urls}"
    for role, token in (("manager", MANAGER_TOKEN), ("member", MEMBER_TOKEN)):
        assert harvest.connection_string(role=role) == f"AccountId={MAIN_ID};APIKey={token};{urls}"
    assert harvest.connection_string(account_id=EURO_ID).startswith(
        f"AccountId={EURO_ID};APIKey={ADMINISTRATOR_TOKEN};"
    )
    with pytest.raises(LookupError, match="no token for intern of account 1000001"):
        harvest.connection_string(role="intern")


def test_the_log_holds_the_requests_without_secrets(small: Sandbox, caller: Caller) -> None:
    small.clear_log()
    caller.get("/time_entries", external_reference_id="a b&c", per_page=3)
    caller.send(f"/v2/company?access_token={ADMINISTRATOR_TOKEN}", headers={"Cookie": "secret"})
    first, second = small.requests
    assert (first.method, first.path, first.status) == ("GET", "/v2/time_entries", 200)
    assert first.query == {"external_reference_id": "a b&c", "per_page": "3"}
    assert (first.has_token, first.account_id, first.user_agent) == (True, str(MAIN_ID), caller.headers["User-Agent"])
    assert (second.has_token, second.account_id, second.user_agent, second.status) == (True, None, None, 400)
    assert "token" not in repr(small.requests).replace("has_token", "").replace("access_token", "")
    assert not {"Authorization", "Cookie"} & {*first.headers, *second.headers}
    small.clear_log()
    assert small.requests == []


def test_the_log_has_the_time_of_the_clock() -> None:
    with Sandbox(scale=0.1, clock=lambda: 12.5) as sandbox, closing(Caller(sandbox)) as caller:
        caller.get("/company")
        assert [request.time for request in sandbox.requests] == [12.5]


def test_forced_responses_are_sent_the_given_number_of_times(small: Sandbox, caller: Caller) -> None:
    small.respond_next("/v2/clients", status=503, headers={"Retry-After": "3"}, body={"message": "later"}, times=2)
    small.respond_next("/clients", status=200, body=b"{broken", headers={"Content-Type": "text/html"})
    small.respond_next("/tasks", status=204)
    first, second, third, fourth = (caller.get("/clients") for _ in range(4))
    assert (first.status, first.headers["Retry-After"], first.body) == (503, "3", {"message": "later"})
    assert second.status == 503
    assert (third.status, third.content, third.headers["Content-Type"]) == (200, b"{broken", "text/html")
    assert fourth.body["clients"]
    assert caller.get("/tasks").status == 204
    assert [request.status for request in small.requests] == [503, 503, 200, 200, 204]
    small.respond_next("/clients", status=500, body="text")
    small.clear_responses()
    assert caller.get("/clients").status == 200


def test_a_hook_may_answer_or_return_none(small: Sandbox, caller: Caller) -> None:
    async def hook(request: web.BaseRequest) -> web.StreamResponse | None:
        return web.Response(status=418) if request.path.endswith("/tasks") else None

    small.on_request = hook
    assert small.on_request is hook
    assert [caller.get(path).status for path in ("/tasks", "/clients")] == [418, 200]
    small.on_request = None
    assert caller.get("/tasks").status == 200


def test_a_hook_may_cut_the_connection(small: Sandbox, caller: Caller) -> None:
    async def hook(request: web.BaseRequest) -> web.StreamResponse | None:
        assert request.transport is not None
        request.transport.abort()
        return None

    small.on_request = hook
    with pytest.raises(ConnectionError):
        caller.get("/clients")


def test_bodies_are_compressed_on_request(administrator: Caller) -> None:
    packed = administrator.send("/v2/projects")
    assert packed.headers["Content-Encoding"] == "gzip"
    plain_headers = {name: value for name, value in administrator.headers.items() if name != "Accept-Encoding"}
    plain = administrator.send("/v2/projects", headers=plain_headers)
    assert plain.headers["Content-Encoding"] is None
    assert (plain.content, plain.headers["Content-Length"]) == (packed.content, str(len(plain.content)))


def test_replaced_records_are_served_at_once(small: Sandbox, caller: Caller) -> None:
    assert caller.get("/clients").body["total_entries"] > 2
    clients: list[dict[str, Any]] = [
        {"id": 5, "name": "later", "created_at": "2026-01-02T00:00:00Z"},
        {"id": 9, "name": None, "created_at": "2026-01-01T00:00:00Z", "currency": "EUR"},
        {"id": 7, "unheard_of": [Decimal("1.10"), 2.5, {"x": None}], "created_at": "2026-01-01T00:00:00Z"},
    ]
    small.replace(MAIN_ID, "clients", clients)
    assert small.records(MAIN_ID, "clients") is clients
    assert caller.get("/clients").body["clients"] == [clients[0], clients[1], clients[2]]
    assert b"[1.10,2.5,{" in caller.get("/clients").content
    assert caller.get("/clients/7").body == clients[2]
    with closing(Caller(small, ADMINISTRATOR_TOKEN, EURO_ID)) as other:
        assert other.get("/clients").body["total_entries"] > 2


def test_replaced_children_are_found_by_their_owner(small: Sandbox, caller: Caller) -> None:
    invoice, other = (each["id"] for each in small.records(MAIN_ID, "invoices")[:2])
    payments: list[dict[str, Any]] = [
        {"invoice_id": invoice, "id": 1, "amount": Decimal("0.1")},
        {"invoice_id": other, "id": 2},
    ]
    small.replace(MAIN_ID, "invoice_payments", payments)
    assert caller.get(f"/invoices/{invoice}/payments").body["invoice_payments"] == [{"id": 1, "amount": Decimal("0.1")}]
    assert caller.get(f"/invoices/{other}/payments").body["invoice_payments"] == [{"id": 2}]


def test_derived_tables_follow_replaced_records(small: Sandbox, caller: Caller) -> None:
    small.replace(MAIN_ID, "invoices", [{"id": 3, "line_items": [{"id": 4}]}, {"id": 2}, {"id": 1, "line_items": None}])
    assert small.records(MAIN_ID, "invoice_line_items") == [{"invoice_id": 3, "id": 4}]
    me = caller.get("/users/me").body["id"]
    assignments: list[dict[str, Any]] = [
        {"id": 1, "is_active": True, "user": {"id": me}, "project": {"id": 50}},
        {"id": 2, "is_active": False, "user": {"id": me}},
        {"id": 3, "is_active": True},
    ]
    small.replace(MAIN_ID, "user_assignments", assignments)
    own = caller.get("/users/me/project_assignments").body["project_assignments"]
    assert own == [{"id": 1, "is_active": True, "project": {"id": 50}, "client": None, "task_assignments": []}]


def test_a_token_outlives_its_user(small: Sandbox, caller: Caller) -> None:
    before = caller.get("/users/me").body
    small.replace(MAIN_ID, "users", [{"id": 1, "first_name": "New"}])
    assert caller.get("/users/me").body == before
    assert caller.get("/users").body["users"] == [{"id": 1, "first_name": "New"}]


def test_derived_tables_cannot_be_replaced(small: Sandbox) -> None:
    for table in ("invoice_line_items", "me", "my_project_assignments", "accounts", "report_uninvoiced"):
        with pytest.raises(ValueError, match=f"{table} follows from other tables"):
            small.replace(MAIN_ID, table, [])


def test_unknown_accounts_tables_and_reports_are_named(harvest: Sandbox) -> None:
    with pytest.raises(LookupError, match="no account 7"):
        harvest.records(7, "clients")
    with pytest.raises(LookupError, match="no table 'birds'"):
        harvest.records(MAIN_ID, "birds")
    with pytest.raises(LookupError, match="no report 'report_time_birds'"):
        harvest.report(MAIN_ID, "report_time_birds", package.TODAY, package.TODAY)


@pytest.mark.thorough
def test_there_is_one_shared_sandbox_and_it_runs() -> None:
    code = (
        "import urllib.request as u\n"
        "from harvest_duck.sandbox import shared\n"
        "assert shared() is shared()\n"
        "r = u.Request(shared().id_url + '/api/v2/accounts', headers={'Authorization': 'Bearer sandbox-admin-token'})\n"
        "print(u.urlopen(r).status)\n"
    )
    assert python(code).stdout == "200\n"


@pytest.mark.thorough
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_shares_a_sandbox_of_its_own() -> None:
    code = (
        "import os, sys, warnings\n"
        "warnings.simplefilter('ignore', DeprecationWarning)\n"
        "from harvest_duck.sandbox import shared\n"
        "mine = shared().base_url\n"
        "if (child := os.fork()) == 0:\n"
        "    theirs = shared().base_url\n"
        "    print(theirs != mine, flush=True)\n"
        "    shared().stop()\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "print(shared().base_url == mine)\n"
    )
    assert python(code).stdout == "True\nTrue\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ")
def test_serving_ends_cleanly_with_ctrl_c() -> None:
    code = (
        "from harvest_duck.sandbox import serve_forever\n"
        "serve_forever(port=0, scale=0.1, ready=lambda sandbox: print(sandbox.base_url, flush=True))\n"
        "print('ended')\n"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("http://127.0.0.1:")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (out, err, process.returncode) == ("ended\n", "", 0)


def test_latency_can_be_set_while_it_runs() -> None:
    """The delay is set, not measured; the sandbox answers with and without one."""
    with Sandbox(scale=0.1, latency_ms=1) as sandbox, closing(Caller(sandbox)) as caller:
        assert caller.get("/company").status == 200
        sandbox.latency_ms = 0
        assert sandbox.latency_ms == 0
        assert caller.get("/company").status == 200
