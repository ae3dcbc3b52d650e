"""The site of the documentation, as far as it can be told without building it: .ci/docs builds it."""

from __future__ import annotations

import re
from collections import Counter

from support.examples import check_examples
from support.paths import DOCS

import harvest_duck
from harvest_duck import connections

INDEX = (DOCS / "index.md").read_text("utf-8")
PAGES = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md") if "_build" not in path.parts}
#: What only the index and the reference may use: it does not read well in the repository.
OF_SPHINX = re.compile(r"^```\{|^:::", re.MULTILINE)


def listed() -> Counter[str]:
    """How often the site leads to each page: the index lists it, or it lies in the folder of a page."""
    found = Counter({page: 1 for page in PAGES if page.rpartition("/")[0] in PAGES})
    for block in re.findall(r"^```\{toctree\}\n(.*?)^```", INDEX, re.DOTALL | re.MULTILINE):
        for entry in re.findall(r"^[^:\n].*$", block, re.MULTILINE):
            pattern = re.compile(re.escape(entry).replace(r"\*", "[^/]*"))
            found.update(page for page in PAGES if pattern.fullmatch(page))
    return found


def test_the_site_leads_to_every_page_by_one_way() -> None:
    assert listed() == Counter(PAGES - {"index"})


def test_every_entry_of_the_index_is_a_page() -> None:
    entries = re.findall(
        r"^[\w/*-]+$", "".join(re.findall(r"```\{toctree\}\n(.*?)```", INDEX, re.DOTALL)), re.MULTILINE
    )
    assert entries
    for entry in entries:
        assert list(DOCS.glob(f"{entry}.md")), entry


def test_every_other_page_reads_well_in_the_repository() -> None:
    for page in PAGES - {"index", "api"}:
        assert not OF_SPHINX.search((DOCS / f"{page}.md").read_text("utf-8")), page


def test_every_page_begins_with_the_one_heading_of_its_rank() -> None:
    for page in PAGES:
        prose = re.sub(
            r"^ *```.*?^ *```$", "", (DOCS / f"{page}.md").read_text("utf-8"), flags=re.DOTALL | re.MULTILINE
        )
        assert prose.startswith("# "), page
        assert len(re.findall(r"^# ", prose, re.MULTILINE)) == 1, page


def test_the_example_of_the_home_page_prints_what_stands_below_it() -> None:
    check_examples(DOCS / "index.md", least=1)


def test_the_reference_of_python_has_every_public_name() -> None:
    text = (DOCS / "api.md").read_text("utf-8")
    functions = re.findall(r"^\.\. autofunction:: (\w+)$", text, re.MULTILINE)
    assert sorted([*functions, "HarvestDuckError"]) == harvest_duck.__all__
    (members,) = re.findall(r"automodule:: harvest_duck\.connections\n +:members: (.*)", text)
    assert sorted(members.split(", ")) == sorted(connections.__all__)
    assert re.search(r"automodule:: harvest_duck\.errors\n +:members:$", text, re.MULTILINE)
