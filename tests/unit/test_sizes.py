"""The sizes of modules and functions: each can be read in one sitting."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import harvest_duck

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(harvest_duck.__file__).parent
MODULE_LINES = 320
FUNCTION_LINES = 40


def test_no_module_is_too_long() -> None:
    sizes = {module: len(module.read_text("utf-8").splitlines()) for module in PACKAGE.rglob("*.py")}
    long = {str(module.relative_to(PACKAGE)): size for module, size in sizes.items() if size > MODULE_LINES}
    assert long == {}


def functions(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions below a node; no expression holds one, and most nodes are of expressions."""
    for each in ast.iter_child_nodes(node):
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            yield each
        if isinstance(each, ast.stmt | ast.excepthandler | ast.match_case):
            yield from functions(each)


def test_no_function_is_too_long() -> None:
    """Without its decorators, and with its docstring."""
    long = {}
    for module in PACKAGE.rglob("*.py"):
        for node in functions(ast.parse(module.read_text("utf-8"))):
            size = (node.end_lineno or 0) - node.lineno + 1
            if size > FUNCTION_LINES:
                long[f"{module.relative_to(PACKAGE)}:{node.lineno} {node.name}"] = size
    assert long == {}
