"""What LibreOffice Base sees of servers, printed as lines of JSON: run by the Python that has LibreOffice's `uno`.

Arguments: a folder for LibreOffice's profile, then for each server the connection string of libpq; queries come as JSON
by the standard input. LibreOffice is started without a screen, and asked through its bridge for other programs.
"""

import json
import subprocess
import sys
import uuid
from pathlib import Path

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.sdbc import SQLException


def main(folder, *servers):
    """Print a line for each server and each thing that was asked of it."""
    queries = json.load(sys.stdin)
    pipe = f"harvest{uuid.uuid4().hex}"
    options = ["--headless", "--norestore", "--nologo", "--nodefault", f"--accept=pipe,name={pipe};urp;"]
    office = subprocess.Popen(
        ["soffice", f"-env:UserInstallation={Path(folder).as_uri()}", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        context = connected(office, pipe)
        for server in servers:
            driver = context.ServiceManager.createInstanceWithContext("com.sun.star.sdbc.DriverManager", context)
            con = driver.getConnection(f"sdbc:postgresql:{server}")
            told(con, queries)
            con.close()
            imported(context, server, Path(folder), queries[0])
            print(json.dumps(["end"]))
        desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
        desktop.terminate()
        office.wait(60)
    finally:
        office.terminate()


def connected(office, pipe):
    """Return the context of the LibreOffice that was started, as soon as it listens."""
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    while office.poll() is None:
        try:
            return resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        except NoConnectException:
            continue
    raise SystemExit(f"LibreOffice ended with status {office.returncode}")


def told(con, queries):
    """Print what the catalog of a connection tells, and the rows of queries."""
    about = con.getMetaData()
    show("types", rows(about.getTableTypes(), 1))
    show("schemas", rows(about.getSchemas(), 1))
    show("tables", rows(about.getTables(None, "harvest", "%", ()), 5))
    show("columns", rows(about.getColumns(None, "harvest", "%", "%"), 18))
    show("primary keys", rows(about.getPrimaryKeys(None, "harvest", "time_entries"), 6))
    show("imported keys", rows(about.getImportedKeys(None, "harvest", "time_entries"), 14))
    show("exported keys", rows(about.getExportedKeys(None, "harvest", "clients"), 14))
    show("index", rows(about.getIndexInfo(None, "harvest", "clients", False, True), 13))
    show("type info", rows(about.getTypeInfo(), 18))
    for query in queries:
        statement = con.createStatement()
        try:
            show(query, rows(statement.executeQuery(query)))
        except SQLException as error:
            show(query, [["ERROR", error.SQLState]])
        statement.close()
    prepared = con.prepareStatement("SELECT name FROM harvest.clients WHERE id > ? AND name LIKE ? ORDER BY id")
    prepared.setLong(1, 5)
    prepared.setString(2, "%e%")
    show("parameters", rows(prepared.executeQuery()))
    prepared.close()


def rows(found, columns=None):
    """Return the names of the columns of a result with their types, and its rows as text.

    The driver does not describe the results of its catalog functions, which have as many columns as JDBC says.
    """
    width = range(1, (columns or found.getMetaData().getColumnCount()) + 1)
    about = None if columns else found.getMetaData()
    result = [[f"{about.getColumnLabel(n)} {about.getColumnTypeName(n)}" for n in width] if about else []]
    while found.next():
        row = []
        for n in width:
            text = found.getString(n)
            row.append(None if found.wasNull() else text)
        result.append(row)
    found.close()
    return result


def imported(context, server, folder, query):
    """Print the cells of a sheet of Calc into which the rows of a query were imported from a file of Base."""
    make = context.ServiceManager.createInstanceWithContext
    source = make("com.sun.star.sdb.DatabaseContext", context).createInstance()
    source.URL = f"sdbc:postgresql:{server}"
    source.DatabaseDocument.storeAsURL((folder / "account.odb").as_uri(), ())
    desktop = make("com.sun.star.frame.Desktop", context)
    sheet = desktop.loadComponentFromURL("private:factory/scalc", "_blank", 0, (value("Hidden", True),))
    cell = sheet.Sheets.getByIndex(0).getCellRangeByName("A1")
    mode = uno.Enum("com.sun.star.sheet.DataImportMode", "SQL")
    where = (folder / "account.odb").as_uri()
    cell.doImport(
        (value("DatabaseName", where), value("SourceType", mode), value("SourceObject", query), value("IsNative", True))
    )
    cursor = sheet.Sheets.getByIndex(0).createCursor()
    cursor.gotoEndOfUsedArea(True)
    show("sheet", [list(row) for row in cursor.getDataArray()])
    sheet.close(True)
    source.DatabaseDocument.close(True)


def value(name, of):
    """Return a property as UNO wants it."""
    made = PropertyValue()
    made.Name, made.Value = name, of
    return made


def show(name, lines):
    """Print what was asked and what came."""
    print(json.dumps([name, lines], ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
