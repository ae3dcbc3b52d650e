"""The report as a mail (RFC 5322): the summary as text and as simple HTML, and the page attached.

Mail programs leave out styles of a file, SVG, dark colours and scripts, each as it likes; so the page itself is no body
of a mail. Its HTML has tables, headings and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from functools import cache
from typing import TYPE_CHECKING

from harvest_duck.errors import QueryError
from harvest_duck.report_page.fingerprint import HEADER
from harvest_duck.report_page.numbers import UNKNOWN, Numbers
from harvest_duck.report_page.summary import summary
from harvest_duck.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2 import Environment

    from harvest_duck.report_page.model import Figures
    from harvest_duck.report_page.summary import Summary, Table

__all__ = ["Addresses", "message"]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Whom a mail is to and from; without them, whoever sends it adds them. Raises `QueryError` for what is none."""

    to: tuple[str, ...] = ()
    sender: str | None = None

    def __post_init__(self) -> None:
        self.set(EmailMessage(policy=SMTP))

    @property
    def given(self) -> dict[str, str]:
        """The addresses that there are, by the header of each."""
        every = {"From": self.sender or "", "To": ", ".join(self.to)}
        return {header: value for header, value in every.items() if value}

    def set(self, mail: EmailMessage) -> None:
        """Set the headers of a mail that there are addresses for."""
        for header, value in self.given.items():
            _set(mail, header, value)


def message(figures: Figures, page: str, mark: str, addresses: Addresses) -> bytes:
    """Return a mail with a report, as its bytes on the wire; raises `QueryError` for what is no address."""
    short = summary(figures)
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = one_line(short.title)
    mail["Date"] = formatdate(localtime=True)
    # Not the name of this machine, which is nobody's business.
    mail["Message-ID"] = make_msgid(domain="harvest-duck.invalid")
    mail[HEADER] = mark
    addresses.set(mail)
    story = _story(figures)
    mail.set_content("".join(f"{one_line(line)}\n" for line in _text(short, story)))
    html = _templates().get_template("mail.html.j2").render(summary=short, story=story)
    mail.add_alternative(html, subtype="html")
    mail.add_attachment(
        page.encode(), maintype="text", subtype="html", filename="report.html", params={"charset": "utf-8"}
    )
    return mail.as_bytes()


@cache
def _templates() -> Environment:
    # As in `page`.
    from harvest_duck.report_page.environment import environment  # noqa: PLC0415

    return environment()


def _set(mail: EmailMessage, header: str, value: str) -> None:
    """Set a header of addresses; raises `QueryError` for what is none."""
    if _is_of_addresses(header, value):
        mail[header] = value
        return
    raise QueryError(f"{value!r} is no address for {header} of a mail: write it as in Ada Lovelace <ada@example.com>")


def _is_of_addresses(header: str, value: str) -> bool:
    try:
        found = SMTP.header_factory(header, value)
    except (IndexError, ValueError, MessageError):
        # Python's parser stumbles over some that it does not expect, such as one that ends with <.
        return False
    return value.isprintable() and not found.defects and all(each.username and each.domain for each in found.addresses)


def _story(figures: Figures) -> str:
    """Return the first sentences of the page as text."""
    from markupsafe import Markup  # noqa: PLC0415 - as in `page`

    n = Numbers(figures.thousands_separator, figures.decimal_symbol)
    drawn = _templates().get_template("story.html.j2").render(figures=figures, n=n)
    return one_line(Markup(drawn).striptags())  # noqa: S704 - what a template with autoescape made


def _text(short: Summary, story: str) -> Iterator[str]:
    yield short.title
    yield ""
    yield story
    yield ""
    yield from short.about
    for table in short.tables:
        yield ""
        yield table.title
        yield from (f"* {_line(table, row)}" for row in table.rows)
    if short.notes:
        yield ""
        yield "What is not to be seen here"
        yield from (f"* {note}" for note in short.notes)
    yield ""
    yield "The whole report is attached: report.html opens in any browser."


def _line(table: Table, row: tuple[str, ...]) -> str:
    """A row as a sentence: its name, its first figure, and the others with their heads."""
    known = ((head, value) for head, value in zip(table.heads[2:], row[2:], strict=True) if value != UNKNOWN)
    others = ", ".join(f"{head} {value}" for head, value in known)
    return f"{row[0]}: {row[1]}{f' ({others})' if others else ''}"
