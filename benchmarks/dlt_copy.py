"""Copy an account with dlt, as its documentation shows it: the REST API source, incremental, merged into DuckDB.

https://dlthub.com/docs/dlt-ecosystem/verified-sources/rest_api/basic has the form of the resources.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

#: Lists that Harvest narrows to what was updated since a moment, under the key of their records; all have ids.
_UPDATED = (
    "time_entries",
    "expenses",
    "clients",
    "contacts",
    "projects",
    "tasks",
    "task_assignments",
    "user_assignments",
    "users",
    "expense_categories",
    "invoices",
    "invoice_item_categories",
    "estimates",
    "estimate_item_categories",
)
#: Children: the parent, what follows in the path, and the columns that identify a record.
_CHILDREN = {
    "invoice_payments": ("invoices", "payments", ["id"]),
    "invoice_messages": ("invoices", "messages", ["id"]),
    "estimate_messages": ("estimates", "messages", ["id"]),
    "billable_rates": ("users", "billable_rates", ["id"]),
    "cost_rates": ("users", "cost_rates", ["id"]),
    "project_assignments": ("users", "project_assignments", ["id"]),
    "teammates": ("users", "teammates", ["_users_id", "id"]),
}
#: The tables of the catalog that are copied; what is embedded in their records, dlt puts into tables of its own.
TABLES = (*_UPDATED, "roles", "company", *_CHILDREN)
_FIRST = "1970-01-01T00:00:00Z"


def _updated(name: str) -> dict[str, Any]:
    since = {"cursor_path": "updated_at", "start_param": "updated_since", "initial_value": _FIRST}
    return {"name": name, "endpoint": {"path": name, "data_selector": name, "incremental": since}}


def _child(name: str) -> dict[str, Any]:
    parent, path, key = _CHILDREN[name]
    return {
        "name": name,
        "primary_key": key,
        "include_from_parent": ["id"],
        "endpoint": {
            "path": f"{parent}/{{resources.{parent}.id}}/{path}",
            "data_selector": name,
            # Only managers have teammates; Harvest answers 422 for others.
            "response_actions": [{"status_code": 422, "action": "ignore"}],
        },
    }


def configuration(connection: str) -> dict[str, Any]:
    """Return the configuration of dlt's source for the account of a connection string."""
    given = dict(part.split("=", 1) for part in connection.split(";"))
    return {
        "client": {
            "base_url": given["BaseURL"] + "/",
            "headers": {"Harvest-Account-Id": given["AccountId"], "User-Agent": "benchmark"},
            "auth": {"type": "bearer", "token": given["APIKey"]},
            "paginator": {"type": "json_link", "next_url_path": "links.next"},
        },
        "resource_defaults": {
            "primary_key": "id",
            "write_disposition": "merge",
            "endpoint": {"params": {"per_page": 2000}},
        },
        "resources": [
            *map(_updated, _UPDATED),
            {"name": "roles", "endpoint": {"path": "roles", "data_selector": "roles"}},
            {
                "name": "company",
                "primary_key": "full_domain",
                "endpoint": {"path": "company", "paginator": "single_page"},
            },
            *map(_child, _CHILDREN),
        ],
    }


def prepared(connection: str, folder: str) -> Callable[[], dict[str, int]]:
    """Return what runs the pipeline once; `folder` keeps the file and dlt's state."""
    # It reports each run to its makers, and waits for that.
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
    import dlt  # noqa: PLC0415 - only the measured modules are imported
    from dlt.sources.rest_api import rest_api_source  # noqa: PLC0415 - as above

    destination = dlt.destinations.duckdb(f"{folder}/copied.duckdb")

    def run() -> dict[str, int]:
        pipeline = dlt.pipeline("copied", pipelines_dir=folder, destination=destination, dataset_name="harvest")
        pipeline.run(rest_api_source(configuration(connection)))
        with pipeline.sql_client() as client:
            return {"rows": client.execute_sql("SELECT count(*) FROM time_entries")[0][0]}

    return run
