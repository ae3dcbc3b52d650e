"""Answers that are one object and no list: the company, the caller, a message template, and the accounts of a token."""

from __future__ import annotations

from harvest_duck.sandbox.api.filters import parse_boolean, single
from harvest_duck.sandbox.api.permissions import INVOICE_PERMISSIONS, administrator, permitted
from harvest_duck.sandbox.api.routing import Answer, Routes, Visit, require
from harvest_duck.sandbox.data.account import message_template
from harvest_duck.sandbox.grants import Grant, account_records
from harvest_duck.sandbox.wire import Refusal


def add_singletons(routes: Routes) -> None:
    """Teach `routes` the paths of single objects."""
    routes.add("/company", _company)
    routes.add("/users/me", _me)
    routes.add("/invoices/{invoice_id}/messages/new", _template)


def _company(visit: Visit) -> Answer:
    """The settings of the account; for administrators, as the documentation's heading has it."""
    require(administrator, visit.viewer)
    return visit.account.records("company")[0]


def _me(visit: Visit) -> Answer:
    """The caller."""
    return visit.viewer.view("users", visit.viewer.user)


def _template(visit: Visit) -> Answer:
    """The text proposed for a message about an invoice."""
    # https://help.getharvest.com/api-v2/invoices-api/invoices/invoice-messages/
    require(permitted(*INVOICE_PERMISSIONS), visit.viewer)
    invoice = visit.account.shelf("invoices").by_id.get(visit.ids["invoice_id"])
    if invoice is None:
        raise Refusal(404, "Not Found")
    chosen = {}
    for name in ("thank_you", "reminder"):
        text = single(visit.query, name)
        chosen[name] = text is not None and parse_boolean(name, text)
    return message_template(invoice, **chosen)


def identity(grant: Grant, names: dict[int, str]) -> Answer:
    """What the ID host tells about a token: its person and their accounts."""
    # https://help.getharvest.com/api-v2/authentication-api/authentication/authentication/
    return {"user": grant.person, "accounts": account_records(grant, names)}
