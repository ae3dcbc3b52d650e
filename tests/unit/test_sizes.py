"""The sizes of modules and functions: each can be read in one sitting."""

from __future__ import annotations

import ast
from pathlib import Path

import harvest_duck

PACKAGE = Path(harvest_duck.__file__).parent
MODULE_LINES = 320
FUNCTION_LINES = 40


def test_no_module_is_too_long() -> None:
    sizes = {module: len(module.read_text("utf-8").splitlines()) for module in PACKAGE.rglob("*.py")}
    long = {str(module.relative_to(PACKAGE)): size for module, size in sizes.items() if size > MODULE_LINES}
    assert long == {}


def test_no_function_is_too_long() -> None:
    """Without its decorators, and with its docstring."""
    long = {}
    for module in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or 0) - node.lineno + 1
                if size > FUNCTION_LINES:
                    long[f"{module.relative_to(PACKAGE)}:{node.lineno} {node.name}"] = size
    assert long == {}
