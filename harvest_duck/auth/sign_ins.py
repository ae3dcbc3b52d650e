"""Sign-ins as values: their tokens, their person, and the JSON document in which a store holds them.

A store holds one document with any number of sign-ins: of several persons, applications and hosts. `find` chooses the
one that a connection may use, `put` adds or replaces one. Nothing here reads a clock, a file or the network.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from harvest_duck.connection import Secret
from harvest_duck.errors import CredentialsError

_FORMAT = "harvest_duck sign-ins 1"
#: A token is refreshed so many seconds before it expires, because clocks differ and requests take time,
_LEEWAY_S = 60.0
#: but never earlier than in the last tenth of its life.
_LEEWAY = 0.1


@dataclass(frozen=True, slots=True)
class Tokens:
    """An access token and its refresh token; times in Unix seconds, None if they are not known."""

    access_token: Secret
    refresh_token: Secret | None = None
    issued_at: float | None = None
    expires_at: float | None = None

    @property
    def lifetime_s(self) -> float | None:
        """The seconds from issue to expiry, None if one of them is not known."""
        return None if self.expires_at is None or self.issued_at is None else self.expires_at - self.issued_at

    def fresh(self, now: float) -> bool:
        """Whether the access token may be sent before a refresh; one without an expiry always may."""
        if self.expires_at is None:
            return True
        return now < self.expires_at - min(_LEEWAY_S, _LEEWAY * (self.lifetime_s or 0.0))


@dataclass(frozen=True, slots=True)
class SignIn:
    """One person's consent to one application: the hosts that may get its tokens, the person, and their accounts.

    `seed` is a digest of the tokens or code of the connection string that the sign-in began with, None for a person
    who signed in here; `user_id`, `user` and `accounts` (ids of Harvest's accounts) are known for the latter only.
    """

    audience: str
    client_id: str
    tokens: Tokens
    seed: str | None = None
    user_id: int | None = None
    user: str | None = None
    accounts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """The sign-in that a connection may use: one for the same hosts and application, and the same `seed` if it has one.

    It has to reach all of `accounts`.
    """

    audience: str
    client_id: str
    seed: str | None = None
    accounts: frozenset[int] = field(default=frozenset(), compare=False)


def find(sign_ins: tuple[SignIn, ...], wanted: Wanted) -> SignIn | None:
    """Return the latest sign-in that reaches the accounts, else the latest with unknown accounts, else None.

    The accounts of a sign-in that began with a connection string are unknown.
    """
    fitting = [each for each in sign_ins if fits(each, wanted)]
    reaching = [each for each in fitting if each.accounts and wanted.accounts <= set(each.accounts)]
    return next(reversed(reaching or [each for each in fitting if not each.accounts]), None)


def fits(each: SignIn, wanted: Wanted) -> bool:
    """Whether a sign-in is for the same hosts and application, and has the seed if one is wanted."""
    same = (each.audience, each.client_id) == (wanted.audience, wanted.client_id)
    return same and (wanted.seed is None or each.seed == wanted.seed)


def put(sign_ins: tuple[SignIn, ...], new: SignIn) -> tuple[SignIn, ...]:
    """Return all sign-ins with `new` as the latest, in place of an older one of the same person and origin."""
    return (*(each for each in sign_ins if _key(each) != _key(new)), new)


def renewed(sign_ins: tuple[SignIn, ...], new: SignIn) -> tuple[SignIn, ...]:
    """Return all sign-ins with `new` at the position of the older one of the same person and origin."""
    if all(_key(each) != _key(new) for each in sign_ins):
        return (*sign_ins, new)
    return tuple(new if _key(each) == _key(new) else each for each in sign_ins)


def _key(each: SignIn) -> tuple[object, ...]:
    return (each.audience, each.client_id, each.seed, each.user_id if each.seed is None else None)


def render(sign_ins: tuple[SignIn, ...]) -> str:
    """Return the document for a store; it holds the tokens in clear text."""
    return json.dumps({"format": _FORMAT, "sign_ins": [_record(each) for each in sign_ins]}, separators=(",", ":"))


def parse(text: str | None, *, where: str) -> tuple[SignIn, ...]:
    """Return the sign-ins in a document that `render` made; none for an empty store.

    Raises `CredentialsError`, which repeats nothing of the text, for anything else.
    """
    if text is None or not text.strip():
        return ()
    try:
        document = json.loads(text)
        return tuple(_sign_in(record) for record in document["sign_ins" if document["format"] == _FORMAT else None])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # Not chained, because such an error may hold the text.
        raise CredentialsError(
            f"{where} holds something else than sign-ins of harvest_duck: choose another OAuthSettingsLocation, "
            "or remove it and sign in again"
        ) from None


def _record(each: SignIn) -> dict[str, Any]:
    tokens = each.tokens
    return {
        "audience": each.audience,
        "client_id": each.client_id,
        "seed": each.seed,
        "user_id": each.user_id,
        "user": each.user,
        "accounts": list(each.accounts),
        "access_token": tokens.access_token.reveal(),
        "refresh_token": tokens.refresh_token.reveal() if tokens.refresh_token else None,
        "issued_at": tokens.issued_at,
        "expires_at": tokens.expires_at,
    }


def _sign_in(record: dict[str, Any]) -> SignIn:
    return SignIn(
        audience=_typed(record, "audience", str),
        client_id=_typed(record, "client_id", str),
        tokens=Tokens(
            access_token=Secret(_typed(record, "access_token", str)),
            refresh_token=Secret(text) if (text := _typed(record, "refresh_token", str, None)) else None,
            issued_at=_typed(record, "issued_at", int, float, None),
            expires_at=_typed(record, "expires_at", int, float, None),
        ),
        seed=_typed(record, "seed", str, None),
        user_id=_typed(record, "user_id", int, None),
        user=_typed(record, "user", str, None),
        accounts=tuple(int(number) for number in record["accounts"]),
    )


def _typed(record: dict[str, Any], name: str, *kinds: type | None) -> Any:  # noqa: ANN401 - one of the kinds
    value = record[name]
    if isinstance(value, bool) or not any(value is None if kind is None else isinstance(value, kind) for kind in kinds):
        raise ValueError(name)
    return value
