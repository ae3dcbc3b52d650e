"""dbt-duckdb with the plugin: the project in examples/dbt, its incremental model, its docs, and errors."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest
from support.clients import client
from support.dbt_project import Project
from support.paths import DOCS, ROOT

import harvest_duck
from harvest_duck.catalog.tables import TABLES
from harvest_duck.sandbox import ADMINISTRATOR_TOKEN, EURO_ID, MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXAMPLE = ROOT / "examples" / "dbt"
COUNTED = "/time_entries?per_page=1"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """The example, with an agency of its own that changes."""
    client("dbt.adapters.duckdb")
    shutil.copytree(EXAMPLE, tmp_path / "project")
    with Sandbox(seed=7, scale=0.1, time_entries=300, limits=False) as agency:
        made = Project(tmp_path / "project", agency)
        yield made
        made.close()


def entries(project: Project) -> list[tuple[int, str]]:
    """The time entries that the agency has."""
    return sorted((each["id"], f"{each['hours']:.4f}") for each in project.sandbox.records(MAIN_ID, "time_entries"))


def copied(project: Project) -> list[tuple[int, str]]:
    """Those of the incremental model."""
    return project.rows("SELECT id, hours::VARCHAR FROM time_entries ORDER BY id")


def test_the_example_is_built_twice_and_then_follows_what_changes(project: Project) -> None:
    first = project.dbt("build")
    assert first.success, first.said
    assert "Concurrency: 4 threads (target='dev')" in first.said
    assert copied(project) == entries(project)
    assert project.rows("SELECT count(*) > 5 FROM utilization") == [(True,)]

    project.close()
    second = project.dbt("build")
    assert second.success, second.said
    (changed,) = (each for each in second.asked if each.startswith("/time_entries?updated_since="))
    assert [each for each in second.asked if each.startswith("/time_entries") and "from=" not in each] == [
        changed,
        COUNTED,
    ]
    assert project.dbt("run", "--select", "time_entries").asked == [changed]
    assert copied(project) == entries(project)

    _follows_what_changes(project)
    _has_the_comments_of_the_catalog(project)
    written = [path for path in project.folder.rglob("*") if path.is_file()]
    assert {"dbt.log", "manifest.json", "run_results.json", "agency.duckdb"} <= {path.name for path in written}
    assert [path for path in written if ADMINISTRATOR_TOKEN.encode() in path.read_bytes()] == []


def _follows_what_changes(project: Project) -> None:
    """What is added and changed takes one request; what is deleted stays, is told, and goes with a full refresh."""
    account = project.sandbox.account(MAIN_ID)
    edited, gone, *_ = account.records("time_entries")
    account.edit("time_entries", edited["id"], {"hours": 7})
    account.insert("time_entries", {"hours": 3})
    account.delete("time_entries", gone["id"])

    followed = project.dbt("build", "--select", "time_entries", "deleted_time_entries")
    assert followed.success, followed.said
    assert len(followed.asked) == 2
    assert followed.asked[0].startswith("/time_entries?updated_since=")
    assert followed.asked[1] == COUNTED
    assert "Warning in test deleted_time_entries (tests/deleted_time_entries.sql)" in followed.said
    assert [row for row in copied(project) if row[0] != gone["id"]] == entries(project)
    assert gone["id"] in dict(copied(project))

    assert project.dbt("run", "--select", "time_entries", "--full-refresh").success
    assert copied(project) == entries(project)


def _has_the_comments_of_the_catalog(project: Project) -> None:
    """The docs are made without a request."""
    documented = project.dbt("docs", "generate")
    assert documented.success, documented.said
    assert documented.asked == []
    catalog = json.loads((project.folder / "target" / "catalog.json").read_text("utf-8"))
    found = catalog["sources"]["source.agency.harvest.time_entries"]
    assert found["metadata"]["comment"] == TABLES["time_entries"].description
    comments = {column["name"]: column["comment"] for column in found["columns"].values()}
    assert comments == {column.name: column.description for column in TABLES["time_entries"].columns}


def test_the_target_copy_reads_a_file_and_knows_what_was_deleted(project: Project) -> None:
    file = project.folder / "harvest.duckdb"
    harvest_duck.sync(project.connection, file, tables=["clients", "time_entries"])
    account = project.sandbox.account(MAIN_ID)
    account.delete("time_entries", account.records("time_entries")[0]["id"])
    harvest_duck.sync(project.connection, file)
    built = project.dbt("run", "--target", "copy", "--select", "stg_clients", "time_entries")
    assert built.success, built.said
    # Whose token it is, as a copy belongs to one user.
    assert set(built.asked) == {"/users/me"}
    assert copied(project) == entries(project)

    attached = re.search(r"<!-- attach -->\n```yaml\n(.*?)```", (DOCS / "dbt.md").read_text("utf-8"), re.DOTALL)
    assert attached
    project.close()
    (project.folder / "profiles.yml").write_text(attached[1], encoding="utf-8")
    plain = project.dbt("run", "--select", "stg_clients")
    assert plain.success, plain.said
    assert plain.asked == []


PROFILE = """
agency:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: agency.duckdb
      settings: {TimeZone: UTC}
      plugins:
        - module: harvest_duck.integrations.dbt
          alias: harvest
          config:
            connection: "{{ env_var('DBT_ENV_SECRET_HARVEST') }}"
"""
SOURCES = """
sources:
  - {name: harvest, database: harvest, schema: main, tables: [{name: clients}]}
  - {name: europe, database: europe, schema: main, tables: [{name: clients}]}
"""
LOADED = "  - {name: loaded, database: harvest, schema: main, tables: [{name: roles}], meta: {plugin: harvest}}\n"
MODELS = {
    "clients": "FROM {{ source('harvest', 'clients') }} UNION ALL FROM {{ source('europe', 'clients') }}",
    "unnamed": "SELECT count(*) AS clients FROM harvest_scan('clients')",
    "stored": "{{ config(materialized='external', plugin='harvest') }} SELECT 1 AS a",
}


@pytest.fixture
def small(tmp_path: Path, sandbox: Sandbox) -> Iterator[Project]:
    """A project with two accounts."""
    client("dbt.adapters.duckdb")
    project = (
        "name: agency\nprofile: agency\nmodels: {+materialized: table}\nflags: {send_anonymous_usage_stats: false}\n"
    )
    (tmp_path / "dbt_project.yml").write_text(project)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "sources.yml").write_text(SOURCES)
    for name, model in MODELS.items():
        (tmp_path / "models" / f"{name}.sql").write_text(model)
    made = Project(tmp_path, sandbox)
    yield made
    made.close()


def test_errors_are_one_line_and_several_accounts_are_attached(small: Project) -> None:
    other = small.connection.replace(str(MAIN_ID), str(EURO_ID))
    profile = f"{PROFILE}            attach: [{{connection: '{other}', name: europe}}]\n"
    (small.folder / "profiles.yml").write_text(profile)
    ended = small.dbt("run")
    assert (
        "stored: nothing is ever written to Harvest: leave `plugin` out of the configuration of the model" in ended.said
    )
    accounts = [small.sandbox.records(account, "clients") for account in (MAIN_ID, EURO_ID)]
    assert small.rows("SELECT count(*) FROM clients") == [(sum(map(len, accounts)),)]
    assert small.rows("FROM unnamed") == [(len(accounts[0]),)]

    small.sandbox.respond_next("/v2/clients", status=401)
    refused = small.dbt("run", "--select", "clients")
    assert not refused.success
    (line,) = (line for line in refused.said.splitlines() if "Harvest answered 401" in line)
    assert "clients page 1: Harvest answered 401: the token is wrong, expired or revoked" in line

    (small.folder / "profiles.yml").write_text(f"{PROFILE}            dsn: DSN=acme\n")
    wrong = "profiles.yml, plugin harvest_duck.integrations.dbt has no option dsn; its options are connection, name"
    assert wrong in small.dbt("debug").said
    (small.folder / "profiles.yml").write_text(PROFILE)
    assert small.dbt("debug").success
    log = (small.folder / "logs" / "dbt.log").read_text("utf-8")
    assert "'connection': '*****'" in log
    assert ADMINISTRATOR_TOKEN not in log.partition("Running with dbt")[2]
    (small.folder / "models" / "sources.yml").write_text(SOURCES + LOADED)
    (small.folder / "models" / "loaded.sql").write_text("FROM {{ source('loaded', 'roles') }}")
    assert "harvest.main.roles: a source of Harvest has no plugin: leave `plugin` out" in small.dbt("compile").said
