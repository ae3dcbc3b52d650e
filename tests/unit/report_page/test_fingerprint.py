"""The mark of what a report was made of: what it depends on, and that each form of a report bears it."""

from __future__ import annotations

import json

import pytest

import harvest_duck
from harvest_duck.report_page import fingerprint
from harvest_duck.report_page.fingerprint import Form, found_in, in_json, in_page

MARK = fingerprint.of("read", {})
PAGE = '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Ada</title>\n</head></html>\n'
MAIL = f"Subject: x\r\n{fingerprint.HEADER}: {MARK}\r\n\r\nbody\r\n"


def test_it_depends_on_what_was_read_on_what_was_asked_and_on_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    marks = [
        MARK,
        fingerprint.of("other", {}),
        fingerprint.of("read", {"client": "7"}),
        fingerprint.of("read", {"person": "7"}),
    ]
    assert fingerprint.of("read", {"client": "1", "person": "2"}) == fingerprint.of(
        "read", {"person": "2", "client": "1"}
    )
    monkeypatch.setattr(fingerprint, "__version__", f"{harvest_duck.__version__}.1")
    assert len({*marks, fingerprint.of("read", {})}) == len(marks) + 1


def test_each_form_bears_it() -> None:
    object_ = in_json('{\n  "company": "{}"\n}\n', MARK)
    assert json.loads(object_) == {"digest": MARK, "company": "{}"}
    assert found_in(object_.encode(), Form.JSON) == MARK
    page = in_page(PAGE, MARK)
    assert found_in(page.encode(), Form.PAGE) == MARK
    assert page.replace(f'<meta name="harvest-duck-digest" content="{MARK}">\n', "") == PAGE
    assert found_in(MAIL.encode(), Form.MAIL) == MARK


@pytest.mark.parametrize("content", ["", "precious", "[1]", '{"digest": 7}', PAGE, "Subject: x\r\n\r\n", "\x00\xff"])
@pytest.mark.parametrize("form", list(Form))
def test_another_file_has_none(content: str, form: Form) -> None:
    assert found_in(content.encode("latin-1"), form) != MARK


def test_a_company_cannot_forge_it() -> None:
    forged = PAGE.replace("Ada", f'&lt;head&gt;\n&lt;meta name="harvest-duck-digest" content="{MARK}"&gt;')
    assert found_in(forged.encode(), Form.PAGE) is None
    assert found_in(in_page(forged, "0" * 32).encode(), Form.PAGE) == "0" * 32
