"""A table of HTML for notebooks: nothing in it is markup but the table itself."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from harvest_duck.display.html_table import html_table


class Read(HTMLParser):
    """The tags of a document with their attributes, and its texts."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag."""
        self.tags.append((tag, dict(attrs)))
        self.texts.append("")

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        if self.texts:
            self.texts[-1] += data.strip("\n")


@given(st.lists(st.text("<>&\"'/=! scriptonx", max_size=30), min_size=1, max_size=4))
def test_no_text_becomes_markup(texts: list[str]) -> None:
    read = Read(html_table(texts, [texts], "1 row"))
    head, body = ["th"] * len(texts), ["td"] * len(texts)
    assert [tag for tag, _ in read.tags] == ["table", "caption", "thead", "tr", *head, "tbody", "tr", *body]
    assert all(set(attributes) <= {"scope", "style"} for _, attributes in read.tags)
    assert [text for (tag, _), text in zip(read.tags, read.texts, strict=True) if tag == "td"] == texts


def test_it_can_be_read_aloud_and_numbers_stand_to_the_right() -> None:
    read = Read(html_table(["name", "hours"], [("Ada", 1.5), ("Bob", None)], "2 rows"))
    assert read.texts[1] == "2 rows"
    assert [attributes for tag, attributes in read.tags if tag == "th"] == [
        {"scope": "col", "style": "text-align:left"},
        {"scope": "col", "style": "text-align:right"},
    ]
    cells = [text for (tag, _), text in zip(read.tags, read.texts, strict=True) if tag == "td"]
    assert cells == ["Ada", "1.5", "Bob", ""]


def test_marks_that_turn_the_text_are_replaced() -> None:
    assert "\u202e" not in html_table(["a"], [("x\u202ey",)], "1 row")
