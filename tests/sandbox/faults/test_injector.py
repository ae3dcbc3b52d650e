"""The sandbox injects the faults of a schedule into requests for records, and lists them."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from support.api_caller import Caller
from support.command import COMMAND
from support.fault_injection import inject

from harvest_duck import sandbox as package
from harvest_duck.sandbox import MAIN_ID, Kind, Sandbox, Schedule
from harvest_duck.sandbox.faults.schedule import (
    TOKEN_FAULTS,
    RequestCounter,
)


def test_only_requests_for_records_get_faults_and_only_while_injecting(small: Sandbox, caller: Caller) -> None:
    small.inject(Schedule.seeded(1, rate=1, kinds=[Kind.FAILED]))
    assert caller.send("/api/v2/accounts").status == 200
    assert caller.get("/clients").status >= 500
    small.stop_injecting()
    assert caller.get("/clients").status == 200
    assert small.injected == []


def test_faults_may_be_injected_from_the_start() -> None:
    schedule = Schedule.planned({("/v2/tasks", 1): Kind.HTML})
    with Sandbox(scale=0.1, faults=schedule) as sandbox, closing(Caller(sandbox)) as caller:
        assert caller.get("/clients").status == 200
        assert caller.get("/tasks").content.startswith(b"<!DOCTYPE html>")
        assert [str(each) for each in sandbox.injected] == ["/v2/tasks (1): an HTML page [0]"]


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform == "win32", reason="signals differ")
@pytest.mark.shows_secrets
def test_the_command_line_takes_a_seed_of_faults() -> None:
    schedule = Schedule.seeded(17)
    targets = (f"/v2/clients?page={page}" for page in range(1, 1000))
    chosen = ((target, schedule.choose(RequestCounter().count("/v2/clients", target))) for target in targets)
    failing = next(target for target, fault in chosen if fault is not None and fault.kind is Kind.FAILED)
    arguments = ["sandbox", "--port", "0", "--scale", "0.1", "--faults", "17"]
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            printed = next(line for line in process.stdout if "BaseURL=" in line)
            with closing(Caller(printed.partition("BaseURL=")[2].partition(";")[0])) as caller:
                assert caller.send(failing).status >= 500
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
        finally:
            process.kill()


def test_records_change_before_a_response_and_are_put_back(small: Sandbox, caller: Caller) -> None:
    before = {record["id"]: record for record in small.records(MAIN_ID, "invoices")}
    for kind, more in ((Kind.INSERTED, 1), (Kind.CHANGED, 0), (Kind.DELETED, -1)):
        inject(small, kind)
        listed = caller.get("/invoices").body["invoices"]
        assert len(listed) == len(before) + more
        (injected,) = small.injected
        change = injected.change
        assert change is not None
        if change.after is not None:
            (served,) = [record for record in listed if record["id"] == change.record_id]
            assert served["subject"] == change.after["subject"]
            assert datetime.now(UTC) - datetime.fromisoformat(served["updated_at"]) < timedelta(minutes=5)
        items = [item["id"] for record in listed for item in record["line_items"]]
        assert len(items) == len(set(items))
        small.stop_injecting()
        assert {record["id"]: record for record in caller.get("/invoices").body["invoices"]} == before


@pytest.mark.parametrize("kind", sorted(TOKEN_FAULTS))
def test_tokens_end_before_a_response(kind: Kind, small: Sandbox) -> None:
    issued = small.issue_tokens()
    with closing(Caller(small, issued.access_token)) as caller:
        assert caller.get("/clients").status == 200
        inject(small, kind)
        assert caller.get("/clients").status == 401
        fields = {"grant_type": "refresh_token", "refresh_token": issued.refresh_token}
        client = {"client_id": package.OAUTH_CLIENT_ID, "client_secret": package.OAUTH_CLIENT_SECRET}
        refreshed = caller.post("/api/v2/oauth2/token", fields | client)
    assert refreshed.status == (200 if kind is Kind.EXPIRED else 400)
