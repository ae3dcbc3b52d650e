"""Runs the probes of `harvest-duck doctor`, each once and in an order in which one can stand on the others."""

from __future__ import annotations

import asyncio
import warnings
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from harvest_duck.catalog.model import Limit
from harvest_duck.diagnosis import machine_probes, sign_in_probes
from harvest_duck.diagnosis.facts import Connected, Facts, Outcome
from harvest_duck.diagnosis.harvest_probes import Asked, accounts_in, asked, credential_of
from harvest_duck.diagnosis.network_probes import way_to
from harvest_duck.diagnosis.report import report
from harvest_duck.errors import CredentialsError
from harvest_duck.http.ratelimit.shared import UnsharedLimitWarning
from harvest_duck.http.retry import pause_s
from harvest_duck.runtime import loop
from harvest_duck.text import one_line

if TYPE_CHECKING:
    from harvest_duck.auth import Credential
    from harvest_duck.connection import Connection
    from harvest_duck.diagnosis.facts import Store
    from harvest_duck.diagnosis.model import Report


def examine(connection: str, *, version: str, offline: bool = False) -> Report:
    """Return the report about a connection string, and about the machine that uses it with a `version` of ours.

    Sends a request to Harvest ID, and to the API one for the user and one for a record of each endpoint; a refresh
    before them where the sign-in is due; nothing if `offline`. What goes wrong is a finding and no error. Nobody is
    asked to sign in.
    """
    with warnings.catch_warnings():
        # It is a finding.
        warnings.simplefilter("ignore", UnsharedLimitWarning)
        return report(loop.run(_facts(connection, version, offline=offline)))


async def _facts(text: str, version: str, *, offline: bool) -> Facts:
    versions, spaces = machine_probes.versions(version), await machine_probes.spaces()
    sources, connection = machine_probes.configuration(text)
    facts = Facts(datetime.now(UTC), offline, versions, sources, spaces)
    if connection is None:
        return facts
    requests: list[str] = []
    try:
        connected = await _connected(connection, requests, offline=offline)
    except Exception as error:  # noqa: BLE001 - what nobody thought of is a finding too
        return replace(facts, fault=type(error).__name__, requests=tuple(requests))
    return replace(facts, connected=connected, requests=tuple(requests))


async def _connected(connection: Connection, requests: list[str], *, offline: bool) -> Connected:
    store, before = await sign_in_probes.store(connection)
    found = Connected(every=connection.account_id == "*", store=store)
    error, credential = None, None
    try:
        found = replace(found, wanted=connection.require_accounts())
    except CredentialsError as failure:
        found = replace(found, unnamed=one_line(str(failure)))
    try:
        credential = _credential(connection, store)
    except CredentialsError as failure:
        error = one_line(str(failure))
    if not offline:
        found, answers = await _asked(found, connection, credential, requests)
        error = error or (one_line(str(answers.error)) if answers.error else None)
    after = (await sign_in_probes.store(connection))[1]
    token = sign_in_probes.token(connection, before, after)
    limits = await sign_in_probes.limits(connection, credential)
    if found.me is not None and found.me.outcome is Outcome.LIMITED:
        # The shared record learns of it a moment later.
        limits = replace(limits, paused_s=max(limits.paused_s, pause_s(Limit.GENERAL, found.me.retry_after_s)))
    if credential is not None:
        await credential.aclose()
    return replace(found, token=replace(token, error=error), limits=limits)


def _credential(connection: Connection, store: Store | None) -> Credential:
    """Return the credential; raises `CredentialsError` where there is none, or a refreshed token would be lost."""
    credential = credential_of(connection)
    if store is not None and (store.unreadable or store.unwritable):
        raise CredentialsError("no token was looked for, since the store of sign-ins cannot be used: see its check")
    return credential


async def _asked(
    found: Connected, connection: Connection, credential: Credential | None, requests: list[str]
) -> tuple[Connected, Asked]:
    """Return what the ways to both hosts are like, and what Harvest answers where they can be gone."""
    api, authority = await asyncio.gather(
        way_to(connection.base_url, connection), way_to(connection.id_url, connection)
    )
    found, answers = replace(found, api=api, id=authority), Asked()
    if credential is not None:
        first = found.wanted[0] if found.wanted else None
        id_host, api_host = authority.failed is None, api.failed is None
        answers = await asked(connection, credential, first, id_host=id_host, api_host=api_host)
    requests += answers.requests
    reached = accounts_in(answers.accounts)
    found = replace(found, accounts=answers.accounts, reached=reached, me=answers.me, samples=answers.samples)
    return found, answers
