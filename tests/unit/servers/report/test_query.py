"""What a person chose, from the query string of the URL and back."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from harvest_duck.servers.report.query import chosen, path

GIVEN = {"as_of": "2026-11-20", "client": "Acme"}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", {"client": "Acme"}),
        ("client=", {"client": None}),
        (
            "client=7&person=&from=2026-01-01&to=",
            {"client": "7", "person": None, "from_date": "2026-01-01", "to_date": None},
        ),
        ("as_of=1999-01-01&token=x&key=y", {"client": "Acme"}),
    ],
)
def test_the_form_overrides_what_the_command_was_given(query: str, wanted: dict[str, str | None]) -> None:
    assert chosen(dict(parse_qsl(query, keep_blank_values=True)), GIVEN) == {"as_of": "2026-11-20"} | wanted


def test_a_path_keeps_the_choice_and_no_secret() -> None:
    query = {"client": "R&D = 100%", "from": "", "token": "secret", "key": "old", "x": "y"}
    assert path({}) == "/"
    found = urlsplit(path(query, "/refresh", key="new"))
    assert found.path == "/refresh"
    assert dict(parse_qsl(found.query, keep_blank_values=True)) == {"client": "R&D = 100%", "from": "", "key": "new"}
    assert chosen(dict(parse_qsl(found.query, keep_blank_values=True)), {}) == chosen(query, {})
