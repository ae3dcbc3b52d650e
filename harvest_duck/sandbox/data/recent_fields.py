"""The fields that Harvest's answers have had only for some time; an account can be one that does not have them yet."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harvest_duck.sandbox.data.profile import AccountProfile
    from harvest_duck.sandbox.wire import Record

# Of six people, the position of the one who may sign in without SAML, and of the one without a number.
_EXEMPT, _UNNUMBERED = 0, 4
_RECIPIENTS = ("recipient", "cc", "none", "recipient", "bcc")


def add_recent_fields(profile: AccountProfile, tables: dict[str, list[Record]]) -> None:
    """Add the fields to the records of an account."""
    for contact, status in zip(tables["contacts"], cycle(_RECIPIENTS), strict=False):
        contact["invoice_recipient_status"] = status
    for position, user in enumerate(tables["users"]):
        user["saml_exempt"] = position % 6 == _EXEMPT
        user["employee_id"] = None if position % 6 == _UNNUMBERED else f"HV-{position + 1:03}"
    for company in tables["company"]:
        company |= {
            "currency": profile.currency,
            "saml_sign_in_required": False,
            "day_entry_notes_required": False,
        }
    for project in tables["projects"]:
        project["currency"] = project["client"]["currency"]
    for table in ("time_entries", "expenses"):
        for record in tables[table]:
            # What an invoice locks, nobody locked by hand.
            record["is_explicitly_locked"] = record["is_locked"] and record["invoice"] is None
