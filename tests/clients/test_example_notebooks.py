"""The notebooks of `examples/notebooks` run on the sandbox, and their files keep what they show.

`UPDATE_README=1 pytest tests/clients/test_example_notebooks.py` writes the outputs anew.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from support.clients import client
from support.clocks import PATIENCE_S
from support.examples import UPDATE
from support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

NOTEBOOKS = sorted((ROOT / "examples" / "notebooks").glob("*.ipynb"))
NEEDED = ("nbclient", "altair", "vl_convert")
#: What Jupyter writes into a file beside this differs from machine to machine.
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
LARGEST_BYTES = 300_000
PICTURE = "image/svg+xml"


def read(path: Path) -> Any:
    """The notebook in a file."""
    return json.loads(path.read_text("utf-8"))


def executed(path: Path, folder: Path) -> Any:
    """The notebook with the outputs of a run in a folder of its own."""
    notebook = client("nbformat").read(path, as_version=4)
    resources = {"metadata": {"path": str(folder)}}
    client("nbclient").NotebookClient(notebook, timeout=PATIENCE_S, record_timing=False, resources=resources).execute()
    notebook.metadata = METADATA
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not is_progress(output)]
    return notebook


def is_progress(output: Any) -> bool:
    """Whether this is where the progress of a slow query stood, which is empty at its end."""
    return output["output_type"] == "display_data" and not output["data"]["text/plain"]


def outputs(notebook: Any) -> list[list[str]]:
    """What each cell shows, as texts: of a picture its words, since a font of another version has other widths."""
    return [[words(output) for output in cell.get("outputs", ())] for cell in notebook["cells"]]


def words(output: Any) -> str:
    """The texts of an output, in their order."""
    data = output.get("data", {"text/plain": output.get("text", "")})
    texts = [joined(data[kind]) for kind in ("text/plain", "text/html") if kind in data]
    return "\n".join([*texts, *re.findall(r"<text[^>]*>([^<]*)</text>", joined(data.get(PICTURE, "")))])


def joined(text: str | list[str]) -> str:
    """A text of a notebook, which in a file is a list of lines."""
    return "".join(text)


@pytest.mark.skipif(duckdb.__version__.startswith("1."), reason="the outputs that are kept are those of DuckDB 2")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_its_file_keeps(path: Path, tmp_path: Path) -> None:
    for module in NEEDED:
        client(module)
    found = executed(path, tmp_path)
    if UPDATE:
        client("nbformat").write(found, path)
    assert outputs(found) == outputs(read(path))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_file_has_no_trace_of_the_machine_that_ran_it(path: Path) -> None:
    notebook, text = read(path), path.read_text("utf-8")
    assert notebook["metadata"] == METADATA
    assert all(cell["metadata"] == {} for cell in notebook["cells"])
    counts = [cell["execution_count"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert not re.search(r"/(?:tmp|home|root|Users)/|127\.0\.0\.1|localhost", text)
    assert len(text.encode()) < LARGEST_BYTES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_picture_is_in_the_file_and_loads_nothing(path: Path) -> None:
    data = [output.get("data", {}) for cell in read(path)["cells"] for output in cell.get("outputs", ())]
    pictures = [joined(each[PICTURE]) for each in data if PICTURE in each]
    assert pictures
    for picture in pictures:
        assert not re.search(r"(?:href|src)=|url\((?!#)", picture)
        assert 'fill="white"' in picture.partition("<g")[0], "it has to be seen in the dark too"
    assert not any("<script" in joined(each.get("text/html", "")) for each in data)
