"""The public names of the package, beside the modules that lie in it."""

from __future__ import annotations

import pkgutil
from typing import TYPE_CHECKING

import pytest
from support import program

import harvest_duck

if TYPE_CHECKING:
    from types import ModuleType


def test_no_module_or_package_bears_a_public_name() -> None:
    """Importing it would put the module in the place of the function, which is loaded when first used."""
    modules = {module.name for module in pkgutil.iter_modules(harvest_duck.__path__)}
    assert modules.isdisjoint(harvest_duck.__all__)
    assert {"engine", "errors"} <= modules


@pytest.mark.parametrize("module", [harvest_duck, harvest_duck.connections], ids=lambda module: module.__name__)
def test_a_module_lists_its_public_names_alone(module: ModuleType) -> None:
    """Whatever else was imported into it."""
    public = {*module.__all__, "connections"} if module is harvest_duck else set(module.__all__)
    assert {name for name in dir(module) if not name.startswith("__")} == public
    assert all(hasattr(module, name) for name in dir(module))


def test_the_connections_need_no_import_of_their_own() -> None:
    found = program.run("import harvest_duck; print(harvest_duck.connections.listed.__name__)")
    assert found.stdout == "listed\n", found.stderr


def test_at_most_five_modules_lie_at_the_top() -> None:
    lying = [module.name for module in pkgutil.iter_modules(harvest_duck.__path__) if not module.ispkg]
    assert len(["__init__", *lying]) <= 5
