"""`%%harvest` in a shell of IPython in this process: what a cell sends, keeps and shows."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pytest
from support.asked import asked
from support.clients import client

import harvest_duck
from harvest_duck.errors import QueryError, Unauthorized

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.sandbox import Sandbox

# IPython is there too where the code is checked; these run where the other clients are.
client("pandas")
NOVEMBER = "/time_entries?from=2026-11-01"
HOURS = "SELECT client_name, sum(hours) AS hours FROM harvest.time_entries WHERE spent_date >= $since GROUP BY ALL"


class Notebook:
    """A shell whose cells share a connection."""

    def __init__(self, shell: Any, capture: pytest.CaptureFixture[str]) -> None:
        self.shell = shell
        self.names = shell.user_ns
        self._capture = capture

    def run(self, code: str) -> Any:
        """Return what a cell leaves; raise its error."""
        ran = self.shell.run_cell(code)
        ran.raise_error()
        return ran.result

    def failed(self, code: str) -> tuple[BaseException, str]:
        """Return the error of a cell, and what it shows."""
        self._capture.readouterr()
        error = self.shell.run_cell(code).error_in_exec
        assert error is not None
        return error, self._capture.readouterr().out.strip()

    def printed(self, code: str) -> str:
        """Return what a cell prints."""
        self._capture.readouterr()
        self.run(code)
        return self._capture.readouterr().out.strip()


@pytest.fixture(scope="module")
def _shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    shells = client("IPython.core.interactiveshell")
    config = client("traitlets.config").Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        yield shells.InteractiveShell.instance(config=config)
        shells.InteractiveShell.clear_instance()


@pytest.fixture
def notebook(_shell: Any, con: duckdb.DuckDBPyConnection, capsys: pytest.CaptureFixture[str]) -> Iterator[Notebook]:
    """A shell that has loaded the extension, and whose cells read the agency."""
    _shell.reset(new_session=False)
    _shell.user_ns |= {"con": con, "since": date(2026, 11, 1)}
    opened = Notebook(_shell, capsys)
    opened.run("%reload_ext harvest_duck\n%harvest -c $con")
    yield opened
    opened.run("%unload_ext harvest_duck")


def test_a_cell_asks_once_however_often_its_result_is_used(notebook: Notebook, sandbox: Sandbox) -> None:
    found = notebook.run(f"%%harvest -o hours\n{HOURS}")
    assert asked(sandbox) == [NOVEMBER]
    assert notebook.names["hours"] is found
    rows = found.arrow().to_pylist()
    assert len(found) == len(rows) > 1
    assert pa.table(found).to_pylist() == rows
    assert str(rows[0]["hours"]) in repr(found)
    assert str(rows[0]["hours"]) in found._repr_html_()
    assert notebook.printed("hours.show(1)").endswith(f"(the first 1 of {len(rows)} rows)")
    again = notebook.run("%%harvest\nFROM hours JOIN (FROM hours AS other SELECT client_name) USING (client_name)")
    assert sorted(again.arrow().to_pylist(), key=str) == sorted(rows, key=str)
    assert duckdb.sql("SELECT count(*) FROM found").fetchall() == [(len(rows),)]
    assert asked(sandbox) == [NOVEMBER]


def test_a_result_with_the_name_of_a_table_says_what_reads_which(notebook: Notebook) -> None:
    said = notebook.printed("%%harvest -o clients\nSELECT 1 AS one;")
    assert "FROM clients reads the table clients as before; the result is the variable clients alone" in said
    assert notebook.names["clients"].columns == ["one"]
    assert "FROM" not in notebook.printed("%%harvest -o ones\nSELECT 1 AS one;")


def test_pandas_and_polars_take_a_result(notebook: Notebook, sandbox: Sandbox) -> None:
    pandas, polars = client("pandas"), client("polars")
    found = notebook.run(f"%%harvest\n{HOURS}")
    with harvest_duck.connect() as own:
        assert pandas.testing.assert_frame_equal(found.df(), own.sql("FROM found").df()) is None
    assert polars.DataFrame(found).equals(found.pl())
    assert found.pl()["hours"].sum() == sum(found.arrow()["hours"].to_pylist())
    assert asked(sandbox) == [NOVEMBER]


@pytest.mark.parametrize("sql", [HOURS, HOURS.replace("$since", "{since}"), HOURS.replace("$since", "{ since }")])
def test_a_variable_is_a_bound_value(sql: str, notebook: Notebook, sandbox: Sandbox) -> None:
    assert len(notebook.run(f"%%harvest\n{sql}")) > 1
    assert asked(sandbox) == [NOVEMBER]


def test_a_variable_is_never_read_as_sql(notebook: Notebook, sandbox: Sandbox) -> None:
    notebook.names["name"] = text = "'; DROP TABLE x; --"
    found = notebook.run("%harvest SELECT $name AS a, '{name} $name' AS b -- {name}\n")
    assert found.arrow().to_pylist() == [{"a": text, "b": "{name} $name"}]
    assert asked(sandbox) == []


def test_a_line_in_a_function_sees_the_variables_of_the_function(notebook: Notebook) -> None:
    notebook.run("def doubled(number):\n    found = %harvest SELECT 2 * $number AS n\n    return found")
    assert notebook.run("doubled(21)").arrow().to_pylist() == [{"n": 42}]


def test_tables_of_the_notebook_join_those_of_harvest(notebook: Notebook, sandbox: Sandbox, names: list[str]) -> None:
    notebook.names["rates"] = pa.table({"name": [names[0], "nobody"], "rate": [1, 2]})
    found = notebook.run("%harvest SELECT name, rate FROM rates SEMI JOIN harvest.clients USING (name)")
    assert found.arrow().to_pylist() == [{"name": names[0], "rate": 1}]
    notebook.names["clients"] = notebook.names["rates"]
    assert len(notebook.run("%harvest FROM harvest.clients")) > 2
    assert {request.partition("?")[0] for request in asked(sandbox)} == {"/clients"}


def test_a_cell_runs_its_statements_and_keeps_the_last_rows(notebook: Notebook, sandbox: Sandbox) -> None:
    found = notebook.run(
        "%%harvest -o n\nCREATE TEMP TABLE kept AS SELECT id FROM harvest.roles; SELECT 1;\n"
        "SELECT count(*) AS n FROM kept; SET VARIABLE x = 1"
    )
    assert found.arrow().column_names == ["n"]
    assert notebook.printed("%%harvest\nINSERT INTO kept SELECT 1") == "INSERT: 1 row"
    assert notebook.printed("%%harvest\nDROP TABLE kept") == "DROP: done"
    assert asked(sandbox) == ["/roles"]


def test_explain_shows_the_requests_and_sends_none_without_a_probe(notebook: Notebook, sandbox: Sandbox) -> None:
    found = notebook.run(f"%%harvest --explain --no-probe\n{HOURS}")
    assert [row["request"] for row in found.to_pylist()] == [f"/v2{NOVEMBER}&per_page=2000"]
    assert asked(sandbox) == []


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("%%harvest\nSELECT $nothing", "the parameter $nothing has no value: give the notebook a variable nothing"),
        ("%%harvest\nSELECT ?", "a parameter of a cell has a name, that of a variable: write $name in the place of ?"),
        ("%%harvest\nSELECT $con_rows", "$con_rows has rows, and a parameter is one value"),
        ("%%harvest -x\nSELECT 1", "%%harvest has no option -x: write %%harvest [-c CONNECTION] [-o NAME]"),
        ("%%harvest -o\nSELECT 1", "-o: its value is missing"),
        ("%%harvest -o a-b\nSELECT 1", '-o "a-b": it is no name of a variable'),
        ("%%harvest -c $nowhere\nSELECT 1", "-c $nowhere: the notebook has no variable nowhere"),
        ("%%harvest -o x\nSET VARIABLE x = 1", "-o x: no statement of the cell has rows"),
        ("%%harvest --explain\nSELECT 1; SELECT 2", "--explain takes one SELECT"),
        ("%harvest -- nothing", "there is no statement in the cell"),
    ],
)
def test_a_cell_that_cannot_run_says_why_in_one_line(code: str, shown: str, notebook: Notebook) -> None:
    notebook.names["con_rows"] = pa.table({"a": [1]})
    error, told = notebook.failed(code)
    assert isinstance(error, QueryError)
    assert told.startswith(f"QueryError: {shown}")
    assert "\n" not in told


def test_an_error_of_harvest_is_one_line_and_the_last_error(
    notebook: Notebook, sandbox: Sandbox, con: duckdb.DuckDBPyConnection
) -> None:
    sandbox.respond_next("/v2/clients", status=401, times=9)
    error, told = notebook.failed("%%harvest\nFROM harvest.clients")
    assert isinstance(error, Unauthorized)
    assert re.fullmatch(r"Unauthorized: .*401.*", told)
    assert harvest_duck.last_error(con) is error


def test_an_error_of_sql_is_one_line_that_says_where(notebook: Notebook) -> None:
    error, told = notebook.failed("%%harvest\nSELECT 1;\nSELECT hour\nFROM harvest.roles")
    assert isinstance(error, duckdb.Error)
    assert told.startswith('Binder Error: Referenced column "hour" not found')
    assert "\n" not in told
    _, told = notebook.failed("%%harvest\nSELECT 1,\n  FROM FROM x")
    assert told == 'Parser Error: syntax error at or near "FROM", at: FROM x'
    _, told = notebook.failed("%%harvest\nFROM FROM harvest_scan('clients', 'APIKey=unseen')")
    assert told == 'Parser Error: syntax error at or near "FROM"'


def test_a_plan_is_drawn_as_it_is(notebook: Notebook) -> None:
    plan = notebook.run("%harvest EXPLAIN SELECT 1")
    assert plan._repr_html_().startswith("<pre>")
    assert repr(plan) == plan.arrow()["explain_value"][0].as_py().rstrip()


def test_a_million_rows_are_kept_and_twenty_shown(notebook: Notebook) -> None:
    found = notebook.run("%harvest SELECT i, NULL AS nothing, '<b>' AS bold FROM range(1000000) AS r(i)")
    shown = found._repr_html_()
    assert len(found) == 1_000_000
    assert "<caption>the first 20 of 1,000,000 rows</caption>" in shown
    assert shown.count("<tr>") == 21
    assert shown.count("&lt;b&gt;") == shown.count("NULL") == 20
    assert "color" not in shown
    assert repr(found).count("\n") == 22


def test_columns_of_one_name_get_names_of_their_own(notebook: Notebook) -> None:
    notebook.run("%harvest -o twice SELECT 1 AS a, 2 AS a")
    assert notebook.run("%harvest FROM twice").arrow().to_pylist() == [{"a": 1, "a_1": 2}]


def test_tab_completes_sql_and_asks_nothing(notebook: Notebook, sandbox: Sandbox) -> None:
    completer = client("IPython.core.completer")
    if not hasattr(completer, "context_matcher"):
        pytest.skip("IPython asks for completions of a whole cell since 8.6")

    def offered(code: str) -> list[str]:
        with completer.provisionalcompleter():
            return [each.text for each in notebook.shell.Completer.completions(code, len(code))]

    assert offered("%%harvest -o x\nFROM harvest.ut") == ["utilization("]
    assert offered("x = %harvest FROM harvest.time_e") == ["time_entries"]
    assert offered("%%harvest\nSELECT $si") == ["since"]
    assert asked(sandbox) == []


def test_without_sql_a_variable_gets_the_connection(notebook: Notebook, con: duckdb.DuckDBPyConnection) -> None:
    assert notebook.run("%harvest -o own") is None
    assert notebook.names["own"] is con


def test_a_connection_lasts_until_the_extension_is_unloaded(notebook: Notebook, connection: str) -> None:
    notebook.names["other"] = connection
    notebook.run("%harvest -c $other -o own")
    notebook.run("%%harvest -c {other}\nCREATE TEMP TABLE mine AS SELECT 1 AS one")
    assert notebook.run("%harvest FROM mine").arrow().to_pylist() == [{"one": 1}]
    notebook.names["own"].close()
    notebook.run("%harvest -c $other -o own")
    own = notebook.names["own"]
    assert own.execute("SELECT 1").fetchall() == [(1,)]
    notebook.run("%unload_ext harvest_duck")
    with pytest.raises(duckdb.ConnectionException):
        own.execute("SELECT 1")
    assert notebook.shell.find_cell_magic("harvest") is None
    notebook.run("%load_ext harvest_duck")
