"""The public names of the package, beside the modules that lie in it."""

from __future__ import annotations

import pkgutil

import harvest_duck


def test_no_module_or_package_bears_a_public_name() -> None:
    """Importing it would put the module in the place of the function, which is loaded when first used."""
    modules = {module.name for module in pkgutil.iter_modules(harvest_duck.__path__)}
    assert modules.isdisjoint(harvest_duck.__all__)
    assert {"engine", "errors"} <= modules


def test_at_most_five_modules_lie_at_the_top() -> None:
    lying = [module.name for module in pkgutil.iter_modules(harvest_duck.__path__) if not module.ispkg]
    assert len(["__init__", *lying]) <= 5
