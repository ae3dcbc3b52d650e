"""The properties that dbt reads: valid YAML with the descriptions of the catalog."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import UnknownTable
from harvest_duck.integrations.dbt_properties import main, properties
from harvest_duck.views.load import views


def test_tables_are_sources_and_ready_views_are_models() -> None:
    assert properties(["roles"], catalog="my acme") == (
        "sources:\n"
        '  - name: "my acme"\n'
        '    database: "my acme"\n'
        "    schema: main\n"
        "    tables:\n"
        "      - name: roles\n"
        + _described("        ", TABLES["roles"].description)
        + "        columns:\n"
        + "".join(
            f"          - name: {column.name}\n" + _described("            ", column.description)
            for column in TABLES["roles"].columns
        )
    )
    view = views()["receivables"]
    both = properties(["receivables", "roles"])
    assert both == properties(["roles"]) + properties(["receivables"])
    assert both.endswith(_described("        ", list(view.columns.values())[-1]))
    assert _described("    ", f"{view.question}\n\n{view.definition}") in both


def _described(indent: str, text: str) -> str:
    return f"{indent}description: {json.dumps(text, ensure_ascii=False)}\n"


def test_no_description_is_a_template_of_dbt_and_no_name_a_word_of_yaml() -> None:
    everything = properties([*TABLES, *views()])
    assert not re.search(r"\{[{%#]", everything)
    assert not re.search(r"name: (?:y|yes|n|no|on|off|true|false|null|\d.*)$", everything, re.MULTILINE | re.IGNORECASE)


def test_a_name_that_there_is_not_is_one_line() -> None:
    with pytest.raises(UnknownTable, match="there is no table or ready view time_entry: "):
        properties(["clients", "time_entry"])


def test_the_command_writes_them() -> None:
    written = CliRunner().invoke(main, ["clients", "utilization", "--name", "acme"])
    assert (written.exit_code, written.stdout) == (0, properties(["clients", "utilization"], catalog="acme"))
    refused = CliRunner().invoke(main, ["time_entry"])
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Error: there is no table or ready view time_entry: ")
