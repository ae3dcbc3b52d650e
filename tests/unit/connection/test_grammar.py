"""Connection strings as pairs: what is accepted, what is refused and where, and that nothing of a value leaks."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share

from harvest_duck.connection.grammar import fold, parse, render
from harvest_duck.errors import ConnectionStringError

TOKEN_EXAMPLE = r"Profile=C:\profiles\Harvest.apip;ProfileSettings='APIKey=my_personal_key;AccountId=_your_account_id';"
OAUTH_EXAMPLE = (
    r"Profile=C:\profiles\Harvest.apip;ProfileSettings='AccountId=_your_account_id';Authscheme=OAuth;"
    "InitiateOAuth=GETANDREFRESH;OAuthClientId=your_client_id;OAuthClientSecret=your_client_secret;"
    "CallbackUrl=your_callback_url;"
)

names = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=20)
pairs = st.lists(st.tuples(names, st.text()), unique_by=lambda pair: fold(pair[0])).map(dict)
near_misses = st.text("abK=;'\"{} \t\n\\:jdbc", max_size=40)


def test_official_token_example() -> None:
    assert parse(TOKEN_EXAMPLE) == {
        "Profile": r"C:\profiles\Harvest.apip",
        "ProfileSettings": "APIKey=my_personal_key;AccountId=_your_account_id",
    }
    assert parse(parse(TOKEN_EXAMPLE)["ProfileSettings"]) == {
        "APIKey": "my_personal_key",
        "AccountId": "_your_account_id",
    }


def test_official_oauth_example() -> None:
    assert parse(OAUTH_EXAMPLE) == {
        "Profile": r"C:\profiles\Harvest.apip",
        "ProfileSettings": "AccountId=_your_account_id",
        "Authscheme": "OAuth",
        "InitiateOAuth": "GETANDREFRESH",
        "OAuthClientId": "your_client_id",
        "OAuthClientSecret": "your_client_secret",
        "CallbackUrl": "your_callback_url",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        (" \t\r\n", {}),
        (";;;", {}),
        ("a=1", {"a": "1"}),
        ("a=1;", {"a": "1"}),
        (";a=1;;b=2;;", {"a": "1", "b": "2"}),
        (" a = 1 ; b = 2 ", {"a": "1", "b": "2"}),
        ("a=1;\n  b=2;\n", {"a": "1", "b": "2"}),
        ("Cache Location=x", {"CacheLocation": "x"}),
        ("a=", {"a": ""}),
        ("a=;b=2", {"a": "", "b": "2"}),
        ("a=b=c==", {"a": "b=c=="}),
        (r"a=C:\new\table", {"a": r"C:\new\table"}),
        ("a=it's", {"a": "it's"}),
        ("a='x;y=z'", {"a": "x;y=z"}),
        ("a=' x '", {"a": " x "}),
        ("a=''", {"a": ""}),
        ("a='it''s'", {"a": "it's"}),
        ("a=''''", {"a": "'"}),
        ("a='say \"hi\"'", {"a": 'say "hi"'}),
        ('a="it\'s"', {"a": "it's"}),
        ('a="say ""hi"""', {"a": 'say "hi"'}),
        ("a={x;y}", {"a": "x;y"}),
        ("a={x}}y}", {"a": "x}y"}),
        ("a={{}", {"a": "{"}),
        ("a = 'x' ; b = {y} ;", {"a": "x", "b": "y"}),
        ("a=1;A=1;a = '1'", {"a": "1"}),
        ("jdbc:api:a=1", {"a": "1"}),
        ("jdbc:cdata:api:a=1", {"a": "1"}),
        ("  JDBC:CData:Api: a=1", {"a": "1"}),
        ("cdata:api:", {}),
        ("Driver={CData ODBC Driver};a=1", {"Driver": "CData ODBC Driver", "a": "1"}),
        ("a=naïve ☃", {"a": "naïve ☃"}),
    ],
)
def test_accepted(text: str, expected: dict[str, str]) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a='x", "the single quote opened at character 3 is never closed"),
        ("a='''", "the single quote opened at character 3 is never closed"),
        ('b=1;a= "x;y', "the double quote opened at character 8 is never closed"),
        ("a={x}}", "the brace opened at character 3 is never closed"),
        ("a='x'y", "there is text after the closing single quote at character 6"),
        ("a='x' 'y'", "there is text after the closing single quote at character 7"),
        ("a={x} y;b=1", "there is text after the closing brace at character 7"),
        ("a", "'=' is missing in the part at character 1; a value that holds ';' needs quotes"),
        ("a=1;b;c=2", "'=' is missing in the part at character 5; a value that holds ';' needs quotes"),
        ("=1", "a name is missing before '=' at character 1"),
        ("a=1; =2", "a name is missing before '=' at character 6"),
        ("a-b=1", "a name is made of letters, digits and underscores, unlike that at character 1"),
        ("ä=1", "a name is made of letters, digits and underscores, unlike that at character 1"),
        (f"{'a' * 65}=1", "a name is made of letters, digits and underscores, unlike that at character 1"),
        ("odbc:api:a=1", "a name is made of letters, digits and underscores, unlike that at character 1"),
        ("a=1;b=2;A=3", "a is given again with another value at character 9"),
        ("Cache Location=x;cachelocation=y", "CacheLocation is given again with another value at character 18"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(ConnectionStringError, match=f"^connection string: {re.escape(message)}$"):
        parse(text)


def test_error_names_where_the_text_stands() -> None:
    with pytest.raises(ConnectionStringError, match=r"^ProfileSettings: a name is missing"):
        parse("=1", where="ProfileSettings")


@pytest.mark.parametrize("text", ["1234567.pt.Secret", "a=1;Secret", "a='Secret", "a='1'Secret", "a=1;a=Secret"])
def test_errors_repeat_no_value(text: str) -> None:
    with pytest.raises(ConnectionStringError) as caught:
        parse(text)
    assert "Secret" not in str(caught.value)


@given(pairs)
@settings(deadline=None)
def test_what_is_rendered_reads_back(values: dict[str, str]) -> None:
    assert parse(render(values)) == values


@given(pairs)
@settings(deadline=None)
def test_a_string_fits_into_a_value(values: dict[str, str]) -> None:
    """Nesting needs no thought: a rendered string is a value like any other."""
    assert parse(parse(render({"ProfileSettings": render(values)}))["ProfileSettings"]) == values


@given(st.text() | near_misses)
@settings(deadline=None, max_examples=share(500))
def test_any_text_parses_or_is_refused(text: str) -> None:
    """Arbitrary text never raises anything but the error of the grammar, on one line."""
    message = ""
    try:
        values = parse(text)
    except ConnectionStringError as error:
        message = str(error)
    else:
        assert parse(render(values)) == values
    assert "\n" not in message


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "a=plain"),
        ("b=c", "a=b=c"),
        ("it's", "a=it's"),
        ("'", 'a="\'"'),
        ("x;y", "a='x;y'"),
        ("it's;", 'a="it\'s;"'),
        ("'\";", "a='''\";'"),
        ("{x}", "a='{x}'"),
        (" x", "a=' x'"),
        ("", "a="),
    ],
)
def test_rendered_with_the_fewest_quotes(value: str, text: str) -> None:
    assert render({"a": value}) == text


@pytest.mark.parametrize("unreadable", [{"": "1"}, {"a b": "1"}, {"a=b": "1"}, {"ä": "1"}, {"a": "1", "A": "1"}])
def test_unreadable_names_are_not_rendered(unreadable: dict[str, str]) -> None:
    with pytest.raises(ConnectionStringError):
        render(unreadable)
