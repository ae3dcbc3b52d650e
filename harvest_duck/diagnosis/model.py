"""The findings of an examination, and the report that they make."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

#: The name of the form of `Report.record`; a change that a program could notice changes it.
FORMAT = "harvest_duck doctor 1"


class Status(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


class Check(StrEnum):
    """The checks, in the order in which they are reported."""

    VERSIONS = "versions"
    CONFIGURATION = "configuration"
    NETWORK = "network"
    PROXY = "proxy"
    TOKEN = "token"  # noqa: S105 - the name of a check
    ACCOUNT = "account"
    ROLE = "role"
    FIELDS = "fields"
    CLOCK = "clock"
    LIMITS = "limits"
    STORE = "store"
    DISK = "disk"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, what that means, and what to do; the last two are empty where there is nothing to say.

    No text holds a secret. `subject` is the host of a check that is made for each host.
    """

    check: Check
    status: Status
    found: str
    meaning: str = ""
    remedy: str = ""
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The findings, in the order of the checks, and the requests that were sent to get them."""

    findings: tuple[Finding, ...]
    requests: tuple[str, ...] = ()

    def count(self, status: Status) -> int:
        """Return how many findings have the status."""
        return sum(finding.status is status for finding in self.findings)

    @property
    def healthy(self) -> bool:
        """Whether nothing failed; a warning is no failure."""
        return not self.count(Status.FAILED)

    @property
    def record(self) -> dict[str, Any]:
        """The report as values of JSON."""
        return {
            "format": FORMAT,
            "healthy": self.healthy,
            "checks": [asdict(finding) for finding in self.findings],
            "requests": list(self.requests),
        }


def parted(error: str) -> tuple[str, str]:
    """Return what happened and what to do, as sentences, from the one line of an error; the latter may be empty."""
    found, colon, advice = error.rpartition(": ")
    return (found, f"{advice[:1].upper()}{advice[1:]}.") if colon else (error, "")


def skipped(check: Check, reason: str, subject: str | None = None) -> Finding:
    """Return the finding of a check that has no ground to stand on."""
    return Finding(check, Status.SKIPPED, f"not checked: {reason}", subject=subject)
