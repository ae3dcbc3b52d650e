"""The report of an examination: the rules over all facts, in the order of the checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.diagnosis import field_rules, harvest_rules, machine_rules, network_rules
from harvest_duck.diagnosis.facts import Outcome
from harvest_duck.diagnosis.model import Check, Finding, Report, Status, skipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.diagnosis.facts import Connected, Facts

#: The checks that need a connection, in their order.
_CONNECTED = (
    Check.NETWORK,
    Check.PROXY,
    Check.TOKEN,
    Check.ACCOUNT,
    Check.ROLE,
    Check.FIELDS,
    Check.CLOCK,
    Check.LIMITS,
    Check.STORE,
)
#: Those of them that need Harvest.
_ASKING = _CONNECTED[:7]
#: What no answer of Harvest is.
_NO_ANSWER = {Outcome.NO_ANSWER, Outcome.NOT_HARVEST}


def report(facts: Facts) -> Report:
    """Return the report of an examination."""
    findings = [machine_rules.versions(facts.versions), machine_rules.configuration(facts.configuration)]
    if facts.connected is not None:
        findings += _connected(facts, facts.connected)
    else:
        reason = "the configuration cannot be used" if facts.fault is None else "the checks before it ended"
        findings += [skipped(check, reason) for check in _CONNECTED]
    if facts.fault is not None:
        found = f"a fault of harvest_duck: {facts.fault}"
        findings[2] = Finding(_CONNECTED[0], Status.FAILED, found, "The checks ended early.", "Please report it.")
    return Report((*findings, machine_rules.disk(facts.spaces)), facts.requests)


def _connected(facts: Facts, found: Connected) -> Iterator[Finding]:
    if facts.offline:
        yield from (skipped(check, "--offline sends nothing") for check in _ASKING)
    else:
        yield from _asking(facts, found)
    if found.limits is not None:
        yield machine_rules.limits(found.limits)
    yield machine_rules.store(found.store)


def _asking(facts: Facts, found: Connected) -> Iterator[Finding]:
    yield network_rules.network(found.api, found.me, "BaseURL")
    yield network_rules.network(found.id, found.accounts, "IdURL")
    yield network_rules.proxy(found.api, reached=_reached(found))
    if found.token is not None:
        source = facts.configuration.token_from
        yield harvest_rules.token(found.token, found.accounts, found.me, facts.now, source)
    if found.unnamed is None:
        yield harvest_rules.account(found.wanted, found.reached, found.me, every=found.every)
    else:
        yield harvest_rules.unnamed(found.unnamed)
    yield harvest_rules.role(found.me)
    yield field_rules.fields(found.samples)
    yield network_rules.clock([found.me, found.accounts])


def _reached(found: Connected) -> bool:
    """Whether the way to the API leads to Harvest, as far as it was gone."""
    way_ends = found.api is None or found.api.failed is not None
    return not way_ends and (found.me is None or found.me.outcome not in _NO_ANSWER)
