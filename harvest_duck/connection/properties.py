"""The properties that a connection string may hold, as data, and the lookup of a name in any spelling.

Every property that CData documents for its API driver is known, so that a string written for that driver is accepted.
A property that is `HONOURED` has its effect; one for `LATER` gives a warning. `parsing` parses the text of each kind;
`docs/connection-strings.md` has the same table.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from enum import Enum

from harvest_duck.connection.grammar import fold
from harvest_duck.errors import ConnectionStringError

# An error repeats an unknown name only in this form; another may be part of a value that lacks its quotes.
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")


class UnsupportedPropertyWarning(UserWarning):
    """A connection string sets properties that are known and have no effect yet."""


class Support(Enum):
    """Whether a property has its effect, or is accepted with a warning until it has one."""

    HONOURED = "honoured"
    LATER = "no effect yet"


class Kind(Enum):
    """The kind of a value; the value of each member says what is expected."""

    TEXT = "text on one line"
    SECRET = "secret text on one line"  # noqa: S105 - what is expected, not a secret
    TOKEN = "a token of visible ASCII characters"  # noqa: S105 - as above
    ACCOUNT = "an account number, several parted by commas, or *"
    INTEGER = "a whole number"
    SECONDS = "a number of seconds, 0 or more"
    BOOLEAN = "true or false"
    DAY = "a day from 2000-01-01 to 2099-12-31"
    MOMENT = "a moment with its time zone, such as 2026-03-31T12:00:00Z"
    CHOICE = "one of"
    PATH = "the path of a file"
    LOCATION = "the path of a file, or memory://name"
    DATABASE = "the path of a DuckDB file, or :memory:"
    FILE = "the path of an existing PEM file"
    URL = "an https URL without user, query and fragment, or http to this machine itself"
    HOST = "a host name or address"
    HOSTS = "host names parted by ';'"
    RATE = "requests/seconds such as 100/15, or off"
    HEADERS = "lines of 'Name: value' in ASCII"
    SETTINGS = "a connection string in quotes"


@dataclass(frozen=True, slots=True)
class Property:
    """One property: its documented name, the kind of its value, and its effect in one line."""

    name: str
    kind: Kind
    about: str
    default: str = ""
    least: int | None = None
    most: int | None = None
    choices: tuple[str, ...] = ()
    support: Support = Support.HONOURED

    @property
    def expected(self) -> str:
        """The form of a value, in the words of errors and the documentation."""
        if self.choices:
            *rest, last = self.choices
            return f"{', '.join(rest)} or {last}" if rest else last
        if self.most is not None:
            return f"{self.kind.value} from {self.least} to {self.most}"
        if self.least is not None:
            return f"{self.kind.value}, {self.least} or more"
        return self.kind.value

    def spans(self, number: int) -> bool:
        """Whether `number` lies within the bounds."""
        return (self.least is None or self.least <= number) and (self.most is None or number <= self.most)

    @property
    def secret(self) -> bool:
        """Whether the value may hold a secret."""
        return self.kind in {Kind.SECRET, Kind.TOKEN, Kind.HEADERS}


def find(name: str, *, where: str) -> Property:
    """Return the property called `name`, in any case and with any blanks.

    Raises `ConnectionStringError` with the nearest name for an unknown one.
    """
    known = _BY_FOLDED_NAME.get(fold(name))
    if known is not None:
        return known
    if not _PLAIN_NAME.fullmatch(name):
        raise ConnectionStringError(f"{where}: there is a name that no property has")
    near = difflib.get_close_matches(fold(name), _BY_FOLDED_NAME, n=1)
    advice = f", did you mean {_BY_FOLDED_NAME[near[0]].name}?" if near else ""
    raise ConnectionStringError(f"{where}: there is no property {name}{advice}")


def reference() -> str:
    """Return the table of all properties in Markdown, as in the documentation."""
    head = "| Property | Value | Default | Effect |\n| --- | --- | --- | --- |\n"
    return head + "".join(_row(entry) for entry in PROPERTIES.values())


def _row(entry: Property) -> str:
    default = f"`{entry.default}`" if entry.default else ""
    about = entry.about if entry.support is Support.HONOURED else f"*No effect yet.* {entry.about}"
    return f"| `{entry.name}` | {entry.expected} | {default} | {about} |\n"


def _later(name: str, kind: Kind, about: str) -> Property:
    return Property(name, kind, about, support=Support.LATER)


_HONOURED = (
    Property(
        "AccountId",
        Kind.ACCOUNT,
        "The Harvest accounts that are asked; * for all that the token reaches, by default the only one.",
    ),
    Property("APIKey", Kind.TOKEN, "The personal access token, made at id.getharvest.com/developers."),
    Property("Profile", Kind.TEXT, "Names the API profile to CData; accepted and not read, since Harvest is built in."),
    Property("ProfileSettings", Kind.SETTINGS, "Further properties in one value, as CData's profiles take them."),
    Property("DSN", Kind.TEXT, "A named section of connections.toml that gives what the string leaves out."),
    Property("Today", Kind.DAY, "The day on which DSN=sandbox shows its made-up agency; by default 2026-11-20."),
    Property("Driver", Kind.TEXT, "Names the driver to ODBC; accepted and not read."),
    Property(
        "AuthScheme",
        Kind.CHOICE,
        "NONE sends a personal access token, OAUTH signs a person in.",
        "NONE",
        choices=("NONE", "OAUTH"),
    ),
    Property(
        "InitiateOAuth",
        Kind.CHOICE,
        "How far OAuth goes by itself: never, only refreshing, or signing in as well.",
        "OFF",
        choices=("OFF", "REFRESH", "GETANDREFRESH"),
    ),
    Property("OAuthClientId", Kind.TEXT, "The client id of the registered OAuth application."),
    Property("OAuthClientSecret", Kind.SECRET, "The client secret of the registered OAuth application."),
    Property("CallbackURL", Kind.TEXT, "The redirect URI of the OAuth application, such as http://localhost:8765/."),
    Property("Scope", Kind.TEXT, "The OAuth scopes to ask for, parted by blanks."),
    Property("OAuthAccessToken", Kind.TOKEN, "An access token from an earlier sign-in, sent as it is."),
    Property("OAuthRefreshToken", Kind.TOKEN, "A refresh token from an earlier sign-in."),
    Property("OAuthExpiresIn", Kind.SECONDS, "How long the given access token is valid from its timestamp."),
    Property(
        "OAuthTokenTimestamp", Kind.INTEGER, "When the given access token was made, in Unix milliseconds.", least=0
    ),
    Property("OAuthVerifier", Kind.TOKEN, "The code from a sign-in in a browser elsewhere; it is used once."),
    Property("PKCEVerifier", Kind.TOKEN, "The PKCE code verifier that belongs to OAuthVerifier."),
    Property("UsePKCE", Kind.BOOLEAN, "Protects the sign-in by PKCE (RFC 7636).", "true"),
    Property("OAuthGrantType", Kind.CHOICE, "The OAuth grant to use; Harvest has one.", "CODE", choices=("CODE",)),
    Property("OAuthParams", Kind.SECRET, "Further parameters for token requests: name=value, parted by commas or '&'."),
    Property(
        "OAuthSettingsLocation",
        Kind.LOCATION,
        "Where sign-ins are kept: a file, or memory://name within the process; by default the keyring, else a file.",
    ),
    Property("OAuthAuthorizationURL", Kind.URL, "Where a person signs in, when not at IdURL."),
    Property("OAuthAccessTokenURL", Kind.URL, "Where a code becomes a token, when not at IdURL."),
    Property("OAuthRefreshTokenURL", Kind.URL, "Where a token is refreshed, when not at IdURL."),
    Property("OAuthVersion", Kind.CHOICE, "The version of OAuth; Harvest has one.", "2.0", choices=("2.0",)),
    Property("BaseURL", Kind.URL, "The Harvest API.", "https://api.harvestapp.com/v2"),
    Property("IdURL", Kind.URL, "Harvest ID, which knows accounts and sign-in.", "https://id.getharvest.com"),
    Property("RateLimit", Kind.RATE, "The most requests to send in so many seconds.", "100/15"),
    Property("ReportsRateLimit", Kind.RATE, "The same for reports, which Harvest limits further.", "100/900"),
    Property("Timeout", Kind.SECONDS, "How long to wait for an answer; 0 waits for ever.", "60"),
    Property("Pagesize", Kind.INTEGER, "The records asked for in one request.", "2000", least=1, most=2000),
    Property("MaxRows", Kind.INTEGER, "The most rows that a scan returns; 0 or -1 for all.", "-1", least=-1),
    Property(
        "Completeness",
        Kind.CHOICE,
        "What makes a list complete: as many records as Harvest announced, or also two equal reads.",
        "ANNOUNCED",
        choices=("ANNOUNCED", "READ"),
    ),
    Property("MaxConnections", Kind.INTEGER, "The most requests under way at once.", "16", least=1, most=100),
    Property(
        "UserAgent",
        Kind.TEXT,
        "The User-Agent header; Harvest asks for an application and a contact.",
        "harvest_duck (Python package harvest-duck)",
    ),
    Property("CustomHeaders", Kind.HEADERS, "Headers to add to each request; a line ends at a line break or at `\\n`."),
    Property("ProxyServer", Kind.HOST, "The HTTP proxy through which requests go."),
    Property("ProxyPort", Kind.INTEGER, "The port of ProxyServer.", "80", least=1, most=65535),
    Property("ProxyUser", Kind.TEXT, "The user at ProxyServer."),
    Property("ProxyPassword", Kind.SECRET, "The password of ProxyUser."),
    Property("ProxyAuthScheme", Kind.CHOICE, "Whether ProxyUser is sent.", "BASIC", choices=("BASIC", "NONE")),
    Property(
        "ProxySSLType",
        Kind.CHOICE,
        "ALWAYS speaks TLS to the proxy itself; the others do not.",
        "AUTO",
        choices=("AUTO", "ALWAYS", "NEVER", "TUNNEL"),
    ),
    Property(
        "ProxyAutoDetect",
        Kind.BOOLEAN,
        "Takes the proxy that HTTPS_PROXY, ALL_PROXY or the system names, but for NO_PROXY, without a ProxyServer.",
        "false",
    ),
    Property("ProxyExceptions", Kind.HOSTS, "Hosts that are reached without ProxyServer."),
    Property("SSLServerCert", Kind.FILE, "The certificates to trust for TLS, in PEM, in place of the system's."),
    Property(
        "CacheLocation",
        Kind.DATABASE,
        "What answers in place of Harvest while it is fresh enough: the file of a copy, or the memory of this process.",
    ),
    Property(
        "AutoCache", Kind.BOOLEAN, "Whether CacheLocation is used; by default if there is one. true alone is :memory:."
    ),
    Property("CacheTolerance", Kind.SECONDS, "How old an answer of CacheLocation may be, in seconds.", "600"),
    Property("Offline", Kind.BOOLEAN, "Answers from the file of CacheLocation alone, whatever its age.", "false"),
    Property("AsOf", Kind.MOMENT, "Answers from the history in the file of CacheLocation, as it was at that moment."),
    Property("Logfile", Kind.PATH, "The file that the log is written to."),
    Property("Verbosity", Kind.INTEGER, "How much is logged.", "1", least=1, most=5),
    Property("Readonly", Kind.BOOLEAN, "Only true is possible: nothing is ever written to Harvest.", "true"),
)

_LATER = (
    _later("BatchSize", Kind.INTEGER, "The rows in one write."),
    _later("BrowsableSchemas", Kind.TEXT, "The schemas to show."),
    _later("CacheConnection", Kind.SECRET, "The database of the copy."),
    _later("CacheDriver", Kind.TEXT, "The driver of that database."),
    _later("CacheMetadata", Kind.BOOLEAN, "Keeps tables and columns on disk."),
    _later("CacheProvider", Kind.TEXT, "The provider of the copy's database."),
    _later("CacheQueryResult", Kind.BOOLEAN, "Keeps the result of each query."),
    _later("ConnectionLifeTime", Kind.SECONDS, "How long a pooled connection lives."),
    _later("ConnectOnOpen", Kind.BOOLEAN, "Sends a first request on connecting."),
    _later("CustomUrlParams", Kind.SECRET, "Query parameters to add to each request."),
    _later("FirewallPassword", Kind.SECRET, "The password at the firewall."),
    _later("FirewallPort", Kind.INTEGER, "The port of the firewall."),
    _later("FirewallServer", Kind.HOST, "A SOCKS or tunnelling firewall."),
    _later("FirewallType", Kind.TEXT, "The protocol of the firewall."),
    _later("FirewallUser", Kind.TEXT, "The user at the firewall."),
    _later("Format", Kind.TEXT, "The format of a file that is read as a table."),
    _later("GenerateSchemaFiles", Kind.TEXT, "Writes the tables as schema files."),
    _later("Location", Kind.PATH, "The folder of schema files."),
    _later("LogModules", Kind.TEXT, "The parts of the program that are logged."),
    _later("MaxLogFileSize", Kind.TEXT, "The size at which a new log begins."),
    _later("OAuthAccessTokenSecret", Kind.SECRET, "Belongs to OAuth 1, which Harvest does not have."),
    _later("OAuthRequestTokenURL", Kind.URL, "Belongs to OAuth 1, which Harvest does not have."),
    _later("Other", Kind.SECRET, "Settings without a name of their own."),
    _later("Password", Kind.SECRET, "The password of User; Harvest takes tokens."),
    _later("PoolIdleTimeout", Kind.SECONDS, "How long a pooled connection may rest."),
    _later("PoolMaxSize", Kind.INTEGER, "The most pooled connections."),
    _later("PoolMinSize", Kind.INTEGER, "The fewest pooled connections."),
    _later("PoolWaitTime", Kind.SECONDS, "How long to wait for a pooled connection."),
    _later("PseudoColumns", Kind.TEXT, "Columns that only filter, by table."),
    _later("RowScanDepth", Kind.INTEGER, "The rows read to find out the columns."),
    _later("RTK", Kind.SECRET, "A licence key."),
    _later("SSLClientCert", Kind.TEXT, "A certificate to show to the server."),
    _later("SSLClientCertPassword", Kind.SECRET, "The password of that certificate."),
    _later("SSLClientCertSubject", Kind.TEXT, "The subject of that certificate."),
    _later("SSLClientCertType", Kind.TEXT, "The kind of store of that certificate."),
    _later("SupportEnhancedSQL", Kind.BOOLEAN, "Evaluates in memory what the API cannot; DuckDB always does."),
    _later("Tables", Kind.TEXT, "The tables to show."),
    _later("URI", Kind.TEXT, "A file or address that is read as a table."),
    _later("UseConnectionPooling", Kind.BOOLEAN, "Shares connections."),
    _later("User", Kind.TEXT, "A user name; Harvest takes tokens."),
    _later("UserDefinedViews", Kind.PATH, "A file of views."),
    _later("Views", Kind.TEXT, "The views to show."),
    _later("XPath", Kind.TEXT, "The element of a file that is a row."),
)

PROPERTIES = {entry.name: entry for entry in (*_HONOURED, *_LATER)}
_BY_FOLDED_NAME = {fold(entry.name): entry for entry in PROPERTIES.values()}
