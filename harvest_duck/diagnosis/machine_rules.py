"""What the facts about this machine mean: versions, configuration, rate limits, sign-ins, free space."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harvest_duck.diagnosis.model import Check, Finding, Status, parted, skipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.diagnosis.facts import Configuration, Limits, Space, Store, Versions

#: The least version of each package and the first that is too new, as in pyproject.toml.
SUPPORTED = {"duckdb": ((1, 4, 1), (3,)), "pyarrow": ((18,), None), "aiohttp": ((3, 12), None)}
#: The releases that the tests run with.
TESTED_DUCKDB, TESTED_PYTHON = ((1, 4), (1, 5), (2, 0)), ((3, 11), (3, 12), (3, 13))
#: Free bytes below which a large query may fail, and below which the shared files may.
_LOW, _FULL = 1 << 30, 1 << 24


def versions(facts: Versions) -> Finding:
    """Return what the versions mean: missing or unsupported packages fail, untested ones are a warning."""
    python = ".".join(map(str, facts.python))
    packages = [f"{name} {version or 'MISSING'}" for name, version in facts.packages.items()]
    found = ", ".join([f"harvest_duck {facts.harvest_duck}", f"Python {python}", *packages]) + f" on {facts.system}"
    wrong = [name for name, version in facts.packages.items() if not _supported(name, version)]
    if wrong:
        wanted = " ".join(f"'{name}{_range(name)}'" for name in wrong)
        return Finding(
            Check.VERSIONS,
            Status.FAILED,
            found,
            f"harvest_duck does not work with this version of {' and '.join(wrong)}.",
            f"python -m pip install {wanted}",
        )
    untested = []
    if facts.python[:2] not in TESTED_PYTHON or facts.implementation != "CPython":
        untested.append(f"{facts.implementation} {python}")
    if _numbers(facts.packages["duckdb"] or "")[:2] not in TESTED_DUCKDB:
        untested.append(f"duckdb {facts.packages['duckdb']}")
    if untested:
        return Finding(
            Check.VERSIONS,
            Status.WARNING,
            found,
            f"harvest_duck is not tested with {' and '.join(untested)}. It may work all the same.",
            f"If something goes wrong, try Python {_listed(TESTED_PYTHON)} with DuckDB {_listed(TESTED_DUCKDB)}.",
        )
    return Finding(Check.VERSIONS, Status.OK, found)


def configuration(facts: Configuration) -> Finding:
    """Return what the sources of the settings mean; an error of them fails, and the rest needs them."""
    if facts.error is not None:
        return Finding(
            Check.CONFIGURATION,
            Status.FAILED,
            facts.error,
            f"No query can run with it. {_sources(facts)}",
            "Correct it. `harvest-duck connections add NAME` writes a connection for you.",
        )
    sources = (("token", facts.token_from), ("OAuth application", facts.application_from))
    named = [f"{what} from {where}" for what, where in sources if where] or ["no token"]
    account = f"account from {facts.account_from}" if facts.account_from else "no AccountId"
    found = f"{', '.join([*named, account])}. {_sources(facts)}"
    if not facts.home:
        return Finding(
            Check.CONFIGURATION,
            Status.WARNING,
            found,
            "This user has no home directory, so no named connection and no sign-in can be kept.",
            "Set HARVEST_DUCK_CONFIG_DIR to a directory of your own.",
        )
    if facts.ineffective:
        return Finding(Check.CONFIGURATION, Status.WARNING, found, f"{'; '.join(facts.ineffective)}.")
    return Finding(Check.CONFIGURATION, Status.OK, found)


def limits(facts: Limits) -> Finding:
    """Return what the record of the rate limit means; where it cannot be shared is a warning."""
    if facts.error is not None:
        return Finding(
            Check.LIMITS,
            Status.WARNING,
            facts.error,
            "Programs that use this token at the same time do not know of each other's requests. Together they may "
            "pass Harvest's limit, and are then answered 429.",
            "Set HARVEST_DUCK_CONFIG_DIR to a directory of your own, or give each program its share by RateLimit.",
        )
    if facts.allowed is None:
        return Finding(
            Check.LIMITS,
            Status.WARNING,
            "RateLimit is off",
            "Nothing keeps queries within Harvest's limit of 100 requests in 15 seconds.",
            "Leave RateLimit out, unless you query the sandbox.",
        )
    used = "" if facts.used is None else f"{facts.used} of {facts.allowed} requests in {facts.window_s:g} s are used; "
    found = f"{used}shared by the programs of this user in {facts.directory}"
    if facts.paused_s:
        return Finding(
            Check.LIMITS,
            Status.WARNING,
            f"no request goes out for {facts.paused_s:.0f} s more, since Harvest answered 429",
            "Something used up the limit of this token: another machine, or a program that is not harvest_duck.",
            "Queries wait by themselves. Give each machine its share by RateLimit, such as RateLimit=50/15.",
        )
    if facts.used is not None and facts.used >= facts.allowed:
        return Finding(Check.LIMITS, Status.WARNING, found, "Queries wait by themselves until there is room.")
    if facts.remote is not None:
        return Finding(
            Check.LIMITS,
            Status.WARNING,
            f"{found}, which is on a file system of another machine ({facts.remote})",
            "Locks are slower there, and not reliable on every such system.",
            "Set HARVEST_DUCK_CONFIG_DIR to a directory of this machine.",
        )
    return Finding(Check.LIMITS, Status.OK, found)


def store(facts: Store | None) -> Finding:
    """Return what the store of sign-ins means; None stands for a connection that stores none."""
    if facts is None:
        return Finding(Check.STORE, Status.OK, "none is needed: this connection stores no sign-in")
    if facts.unreadable is not None:
        found, remedy = parted(facts.unreadable)
        return Finding(
            Check.STORE,
            Status.FAILED,
            found,
            "No sign-in can be read, so no query of this connection can run.",
            f"{remedy} Or set OAuthSettingsLocation to a file, and run `harvest-duck login`.".strip(),
        )
    if facts.unwritable is not None:
        return Finding(
            Check.STORE,
            Status.FAILED,
            f"{facts.where} cannot be written: {facts.unwritable}",
            "A refreshed token could not be stored. Harvest may accept a refresh token only once: the sign-in would be "
            "lost.",
            "Correct the permissions, or set OAuthSettingsLocation to another file.",
        )
    if not facts.sign_ins:
        return Finding(
            Check.STORE,
            Status.WARNING,
            f"{facts.where} holds no sign-in",
            "Nobody has signed in by this application, or somebody signed out.",
            "Run `harvest-duck login`, with the same --connection.",
        )
    return Finding(Check.STORE, Status.OK, f"{facts.where} holds {_count(facts.sign_ins, 'sign-in')}")


def disk(spaces: Sequence[Space]) -> Finding:
    """Return what the free space means: little is a warning, next to none fails."""
    known = [each for each in spaces if each.free is not None]
    if not known:
        return skipped(Check.DISK, "the system does not tell how much space is free")
    found = ", ".join(f"{_size(each.free or 0)} free for {each.what} ({each.directory})" for each in known)
    least = min(each.free or 0 for each in known)
    if least < _LOW:
        return Finding(
            Check.DISK,
            Status.FAILED if least < _FULL else Status.WARNING,
            found,
            "The shared limits and sign-ins may not be stored, and large sorts and joins find no room.",
            "Free some space, or SET temp_directory in DuckDB to another place.",
        )
    return Finding(Check.DISK, Status.OK, found)


def _sources(facts: Configuration) -> str:
    file = f"has {', '.join(facts.names) or 'no connections'}" if facts.exists else "is not there"
    variables = f"; set in the environment: {', '.join(facts.variables)}" if facts.variables else ""
    return f"{facts.path} {file}{variables}."


def _supported(name: str, version: str | None) -> bool:
    if version is None:
        return False
    least, beyond = SUPPORTED[name]
    numbers = _numbers(version)
    return numbers >= least and (beyond is None or numbers < beyond)


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with."""
    found = re.match(r"[0-9]+(?:\.[0-9]+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()


def _range(name: str) -> str:
    least, beyond = SUPPORTED[name]
    return f">={'.'.join(map(str, least))}" + (f",<{'.'.join(map(str, beyond))}" if beyond else "")


def _listed(releases: Sequence[tuple[int, int]]) -> str:
    *most, last = (".".join(map(str, each)) for each in releases)
    return f"{', '.join(most)} or {last}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _size(size: int) -> str:
    return f"{size / (1 << 30):,.1f} GiB" if size >= 1 << 30 else f"{size / (1 << 20):,.0f} MiB"
