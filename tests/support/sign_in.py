"""What tests of signing in have in common: a sign-in without ado, and what the token endpoint was asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from support.person import Person

import harvest_duck
from harvest_duck.auth.sign_ins import SignIn, parse, render

if TYPE_CHECKING:
    from pathlib import Path

    from harvest_duck.auth.sessions import Identity
    from harvest_duck.sandbox import Sandbox

__all__ = ["aged", "kept", "signed_in", "token_requests"]


def signed_in(connection: str, person: Person | None = None, **options: object) -> Identity:
    """Who is signed in after this person was asked, without a browser of this machine."""
    person = person or Person()
    try:
        return harvest_duck.login(connection, browser=False, tell=person.tell, **options)  # type: ignore[arg-type]
    finally:
        person.done()


def token_requests(harvest: Sandbox) -> list[str]:
    """The grant type of each request to the token endpoint."""
    return [request.form["grant_type"] for request in harvest.requests if request.path == "/api/v2/oauth2/token"]


def kept(path: Path) -> tuple[SignIn, ...]:
    """The sign-ins in the store at `path`."""
    return parse(path.read_text(), where=str(path))


def aged(path: Path) -> None:
    """Let the tokens in the store at `path` have expired long ago, as far as the store tells."""
    old = [replace(each, tokens=replace(each.tokens, issued_at=0, expires_at=1)) for each in kept(path)]
    path.write_text(render(tuple(old)))
