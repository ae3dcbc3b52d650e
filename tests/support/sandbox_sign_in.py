"""A person at the consent page, and an application at the token endpoint."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from harvest_duck.sandbox import OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET

if TYPE_CHECKING:
    from support.api_caller import Answer, Caller

AUTHORIZE = "/oauth2/authorize"
TOKEN = "/api/v2/oauth2/token"
CALLBACK = "http://localhost:8765/callback"
#: https://datatracker.ietf.org/doc/html/rfc7636#appendix-B
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
S256 = {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}


def s256(verifier: str) -> str:
    """Return the challenge for a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


@dataclass
class Page(HTMLParser):
    """The tags and the text of a page."""

    html: str
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Store a tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Store the text."""
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of all tags of that name."""
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def hidden(self) -> dict[str, str]:
        """The hidden fields of the form."""
        return {each["name"] or "": each["value"] or "" for each in self.all("input") if each["type"] == "hidden"}


def ask(caller: Caller, **changed: str | None) -> Answer:
    """Return the response to an authorization request; a parameter that is None is left out."""
    given = {"client_id": OAUTH_CLIENT_ID, "response_type": "code", "redirect_uri": CALLBACK, "state": "s1"} | changed
    query = urlencode({name: value for name, value in given.items() if value is not None})
    return caller.send(f"{AUTHORIZE}?{query}", headers={"User-Agent": "a browser"})


def decide(caller: Caller, *, decision: str = "allow", user: str = "administrator", **changed: str | None) -> Answer:
    """Fill in the form of the consent page and return the response."""
    asked = ask(caller, **changed)
    assert asked.status == 200, asked.content
    fields = Page(asked.content.decode()).hidden | {"user": user, "decision": decision}
    return caller.post(AUTHORIZE, fields, {"User-Agent": "a browser"})


def redirect_parameters(answer: Answer) -> dict[str, str]:
    """Return the parameters that a redirect gives to the application."""
    assert answer.status == 302, answer.content
    pairs = parse_qsl(urlsplit(answer.headers["Location"]).query, keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def code_of(caller: Caller, *, user: str = "administrator", **changed: str | None) -> str:
    """Return the code for a person who consents."""
    return redirect_parameters(decide(caller, user=user, **changed))["code"]


def exchange(caller: Caller, code: str, **changed: str | None) -> Answer:
    """Exchange a code at the token endpoint and return the response; a field that is None is left out."""
    return _token(caller, {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK} | changed)


def refresh(caller: Caller, refresh_token: str, **changed: str | None) -> Answer:
    """Use a refresh token at the token endpoint and return the response."""
    return _token(caller, {"grant_type": "refresh_token", "refresh_token": refresh_token} | changed)


def _token(caller: Caller, fields: dict[str, str | None]) -> Answer:
    client: dict[str, str | None] = {"client_id": OAUTH_CLIENT_ID, "client_secret": OAUTH_CLIENT_SECRET}
    return caller.post(TOKEN, {name: value for name, value in (client | fields).items() if value is not None})


def refused(answer: Answer) -> tuple[int, str]:
    """Return the status and the error code of a refusal by the token endpoint; it contains nothing else."""
    assert set(answer.body) == {"error", "error_description"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert "sandbox-" not in answer.body["error_description"]
    return answer.status, answer.body["error"]


def status_with(caller: Caller, access_token: str) -> int:
    """Return the status of a request to the API with that token."""
    return caller.send("/v2/users/me", headers=caller.headers | {"Authorization": f"Bearer {access_token}"}).status
