"""Which sign-in is used, when a token is due, and that what is kept is read back the same."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_duck.auth.sign_ins import SignIn, Tokens, Wanted, find, parse, put, render, renewed
from harvest_duck.connection import Secret
from harvest_duck.errors import CredentialsError

texts = st.text(st.characters(codec="utf-8"), max_size=20)
visible = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
moments = st.none() | st.floats(0, 4e9) | st.integers(0, 4_000_000_000)
tokens = st.builds(Tokens, visible.map(Secret), st.none() | visible.map(Secret), moments, moments)
sign_ins = st.builds(
    SignIn,
    st.sampled_from(["here", "there"]),
    st.sampled_from(["app", "other"]),
    tokens,
    seed=st.none() | st.sampled_from(["s1", "s2"]),
    user_id=st.none() | st.integers(1, 3),
    user=st.none() | texts,
    accounts=st.lists(st.integers(1, 9), max_size=3).map(tuple),
)


def sign_in(user: int, *accounts: int, audience: str = "here", seed: str | None = None) -> SignIn:
    """A sign-in of a person who reaches these accounts."""
    return SignIn(audience, "app", Tokens(Secret(f"t{user}")), seed=seed, user_id=user, accounts=accounts)


def wanted(*accounts: int, audience: str = "here", client_id: str = "app", seed: str | None = None) -> Wanted:
    """What a connection for these accounts wants."""
    return Wanted(audience, client_id, seed, frozenset(accounts))


@given(st.lists(sign_ins, max_size=5).map(tuple))
def test_what_is_kept_is_read_back_the_same(kept: tuple[SignIn, ...]) -> None:
    assert parse(render(kept), where="here") == kept


@given(st.lists(sign_ins, max_size=5).map(tuple), sign_ins)
def test_a_new_sign_in_is_the_one_that_is_found(kept: tuple[SignIn, ...], new: SignIn) -> None:
    """Whatever is kept, the sign-in just put is used for its own accounts, and no other person's is lost."""
    after = put(kept, new)
    for accounts in ((), new.accounts[:1], new.accounts) if new.accounts else ():
        assert find(after, wanted(*accounts, audience=new.audience, client_id=new.client_id, seed=new.seed)) == new
    assert {each.user_id for each in kept if each.seed is None} <= {each.user_id for each in after}
    assert after[-1] == new


def test_the_sign_in_that_reaches_the_account_is_used() -> None:
    kept = (sign_in(1, 10, 11), sign_in(2, 20), sign_in(3, 20, 30))
    assert [find(kept, wanted(number)) for number in (10, 20, 30)] == [kept[0], kept[2], kept[2]]


@given(st.lists(sign_ins, max_size=8).map(tuple), st.sets(st.integers(1, 9), max_size=3))
def test_a_sign_in_for_several_accounts_reaches_all_of_them(kept: tuple[SignIn, ...], accounts: set[int]) -> None:
    """The latest of those, else one of unknown reach, of the same hosts and application."""
    found = None
    for each in kept:
        mine = each.audience == "here" and each.client_id == "app"
        if mine and each.accounts and all(number in each.accounts for number in accounts):
            found = each
    for each in kept if found is None else ():
        found = each if (each.audience, each.client_id, each.accounts) == ("here", "app", ()) else found
    assert find(kept, wanted(*accounts)) == found


def test_no_two_sign_ins_are_used_for_the_accounts_of_one_query() -> None:
    kept = (sign_in(1, 10, 11), sign_in(2, 10, 20), sign_in(3, 11))
    assert find(kept, wanted(10, 11)) == kept[0]
    assert find(kept, wanted(11, 20)) is None
    assert find(kept, wanted()) == kept[2]


def test_for_an_account_that_nobody_reaches_no_sign_in_is_used() -> None:
    kept = (sign_in(1, 10), sign_in(2, 20))
    assert find(kept, wanted(99)) is None
    assert find(kept, wanted()) == kept[1]


def test_a_sign_in_of_unknown_reach_comes_after_those_of_persons() -> None:
    """One that began with tokens of a string may be of anybody, such as of whoever wrote the string."""
    kept = (sign_in(1, 10), sign_in(2, seed="s"))
    assert find(kept, wanted(10)) == kept[0]
    assert find(kept, wanted()) == kept[0]
    assert find(kept, wanted(99)) == kept[1]


def test_a_refresh_does_not_make_a_sign_in_the_latest() -> None:
    kept = (sign_in(1, 10), sign_in(2, 10))
    refreshed = replace(kept[0], tokens=Tokens(Secret("new")))
    assert renewed(kept, refreshed) == (refreshed, kept[1])
    assert renewed((), refreshed) == (refreshed,)


def test_tokens_of_another_host_or_application_are_never_used() -> None:
    kept = (sign_in(1, 10),)
    assert find(kept, wanted(10, audience="elsewhere")) is None
    assert find(kept, wanted(10, client_id="another app")) is None
    assert find((), wanted()) is None


def test_tokens_of_a_string_are_used_for_that_string_and_later_without_it() -> None:
    kept = (sign_in(1, 10), sign_in(2, seed="s"))
    assert find(kept, wanted(10, seed="s")) == kept[1]
    assert find(kept, wanted(seed="other")) is None
    assert find(kept[1:], wanted()) == kept[1]


def test_the_same_person_signs_in_once() -> None:
    first = sign_in(1, 10)
    again = replace(first, tokens=Tokens(Secret("new")))
    assert put((first, sign_in(2, 20)), again) == (sign_in(2, 20), again)


@pytest.mark.parametrize(
    ("issued", "expires", "now", "fresh"),
    [
        (0, 1_209_600, 0, True),
        (0, 1_209_600, 1_209_539, True),
        (0, 1_209_600, 1_209_540, False),
        (0, 100, 89, True),
        (0, 100, 90, False),
        (0, 0, 0, False),
        (None, 100, 99, True),
        (None, 100, 100, False),
        (None, None, 10**12, True),
        (5, None, 10**12, True),
    ],
)
def test_a_token_is_due_a_minute_or_a_tenth_before_its_end(
    issued: float | None, expires: float | None, now: float, fresh: bool
) -> None:
    assert Tokens(Secret("t"), None, issued, expires).fresh(now) is fresh


def test_nothing_kept_is_no_sign_in() -> None:
    assert parse(None, where="here") == ()
    assert parse(" \n", where="here") == ()


@pytest.mark.parametrize(
    "text",
    [
        "secret-text",
        "[]",
        "{}",
        "null",
        "5",
        '"secret-text"',
        '{"format": "another", "sign_ins": []}',
        '{"format": "harvest_duck sign-ins 1", "sign_ins": [{"access_token": "secret-text"}]}',
        '{"format": "harvest_duck sign-ins 1", "sign_ins": 5}',
        "[" * 100_000,
    ],
)
def test_something_else_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(CredentialsError) as refused:
        parse(text, where="the file")
    assert str(refused.value).startswith("the file holds something else than sign-ins of harvest_duck: choose another")
    assert refused.value.__cause__ is None
    assert "secret-text" not in str(refused.value)


@pytest.mark.parametrize("name", ["access_token", "expires_at", "user_id", "accounts", "client_id"])
def test_a_value_of_another_type_is_refused(name: str) -> None:
    document = json.loads(render((sign_in(1, 10),)))
    document["sign_ins"][0][name] = True
    with pytest.raises(CredentialsError):
        parse(json.dumps(document), where="here")


def test_no_token_is_shown() -> None:
    shown = repr(SignIn("here", "app", Tokens(Secret("hidden"), Secret("hidden"))))
    assert "hidden" not in shown
