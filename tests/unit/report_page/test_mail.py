"""The mail of a report, parsed back: its parts, its headers, and that text from Harvest is text in each."""

from __future__ import annotations

import email
import re
from dataclasses import replace
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from support.report_figures import HOSTILE, VARIANTS, agency, hostile, unseen

from harvest_duck.errors import QueryError
from harvest_duck.report_page.fingerprint import HEADER, Form, found_in
from harvest_duck.report_page.mail import Addresses, message
from harvest_duck.report_page.model import Choice

if TYPE_CHECKING:
    from harvest_duck.report_page.model import Figures

PAGE = "<!doctype html>\n<html>\n<head>\n<title>é 🙂</title>\n</head></html>\n"
#: What every mail program draws, and leaves as it is.
DRAWN = {"html", "head", "meta", "title", "body", "h1", "h2", "p", "b", "br", "ul", "li"} | {
    "table", "thead", "tbody", "tr", "th", "td"
}  # fmt: skip


class Elements(HTMLParser):
    """The elements and texts of a page."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the element."""
        self.names.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.texts.append(data.strip())


def sent(figures: Figures, addresses: Addresses = Addresses()) -> EmailMessage:  # noqa: B008 - it never changes
    """The mail of some figures, as a mail program reads it."""
    content = message(figures, PAGE, "0" * 32, addresses)
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert content.isascii()
    assert found_in(content, Form.MAIL) == "0" * 32
    read = email.message_from_bytes(content, policy=default)
    assert isinstance(read, EmailMessage)
    return read


def body(mail: EmailMessage, kind: str) -> str:
    """The text of a body of a mail."""
    found = mail.get_body((kind,))
    assert found is not None
    assert found.get_content_charset() == "utf-8"
    return str(found.get_content())


def test_it_has_a_text_simple_html_and_the_page() -> None:
    mail = sent(agency())
    assert mail.get_content_type() == "multipart/mixed"
    (alternative, attached) = mail.iter_parts()
    assert [part.get_content_type() for part in alternative.iter_parts()] == ["text/plain", "text/html"]
    assert (attached.get_content_type(), attached.get_filename()) == ("text/html", "report.html")
    assert attached.get_content_disposition() == "attachment"
    assert attached.get_content() == PAGE
    assert mail["Date"].datetime.tzinfo is not None
    assert re.fullmatch(r"<\S+@harvest-duck\.invalid>", mail["Message-ID"])
    assert mail[HEADER] == "0" * 32
    assert "To" not in mail
    assert "From" not in mail


@pytest.mark.parametrize("figures", VARIANTS.values(), ids=list(VARIANTS))
def test_its_html_is_what_every_mail_program_draws(figures: Figures) -> None:
    mail = sent(figures)
    html = Elements(body(mail, "html"))
    assert html.names <= DRAWN
    assert not {name for name in html.attributes if name.startswith("on") or name in {"style", "href", "src"}}
    assert "report.html opens in any browser" in body(mail, "plain")


def test_the_text_has_each_figure_of_the_html() -> None:
    mail = sent(agency())
    text = body(mail, "plain")
    figures = [
        each for each in Elements(body(mail, "html")).texts if re.fullmatch(r"[\w€%., \xa0]*\d[\d.,]*[\xa0 %]*", each)
    ]
    assert len(figures) > 20
    (story,) = (line for line in text.splitlines() if line.startswith("The team worked "))
    assert story in Elements(body(mail, "html")).texts
    assert [each for each in figures if each.replace("\xa0", " ") not in text] == []


def test_hostile_names_are_text() -> None:
    mail = sent(hostile())
    subject = mail["Subject"]
    assert str(subject).isprintable()
    assert "script" not in Elements(body(mail, "html")).names
    assert not mail.defects
    for line in body(mail, "plain").splitlines():
        assert line.isprintable()
    injected = sent(replace(agency(), company="Acme\r\nBcc: eve@example.com\r\n\r\n<b>"))
    assert "Bcc" not in injected
    assert "Acme Bcc: eve@example.com <b>" in injected["Subject"]
    assert any("script" in name for name in HOSTILE)


def test_it_says_what_is_not_to_be_seen_and_what_was_chosen() -> None:
    text = body(sent(unseen()), "plain")
    assert text.count("Harvest shows it to administrators alone.") == 9
    chosen = replace(agency(), client=Choice(id=1, name="Acme & Sons"))
    assert "of the client Acme & Sons" in body(sent(chosen), "plain")
    assert ", Acme & Sons: how the agency is doing" in sent(chosen)["Subject"]
    assert "Acme &amp; Sons" in body(sent(chosen), "html")


def test_it_is_to_and_from_whoever_is_given() -> None:
    mail = sent(agency(), Addresses(("Zoë Ng <zoe@example.com>", "board@example.com"), "harvest@example.com"))
    assert [each.addr_spec for each in mail["To"].addresses] == ["zoe@example.com", "board@example.com"]
    assert mail["To"].addresses[0].display_name == "Zoë Ng"
    assert mail["From"] == "harvest@example.com"


@pytest.mark.parametrize(
    "address", ["ada", "ada@", "@example.com", "ada@example.com\nBcc: eve@example.com", "<", "a@b c"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(QueryError, match="no address for To of a mail"):
        Addresses((address,))
    with pytest.raises(QueryError, match="no address for From of a mail"):
        Addresses(sender=address)
