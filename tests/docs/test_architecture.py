"""The page about the architecture shows the tree and the layers as they are."""

from __future__ import annotations

import re
import tomllib

from support.paths import DOCS, ROOT

PAGE = (DOCS / "architecture.md").read_text("utf-8")
PACKAGE = ROOT / "harvest_duck"
MODULES = {path.relative_to(PACKAGE).with_suffix("").as_posix() for path in PACKAGE.rglob("*.py")}


def picture(first: str) -> str:
    """The picture of the page that begins with a text."""
    found = re.search(rf"^```text\n({re.escape(first)}.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


def layers_of_the_contract() -> list[set[str]]:
    """The layers that the import contract holds, from top to bottom."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (found,) = (
        contract["layers"]
        for contract in settings["tool"]["importlinter"]["contracts"]
        if contract.get("containers") == ["harvest_duck"]
    )
    return [set(re.findall(r"\w+", layer)) for layer in found]


def test_the_picture_shows_the_layers_of_the_import_contract() -> None:
    rows = [re.findall(r"\w+", line) for line in picture("┌").splitlines()]
    assert [set(row) for row in rows if row] == layers_of_the_contract()


def test_the_tree_lists_every_package_and_module_at_the_top() -> None:
    listed = re.findall(r"^[├└]── (\S+)", picture("harvest_duck/"), re.MULTILINE)
    there = {
        path.name if path.is_file() else f"{path.name}/"
        for path in PACKAGE.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert set(listed) == there - {"__main__.py"}


def test_every_module_that_the_page_names_exists() -> None:
    named = {name for name in re.findall(r"`(\w+(?:/\w+)+)`", PAGE) if not name.startswith("tests/")}
    assert named
    assert not {name for name in named if name not in MODULES and not (PACKAGE / name).is_dir()}
