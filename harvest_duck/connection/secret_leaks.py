"""Protects secrets: one source of properties cannot send a secret of another source to a host of its choice.

A connection string may be part of SQL that somebody else wrote. Its author must not learn the token in a file or the
environment of the user who runs it. So a host other than Harvest's has to be given in the same source as the secrets
that go there, or in a later one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harvest_duck.connection.parsing import Given, Place, in_memory
from harvest_duck.connection.properties import PROPERTIES
from harvest_duck.errors import ConnectionStringError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OAUTH = ("OAuthRefreshToken", "OAuthClientSecret", "OAuthParams", "OAuthVerifier", "PKCEVerifier")
_DESTINATIONS = ("BaseURL", "IdURL", "OAuthAuthorizationURL", "OAuthAccessTokenURL", "OAuthRefreshTokenURL")
_HARVEST = {urlsplit(PROPERTIES[name].default).hostname for name in ("BaseURL", "IdURL")}
_ENVIRONMENT = {Place.ENVIRONMENT, Place.ENVIRONMENT_STRING}


def bearer(given: Mapping[str, Given]) -> str | None:
    """Return the property whose token goes with each request, None if no token is given.

    With AuthScheme=OAUTH that is OAuthAccessToken. Otherwise it is APIKey or OAuthAccessToken: the one of the nearer
    source, APIKey if one source gives both.
    """
    candidates = ("OAuthAccessToken",) if _is_oauth(given) else ("APIKey", "OAuthAccessToken")
    return min((name for name in candidates if name in given and given[name].text), key=_place(given), default=None)


def refuse_leaks(given: Mapping[str, Given], *, signing_in: bool) -> None:
    """Raise `ConnectionStringError` if a secret of one source would go to a host that a nearer source chose.

    The secrets of OAuth are sent only if AuthScheme is OAUTH, or if a person is `signing_in` whatever it is. The hosts
    are those of requests and of the proxy. A proxy always sees its password, and a request only if SSLServerCert makes
    its certificate valid.
    """
    token = bearer(given)
    oauth = _OAUTH if signing_in or _is_oauth(given) else ()
    sent = tuple(filter(None, (token, "CustomHeaders", *oauth)))
    filled = {name: entry for name, entry in given.items() if entry.text}
    for destination in _DESTINATIONS:
        if destination in filled and urlsplit(filled[destination].text).hostname not in _HARVEST:
            _refuse(filled, destination, oauth if destination == "OAuthAuthorizationURL" else sent)
    if oauth and "OAuthSettingsLocation" in filled and not in_memory(filled["OAuthSettingsLocation"].text):
        # A path can lead to another machine, and tokens are written there.
        _refuse(filled, "OAuthSettingsLocation", tuple(filter(None, (token, *oauth))), to="another place")
    if "ProxyServer" in filled:
        _refuse(filled, "ProxyServer", ("ProxyPassword",))
    if "ProxyServer" in filled and "SSLServerCert" in filled:
        _refuse(filled, max("ProxyServer", "SSLServerCert", key=_place(filled)), sent)


def _is_oauth(given: Mapping[str, Given]) -> bool:
    scheme = given.get("AuthScheme")
    return scheme is not None and scheme.text.upper() == "OAUTH"


def _refuse(
    given: Mapping[str, Given], destination: str, secrets: tuple[str, ...], *, to: str = "another host"
) -> None:
    chosen = given[destination]
    for name in secrets:
        secret = given.get(name)
        if secret and _nearer(chosen.place, secret.place):
            raise ConnectionStringError(
                f"{chosen.where}: {destination} would send {name} of {secret.where} to {to}: "
                f"give {name} beside {destination}"
            )


def _place(given: Mapping[str, Given]) -> Callable[[str], Place]:
    return lambda name: given[name].place


def _nearer(place: Place, other: Place) -> bool:
    return place < other and not {place, other} <= _ENVIRONMENT
