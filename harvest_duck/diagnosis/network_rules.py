"""What the facts about the way to Harvest mean: names, connections, TLS, proxies, and the difference of the clocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.diagnosis.facts import Outcome, Step
from harvest_duck.diagnosis.model import Check, Finding, Status, parted, skipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.diagnosis.facts import Exchange, Way

#: Seconds by which clocks may differ: a Date header and an answer that takes its time cost a few.
_CLOSE_S, _WRONG_S = 30.0, 3600.0
_HTTPS = 443
_HARVEST = {"api.harvestapp.com", "id.getharvest.com"}
_SPLIT = (
    "The traffic is read on the way, as by the proxy of a company or a virus scanner, or this machine lacks a root "
    "certificate."
)
_REASONS = {
    ("expired", "not yet valid"): "The certificate is not valid at the time that this machine's clock tells.",
    ("mismatch", "doesn't match"): "Another server answers than the one that the connection names.",
    ("self-signed", "self signed", "local issuer", "unable to get issuer"): _SPLIT,
}


def network(way: Way | None, exchange: Exchange | None, prop: str) -> Finding:
    """Return what the way to a host and its answer mean; `prop` is the property that names the host."""
    if way is None:
        return skipped(Check.NETWORK, "no connection")
    if way.failed is not None:
        return _blocked(way, way.failed, prop)
    outcome = exchange.outcome if exchange else None
    if exchange is not None and outcome in {Outcome.NO_ANSWER, Outcome.NOT_HARVEST, Outcome.BROKEN}:
        return _unanswered(way, exchange, prop)
    through = f" through the proxy {way.proxy}" if way.proxy else ""
    safe = "TLS" if way.guarded else "no TLS, which is not needed within this machine"
    answered = "it answers" if exchange else "it takes connections"
    return _finding(way, Status.OK, f"{answered}{through}; {safe}")


def _blocked(way: Way, step: Step, prop: str) -> Finding:
    """Return the finding of a way that ends at a step."""
    proxy = f"the proxy {way.proxy}" if way.proxy else ""
    chosen = way.proxy_from if way.proxy else None if way.host in _HARVEST else prop
    beside = f" and {chosen}" if chosen else ""
    match step:
        case Step.PROXY:
            (found, remedy), meaning = parted(way.reason), "No request goes out."
        case Step.NAME:
            found = f"the name{f' of {proxy}' if proxy else ''} is not resolved ({way.reason})"
            meaning = "This machine has no network, or its name server does not know that name."
            remedy = f"Check the network, the name server{beside}."
        case Step.CONNECTION:
            found = f"no connection{f' to {proxy}' if proxy else ''} ({way.reason})"
            meaning = "A firewall or a proxy is in the way, or nothing listens there."
            remedy = f"Check the network{beside}."
        case Step.TLS:
            found = f"TLS failed ({way.reason})"
            meaning, remedy = _tls_meaning(way.reason), _tls_remedy(way, prop)
    return _finding(way, Status.FAILED, found, meaning, remedy)


def _tls_meaning(reason: str) -> str:
    text = reason.lower()
    return next((meaning for words, meaning in _REASONS.items() if any(word in text for word in words)), _SPLIT)


def _tls_remedy(way: Way, prop: str) -> str:
    text = way.reason.lower()
    if "expired" in text or "not yet valid" in text:
        return "Set the clock of this machine right."
    if "match" in text:
        return f"Check {prop}; a network that asks for a login in the browser does the same."
    if way.trusts_own:
        return "Check SSLServerCert: with it, the certificates in that file alone are trusted."
    if way.replaced_store:
        return f"Check {way.replaced_store}: the certificates that it names are trusted in place of the system's."
    if way.unread_bundle:
        return f"Give the path that {way.unread_bundle} names as SSLServerCert: that variable is not read."
    return "Give the path of the company's certificate, in PEM, as SSLServerCert, or as the variable SSL_CERT_FILE."


def _unanswered(way: Way, exchange: Exchange, prop: str) -> Finding:
    """Return the finding of a host that takes connections and gives no answer of Harvest."""
    if exchange.outcome is Outcome.BROKEN:
        return _finding(
            way,
            Status.FAILED,
            f"it answers with an error ({exchange.detail})",
            "Harvest has a fault, or is being maintained.",
            "Try again later; https://www.harveststatus.com tells how Harvest is.",
        )
    if exchange.outcome is Outcome.NOT_HARVEST:
        return _finding(
            way,
            Status.FAILED,
            f"what answers is not Harvest ({exchange.detail})",
            "A network that wants a login in the browser answers in Harvest's place, or a proxy does, or the address "
            "is another server's.",
            f"Open a page in the browser and log in to the network, or check {prop}.",
        )
    found, remedy = parted(exchange.detail)
    return _finding(way, Status.FAILED, found, "A query would fail in the same way.", remedy)


def _finding(way: Way, status: Status, found: str, meaning: str = "", remedy: str = "") -> Finding:
    return Finding(
        Check.NETWORK,
        status,
        found,
        meaning,
        remedy,
        subject=way.host if way.port == _HTTPS else f"{way.host}:{way.port}",
    )


def proxy(way: Way | None, *, reached: bool) -> Finding:
    """Return what the settings of proxies and certificates mean, for the API; `reached` says whether it answers."""
    if way is None:
        return skipped(Check.PROXY, "no connection")
    if way.proxy:
        found = f"requests go through {way.proxy}, by {way.proxy_from}"
        if reached:
            return Finding(Check.PROXY, Status.OK, found)
        meaning = "Nothing comes through it: see the check of the network."
        return Finding(
            Check.PROXY, Status.WARNING, found, meaning, f"Check {way.proxy_from} and its user and password."
        )
    named = _named_in_vain(way)
    if not named:
        return Finding(Check.PROXY, Status.OK, "none is used, and the environment names none for this host")
    found = " and ".join(f"{name} names {what}" for name, what, _ in named) + ", not read by harvest_duck"
    useful = [use for name, _, use in named if name != way.unread_bundle or way.failed is Step.TLS]
    if reached or not useful:
        return Finding(Check.PROXY, Status.OK, found, "Harvest is reached without." if reached else "")
    return Finding(
        Check.PROXY,
        Status.WARNING,
        found,
        "Other programs follow these variables. harvest_duck does so where the connection string says it.",
        f"Add {' and '.join(useful)} to the connection string. Hosts in NO_PROXY stay without a proxy.",
    )


def _named_in_vain(way: Way) -> list[tuple[str, str, str]]:
    """Return what the environment names and the connection does not use: its name, what it is, and how to use it."""
    unread = [
        (way.unread_proxy, "a proxy", "ProxyAutoDetect=true"),
        (way.unread_bundle, "certificates", f"SSLServerCert=(the path in {way.unread_bundle})"),
    ]
    return [(name, what, use) for name, what, use in unread if name]


def clock(exchanges: Sequence[Exchange | None]) -> Finding:
    """Return what the difference between the clocks of Harvest and of this machine means."""
    told = [each.ahead_s for each in exchanges if each is not None and each.ahead_s is not None]
    if not told:
        return skipped(Check.CLOCK, "Harvest was not asked, or its answer tells no time")
    ahead = min(told, key=abs)
    if abs(ahead) <= _CLOSE_S:
        return Finding(Check.CLOCK, Status.OK, "the clock of this machine agrees with Harvest's")
    behind = "behind" if ahead > 0 else "ahead of"
    return Finding(
        Check.CLOCK,
        Status.FAILED if abs(ahead) >= _WRONG_S else Status.WARNING,
        f"the clock of this machine is {_span(abs(ahead))} {behind} Harvest's",
        "Tokens count as expired too early or too late, and conditions such as updated_at > now() - INTERVAL 1 HOUR "
        "miss rows.",
        "Let the system set its clock by the network (NTP).",
    )


def _span(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
