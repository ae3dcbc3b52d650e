"""The settings that a connection string stands for, as one frozen, typed value.

`connection` builds it from the texts that `sources` collected; the client, the sign-in and the command line read it. It
prints no secret, compares by value, and can be the key of a cache.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from harvest_duck.connection.address import loopback
from harvest_duck.connection.cache import Cache, cache_of
from harvest_duck.connection.parsing import Given, Place, RateLimit, Values
from harvest_duck.connection.secret_leaks import bearer
from harvest_duck.errors import ConnectionStringError, CredentialsError, LoginRequired

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harvest_duck.connection.secret import Secret

#: Account ids are 64-bit columns.
_IDS = range(2**63)


class AuthScheme(StrEnum):
    """How requests are authorized: by a personal access token, or by a token from OAuth."""

    NONE = "NONE"
    OAUTH = "OAUTH"


class InitiateOAuth(StrEnum):
    """How far OAuth goes by itself: never, refreshing alone, or signing a person in as well."""

    OFF = "OFF"
    REFRESH = "REFRESH"
    GETANDREFRESH = "GETANDREFRESH"


class Completeness(StrEnum):
    """What makes a list complete: as many records as Harvest announced, or, besides, two reads that bring the same."""

    ANNOUNCED = "ANNOUNCED"
    READ = "READ"


class ProxySSLType(StrEnum):
    """The protocol to the proxy: only ALWAYS uses TLS to the proxy itself."""

    AUTO = "AUTO"
    ALWAYS = "ALWAYS"
    NEVER = "NEVER"
    TUNNEL = "TUNNEL"


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth:
    """The OAuth properties, for the sign-in; a URL is None if it follows from `Connection.id_url`."""

    initiate: InitiateOAuth
    client_id: str | None
    client_secret: Secret | None
    callback_url: str | None
    scope: str | None
    access_token: Secret | None
    refresh_token: Secret | None
    expires_in_s: float | None
    token_timestamp_ms: int | None
    verifier: Secret | None
    pkce_verifier: Secret | None
    pkce: bool
    params: Secret | None
    settings_location: str | None
    authorization_url: str | None
    access_token_url: str | None
    refresh_token_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """An HTTP proxy; `user` and `password` are None if they are not to be sent."""

    host: str
    port: int
    user: str | None
    password: Secret | None
    ssl_type: ProxySSLType
    exceptions: tuple[str, ...]

    @property
    def url(self) -> str:
        """The address of the proxy, without user and password."""
        scheme = "https" if self.ssl_type is ProxySSLType.ALWAYS else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"

    def serves(self, host: str) -> bool:
        """Whether requests to `host` go through the proxy; an exception "*.x" or ".x" holds for all below x.

        Requests to this machine itself never do, because the proxy could read what is sent there without TLS.
        """
        name = host.lower()
        return not loopback(name) and not any(
            name.endswith(entry.removeprefix("*")) if entry.startswith(("*", ".")) else name == entry
            for entry in self.exceptions
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A connection string with all its defaults; None means no limit, no file, or not given."""

    account_id: str | None
    token: Secret | None
    auth_scheme: AuthScheme
    oauth: OAuth
    base_url: str
    id_url: str
    rate_limit: RateLimit | None
    reports_rate_limit: RateLimit | None
    timeout_s: float | None
    page_size: int
    max_rows: int | None
    max_connections: int
    completeness: Completeness
    user_agent: str
    custom_headers: tuple[tuple[str, str], ...] = field(repr=False)
    proxy: Proxy | None
    proxy_from_environment: bool
    ssl_server_cert: Path | None
    logfile: Path | None
    verbosity: int
    #: None where every answer is asked of Harvest.
    cache: Cache | None = None
    #: The DSN of the connection string itself, for advice in errors; its properties are in the other fields.
    dsn: str | None = field(default=None, compare=False)

    @property
    def identity(self) -> Connection:
        """The connection without what leaves the rows as they are, to compare: two that are equal may share rows."""
        return replace(
            self,
            rate_limit=None,
            reports_rate_limit=None,
            timeout_s=None,
            page_size=1,
            max_rows=None,
            max_connections=1,
            user_agent="",
            logfile=None,
            verbosity=1,
            cache=None,
        )

    @property
    def login_command(self) -> str:
        """The command that signs in for this connection; without a DSN it lacks the connection string."""
        return f"harvest-duck login --connection {shlex.quote(f'DSN={self.dsn}')}" if self.dsn else "harvest-duck login"

    def require_accounts(self) -> tuple[int, ...] | None:
        """Return the account numbers in the order given, None where only Harvest ID can tell them.

        That is for `*`, all that the token reaches, and without an AccountId, the only one that it reaches. Raises
        `CredentialsError` for what cannot be a number.
        """
        if self.account_id is None or self.account_id == "*":
            return None
        texts = self.account_id.split(",")
        if not all(text.isdecimal() for text in texts):
            raise CredentialsError(
                f'"{self.account_id}" is not an account id: '
                "set AccountId or HARVEST_ACCOUNT_ID to a number that id.getharvest.com/developers shows"
            )
        numbers = tuple(map(int, texts))
        if max(numbers) not in _IDS:
            raise CredentialsError(f"AccountId {max(numbers)} is larger than any account number of Harvest")
        return numbers

    @property
    def offline(self) -> bool:
        """Whether the file of a copy answers alone, so that no token is needed."""
        return self.cache is not None and self.cache.offline

    @property
    def stores_tokens(self) -> bool:
        """Whether tokens come from a stored sign-in, and are refreshed, rather than from the string alone."""
        return self.auth_scheme is AuthScheme.OAUTH and self.oauth.initiate is not InitiateOAuth.OFF

    def require_token(self) -> Secret:
        """Return the given token; raises `LoginRequired` if it has to come from a sign-in, else `CredentialsError`."""
        if self.token is not None:
            return self.token
        if self.auth_scheme is AuthScheme.OAUTH:
            raise LoginRequired(
                f"AuthScheme is OAuth, InitiateOAuth is {self.oauth.initiate} and no OAuthAccessToken is given: "
                f"set InitiateOAuth=GETANDREFRESH to sign in, or REFRESH to use the sign-in of `{self.login_command}`"
            )
        other = " (or AuthScheme=OAuth to sign in)" if self.oauth.client_id else ""
        raise CredentialsError(
            "no Harvest token is given: run `harvest-duck connections add NAME`, or set APIKey or HARVEST_ACCESS_TOKEN "
            f"to a token made at id.getharvest.com/developers{other}; DSN=sandbox tries queries without an account"
        )

    def require_credentials(self) -> None:
        """Raise as `require_token` does if no request can be authorized, now or after a sign-in.

        Raises `CredentialsError` if a stored sign-in would be used and OAuthClientId is missing. A connection that is
        offline needs none.
        """
        if self.offline:
            return
        if not self.stores_tokens:
            self.require_token()
        elif self.oauth.client_id is None:
            raise CredentialsError(
                f"AuthScheme is OAuth, InitiateOAuth is {self.oauth.initiate} and no OAuthClientId is given: "
                "set OAuthClientId and OAuthClientSecret, shown at id.getharvest.com/developers"
            )


def connection(given: Mapping[str, Given]) -> Connection:
    """Return the connection with the `given` properties and defaults for the rest.

    Raises `ConnectionStringError` for the first property whose text is not of its kind.
    """
    values = Values(given)
    if not values.boolean("Readonly"):
        raise ConnectionStringError(f"{given['Readonly'].where}: Readonly has to be true: Harvest is only ever read")
    token, max_rows, proxy = bearer(given), values.integer("MaxRows"), _proxy(values)
    return Connection(
        account_id=values.account("AccountId"),
        token=values.token(token) if token else None,
        auth_scheme=AuthScheme(values.choice("AuthScheme")),
        oauth=_oauth(values),
        base_url=values.url("BaseURL") or "",
        id_url=values.url("IdURL") or "",
        rate_limit=values.rate("RateLimit"),
        reports_rate_limit=values.rate("ReportsRateLimit"),
        timeout_s=values.seconds("Timeout") or None,
        page_size=values.integer("Pagesize"),
        max_rows=max_rows if max_rows > 0 else None,
        max_connections=values.integer("MaxConnections"),
        completeness=Completeness(values.choice("Completeness")),
        user_agent=values.text("UserAgent") or "",
        custom_headers=values.headers("CustomHeaders"),
        proxy=proxy,
        proxy_from_environment=values.boolean("ProxyAutoDetect") and proxy is None,
        ssl_server_cert=values.file("SSLServerCert"),
        logfile=values.path("Logfile"),
        verbosity=values.integer("Verbosity"),
        cache=cache_of(given, values),
        dsn=given["DSN"].text or None if "DSN" in given and given["DSN"].place is Place.STRING else None,
    )


def _oauth(values: Values) -> OAuth:
    for only in ("OAuthGrantType", "OAuthVersion"):
        # Harvest has one of each, so another one is an error and this one changes nothing.
        values.choice(only)
    return OAuth(
        initiate=InitiateOAuth(values.choice("InitiateOAuth")),
        client_id=values.text("OAuthClientId"),
        client_secret=values.secret("OAuthClientSecret"),
        callback_url=values.text("CallbackURL"),
        scope=values.text("Scope"),
        access_token=values.token("OAuthAccessToken"),
        refresh_token=values.token("OAuthRefreshToken"),
        expires_in_s=values.seconds("OAuthExpiresIn"),
        token_timestamp_ms=values.integer_or_none("OAuthTokenTimestamp"),
        verifier=values.token("OAuthVerifier"),
        pkce_verifier=values.token("PKCEVerifier"),
        pkce=values.boolean("UsePKCE"),
        params=values.secret("OAuthParams"),
        settings_location=values.location("OAuthSettingsLocation"),
        authorization_url=values.url("OAuthAuthorizationURL"),
        access_token_url=values.url("OAuthAccessTokenURL"),
        refresh_token_url=values.url("OAuthRefreshTokenURL"),
    )


def _proxy(values: Values) -> Proxy | None:
    host, port = values.host("ProxyServer"), values.integer("ProxyPort")
    user, password = values.text("ProxyUser"), values.secret("ProxyPassword")
    if values.choice("ProxyAuthScheme") != "BASIC":
        user = password = None
    ssl_type, exceptions = ProxySSLType(values.choice("ProxySSLType")), values.hosts("ProxyExceptions")
    if host is None:
        return None
    return Proxy(host=host, port=port, user=user, password=password, ssl_type=ssl_type, exceptions=exceptions)
