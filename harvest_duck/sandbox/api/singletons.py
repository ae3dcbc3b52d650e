"""Responses that are one object: the company, the user, a message template, and the accounts of a token."""

from __future__ import annotations

from harvest_duck.sandbox.api.filters import parse_boolean, single_value
from harvest_duck.sandbox.api.permissions import INVOICE_PERMISSIONS, administrator, permitted
from harvest_duck.sandbox.api.routing import Answer, RequestContext, Routes, require
from harvest_duck.sandbox.data.account_state import message_template
from harvest_duck.sandbox.grants import Grant, account_records
from harvest_duck.sandbox.wire import Refusal


def add_singletons(routes: Routes) -> None:
    """Add the routes of single objects."""
    routes.add("/company", _company)
    routes.add("/users/me", _me)
    routes.add("/invoices/{invoice_id}/messages/new", _template)


def _company(context: RequestContext) -> Answer:
    """Return the settings of the account; for administrators, as the heading of the documentation says."""
    require(administrator, context.viewer)
    return context.account.records("company")[0]


def _me(context: RequestContext) -> Answer:
    """Return the user of the token."""
    return context.viewer.view("users", context.viewer.user)


def _template(context: RequestContext) -> Answer:
    """Return the text proposed for a message about an invoice."""
    # https://help.getharvest.com/api-v2/invoices-api/invoices/invoice-messages/
    require(permitted(*INVOICE_PERMISSIONS), context.viewer)
    invoice = context.account.index("invoices").by_id.get(context.ids["invoice_id"])
    if invoice is None:
        raise Refusal(404, "Not Found")
    chosen = {}
    for name in ("thank_you", "reminder"):
        text = single_value(context.query, name)
        chosen[name] = text is not None and parse_boolean(name, text)
    return message_template(invoice, **chosen)


def accounts_of_token(grant: Grant, names: dict[int, str]) -> Answer:
    """Return what the ID host knows about a token: its person and their accounts."""
    # https://help.getharvest.com/api-v2/authentication-api/authentication/authentication/
    return {"user": grant.person, "accounts": account_records(grant, names)}
