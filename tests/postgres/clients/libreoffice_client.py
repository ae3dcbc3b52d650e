"""What LibreOffice Base sees of servers, printed as lines of JSON: run by the Python that has LibreOffice's `uno`.

Arguments: a folder for LibreOffice's profile, then for each server the connection string of libpq; queries come as JSON
by the standard input. LibreOffice is started without a screen, and asked through its bridge for other programs.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.sdbc import SQLException


def main(folder: str, *servers: str) -> None:
    """Print a line for each server and each thing that was asked of it."""
    queries = json.load(sys.stdin)
    pipe = f"harvest{uuid.uuid4().hex}"
    options = ["--headless", "--norestore", "--nologo", "--nodefault", f"--accept=pipe,name={pipe};urp;"]
    command = [shutil.which("soffice"), f"-env:UserInstallation={Path(folder).as_uri()}", *options]
    office = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        make = connected(office, pipe)
        for server in servers:
            con = make("com.sun.star.sdbc.DriverManager").getConnection(f"sdbc:postgresql:{server}")
            listed(con)
            asked(con, queries)
            con.close()
            imported(make, f"sdbc:postgresql:{server}", Path(folder) / "account.odb", queries[-3:])
            show("end", [])
        make("com.sun.star.frame.Desktop").terminate()
        office.wait(60)
    finally:
        office.terminate()


def connected(office: subprocess.Popen[bytes], pipe: str) -> Any:
    """Return what makes a service of the LibreOffice that was started, as soon as it listens."""
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    while office.poll() is None:
        try:
            context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        except NoConnectException:
            continue
        return lambda service: context.ServiceManager.createInstanceWithContext(service, context)
    raise SystemExit(f"LibreOffice ended with status {office.returncode}")


def listed(con: Any) -> None:
    """Print what the catalog of a connection tells; each value is a message to LibreOffice and back."""
    about = con.getMetaData()
    show("types", rows(about.getTableTypes(), 1))
    show("schemas", rows(about.getSchemas(), 1))
    # Its comment of a table is that of any of its columns: it takes the first of them all.
    show("tables", rows(about.getTables(None, "harvest", "%", ()), 4))
    show(
        "columns",
        [line for name in ("c%", "time\\_entries") for line in rows(about.getColumns(None, "harvest", name, "%"), 18)],
    )
    show("primary keys", rows(about.getPrimaryKeys(None, "harvest", "time_entries"), 6))
    show("imported keys", rows(about.getImportedKeys(None, "harvest", "time_entries"), 14))
    show("exported keys", rows(about.getExportedKeys(None, "harvest", "clients"), 14))
    show("index", rows(about.getIndexInfo(None, "harvest", "clients", *(False, True)), 13))
    show("type info", rows(about.getTypeInfo(), 18))


def asked(con: Any, queries: list[str]) -> None:
    """Print rows as the driver hands them over, of queries, of one that fails, and of one with parameters."""
    statement = con.createStatement()
    for query in queries:
        show(query, rows(statement.executeQuery(query)))
    try:
        statement.executeQuery("SELECT nothing FROM harvest.clients")
    except SQLException as error:
        show("error", [[error.SQLState]])
    statement.close()
    prepared = con.prepareStatement("SELECT name FROM harvest.clients WHERE id > ? AND name LIKE ? ORDER BY id")
    prepared.setLong(1, 5)
    prepared.setString(2, "%e%")
    show("parameters", rows(prepared.executeQuery()))
    prepared.close()


def rows(found: Any, columns: int = 0) -> list[list[str | None]]:
    """Return the names of the columns of a result with their types, and its rows as text.

    The driver does not describe the results of its catalog functions, which have as many columns as JDBC says.
    """
    about = None if columns else found.getMetaData()
    width = range(1, (columns or about.getColumnCount()) + 1)
    result = [[f"{about.getColumnLabel(n)} {about.getColumnTypeName(n)}" for n in width]] if about else [[]]
    while found.next():
        row = []
        for n in width:
            text = found.getString(n)
            row.append(None if not text and found.wasNull() else text)
        result.append(row)
    found.close()
    return result


def imported(make: Any, url: str, file: Path, queries: list[str]) -> None:
    """Print the cells of a sheet of Calc into which the rows of each query are imported, from a file of Base.

    LibreOffice asks a dozen questions about the table of each, and then for its last rows one by one.
    """
    source = make("com.sun.star.sdb.DatabaseContext").createInstance()
    source.URL = url
    source.DatabaseDocument.storeAsURL(file.as_uri(), ())
    hidden = given("Hidden", of=True)
    document = make("com.sun.star.frame.Desktop").loadComponentFromURL("private:factory/scalc", "_blank", 0, (hidden,))
    mode = uno.Enum("com.sun.star.sheet.DataImportMode", "SQL")
    where = (given("DatabaseName", of=file.as_uri()), given("SourceType", of=mode), given("IsNative", of=True))
    for number, query in enumerate(queries):
        document.Sheets.insertNewByName(f"query {number}", 0)
        sheet = document.Sheets.getByIndex(0)
        sheet.getCellRangeByName("A1").doImport((*where, given("SourceObject", of=query)))
        cursor = sheet.createCursor()
        cursor.gotoEndOfUsedArea(*(True,))
        show(f"sheet of {query}", [list(row) for row in cursor.getDataArray()])
    document.close(*(True,))
    source.DatabaseDocument.close(*(True,))


def given(name: str, *, of: Any) -> Any:
    """Return a property as UNO wants it."""
    made = PropertyValue()
    made.Name, made.Value = name, of
    return made


def show(name: str, lines: list[list[Any]]) -> None:
    """Print what was asked and what came."""
    sys.stdout.write(json.dumps([name, lines], ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
