"""The tree of tables and ready views that harlequin shows, and what its editor completes; pure.

Harlequin completes what is on the tree by its labels: behind `harvest.` those that stand below `harvest` (2.17).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from harvest_duck.pushdown.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harvest_duck.introspection.sql_names import Names, Relation, Schema, Term

    _Item = TypeVar("_Item")
    _Completion = TypeVar("_Completion")

__all__ = ["catalogue", "completions", "short_type"]

#: What harlequin shows of a type, by how the names of DuckDB and of Arrow begin.
_SHORT = {
    "BIGINT": "##",
    "int64": "##",
    "INT": "#",
    "int": "#",
    "uint": "#",
    "DECIMAL": "#.#",
    "decimal": "#.#",
    "DOUBLE": "#.#",
    "double": "#.#",
    "float": "#.#",
    "BOOL": "t/f",
    "bool": "t/f",
    "DATE": "d",
    "date": "d",
    "TIMESTAMP": "ts",
    "timestamp": "ts",
    "TIME": "t",
    "time": "t",
    "STRUCT": "{}",
    "struct": "{}",
    "VARCHAR": "s",
    "JSON": "s",
    "string": "s",
}
#: The order of harlequin: reserved keywords at 100, what is on the tree from 500 on, functions at 1000.
_KEYWORD, _FUNCTION = 100, 1000


def short_type(name: str) -> str:
    """Return one to three characters for a type of DuckDB or Arrow; those of an item in brackets for a list."""
    if name.endswith("[]"):
        return f"[{short_type(name[:-2])}]"
    if name.startswith("list<"):
        return f"[{short_type(name.partition(': ')[2])}]"
    return next((short for begin, short in _SHORT.items() if name.startswith(begin)), "?" if name else "")


def catalogue(names: Names, item: Callable[..., _Item]) -> list[_Item]:
    """Return an item for each database, with its tables and what can be called in it; `item` makes one."""
    tree = _Tree(names, item)
    databases: dict[str, list[Schema]] = {}
    for schema in names.schemas:
        if schema.database != "temp":
            databases.setdefault(schema.database, []).append(schema)
    return [tree.database(name, schemas) for name, schemas in databases.items()]


def completions(names: Names, completion: Callable[..., _Completion]) -> Iterator[_Completion]:
    """Yield the functions, ours among them, and the keywords."""
    for relation in names.within(["temp"]).values():
        yield completion(f"{relation.name}(", "fn", f"{relation.name}(", _FUNCTION - 1)
    for each in (*names.functions, *names.table_functions):
        yield completion(each.name, "fn", each.name, _FUNCTION)
    for word in names.keywords:
        yield completion(word, "kw", word, _KEYWORD if word in names.reserved else _FUNCTION)


class _Tree:
    """Makes the items of the tree: what is unique, what goes into the editor, what is shown, and a short type."""

    def __init__(self, names: Names, item: Callable[..., Any]) -> None:
        self._names = names
        self._item = item

    def database(self, name: str, schemas: list[Schema]) -> Any:  # noqa: ANN401 - an item
        """Return a database; what is in its schema `main` stands beside its other schemas."""
        children: list[Any] = []
        for schema in schemas:
            path = [name] if schema.name == "main" else [name, schema.name]
            ordered = sorted(schema.relations, key=lambda each: (each.arguments is not None, each.name))
            found = [self._relation([*path, each.name], each) for each in ordered]
            children += found if schema.name == "main" else [self._place(path, "sch", found)]
        return self._place([name], "db", children)

    def _place(self, path: list[str], kind: str, children: list[Any]) -> Any:  # noqa: ANN401 - as above
        return self._item(_unique(path), self._written(path), path[-1], kind, children)

    def _relation(self, path: list[str], relation: Relation) -> Any:  # noqa: ANN401 - as above
        columns = [self._column(path, each) for each in relation.columns]
        if relation.arguments is None:
            return self._place(path, "t", columns)
        arguments = [self._argument(path, each) for each in relation.arguments]
        called = f"{self._written(path)}()"
        return self._item(_unique(path), called, f"{path[-1]}()", "f()", [*arguments, *columns])

    def _argument(self, path: list[str], argument: Term) -> Any:  # noqa: ANN401 - as above
        text = f"{argument.name} := "
        short = short_type(argument.type) or "arg"
        return self._item(_unique([*path, text]), text, text.strip(), short, [], argument.type or None)

    def _column(self, path: list[str], column: Term) -> Any:  # noqa: ANN401 - as above
        short = short_type(column.type)
        written = self._names.written(column.name)
        return self._item(_unique([*path, column.name]), written, column.name, short, [], column.type or None)

    def _written(self, path: list[str]) -> str:
        return ".".join(map(self._names.written, path))


def _unique(path: list[str]) -> str:
    return ".".join(map(identifier, path))
