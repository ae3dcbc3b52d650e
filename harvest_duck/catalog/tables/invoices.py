"""Invoices: bills to clients, their lines, the mails about them, and the payments they met."""

from __future__ import annotations

from harvest_duck.catalog.columns import (
    CLIENT,
    UPDATED_SINCE,
    array,
    between,
    boolean,
    date,
    enclosing,
    equal,
    identity,
    integer,
    money,
    nested,
    percent,
    quantity,
    since,
    text,
    timestamp,
    timestamps,
)
from harvest_duck.catalog.model import BIGINT, BOOLEAN, DECIMAL, VARCHAR, Origin, Paging, Parent, StructOf, Table

# Managers see the invoices of projects that they manage:
# https://support.getharvest.com/hc/en-us/articles/4670090487309-New-permissions-What-changed-with-the-API-
_PERMISSION = "administrator, or manager with managed_projects_invoice_drafter or managed_projects_invoice_manager"
_STATES = ("draft", "open", "paid", "closed")
_INVOICE = Parent(table="invoices", column="id", param="invoice_id")

INVOICES = Table(
    name="invoices",
    description="A bill to a client: what is owed for work and expenses",
    path="/invoices",
    body_key="invoices",
    retrieve="/invoices/{id}",
    paging=Paging.PAGE,
    own_columns=(
        identity("invoice"),
        *CLIENT,
        integer(
            "estimate_id",
            "Estimate the invoice was made from; NULL otherwise",
            at="estimate.id",
            references="estimates.id",
        ),
        integer("retainer_id", "Retainer the invoice belongs to; no table lists retainers", at="retainer.id"),
        *nested(
            "creator",
            integer("id", "User who wrote the invoice", references="users.id"),
            text("name", "First and last name of the user who wrote the invoice"),
        ),
        text("client_key", "Unguessable part of the URL under which the client sees the invoice; treat as a secret"),
        text("number", "Number of the invoice as the client sees it; text, may carry letters"),
        text("purchase_order", "Purchase order number of the client"),
        money("amount", "Total, after discount and with taxes"),
        money("due_amount", "What is still unpaid; 0 once paid in full"),
        percent("tax", "First tax, in percent of the taxed lines; NULL where none applies"),
        money("tax_amount", "First tax, as an amount contained in the total"),
        percent("tax2", "Second tax, in percent of the lines it taxes; NULL where none applies"),
        money("tax2_amount", "Second tax, as an amount contained in the total"),
        percent("discount", "Discount, in percent of the subtotal; NULL where none is given"),
        money("discount_amount", "Discount, as an amount already taken off the total"),
        text("subject", "Heading of the invoice"),
        text("notes", "Free text printed on the invoice"),
        text("currency", "ISO 4217 code of the currency of every amount of the invoice"),
        text("state", "How far the bill has come; closed means written off", values=_STATES),
        date("period_start", "First day of the work billed; NULL unless made from tracked time and expenses"),
        date("period_end", "Last day of the work billed; NULL unless made from tracked time and expenses"),
        date("issue_date", "Day the invoice bears"),
        date("due_date", "Day payment is due"),
        text(
            "payment_term",
            "How long the client has to pay, in days after the issue date",
            values=("upon receipt", "net 15", "net 30", "net 45", "net 60", "custom"),
        ),
        array(
            "payment_options",
            VARCHAR,
            "Ways in which the client may pay online; NULL where Harvest leaves it out",
            values=("ach", "credit_card", "paypal"),
        ),
        timestamp("sent_at", "When the invoice was sent, in UTC; NULL for a draft"),
        timestamp("paid_at", "When the invoice was paid in full, in UTC; NULL until then"),
        date("paid_date", "Day the invoice was paid in full; NULL until then"),
        timestamp("closed_at", "When the invoice was written off, in UTC; NULL unless it was"),
        integer("recurring_invoice_id", "Recurring invoice that made this one; no table lists those"),
        *timestamps("invoice"),
        array(
            "line_items",
            StructOf(
                (
                    ("id", BIGINT),
                    ("project", StructOf((("id", BIGINT), ("name", VARCHAR), ("code", VARCHAR)))),
                    ("kind", VARCHAR),
                    ("description", VARCHAR),
                    ("quantity", DECIMAL),
                    ("unit_price", DECIMAL),
                    ("amount", DECIMAL),
                    ("taxed", BOOLEAN),
                    ("taxed2", BOOLEAN),
                )
            ),
            "The lines of the invoice; invoice_line_items has them as rows",
        ),
    ),
    params=(equal("client_id"), UPDATED_SINCE, *between("issue_date"), equal("state", values=_STATES)),
    permission=_PERMISSION,
    narrowed=True,
    docs="https://help.getharvest.com/api-v2/invoices-api/invoices/invoices/",
)

INVOICE_LINE_ITEMS = Table(
    name="invoice_line_items",
    description="A line of an invoice: so many units of something at a price",
    path="/invoices",
    body_key="invoices",
    items="line_items",
    retrieve="/invoices/{invoice_id}",
    paging=Paging.PAGE,
    own_columns=(
        *enclosing("invoice", integer("id", "Invoice that holds the line", key=True, references="invoices.id")),
        identity("line"),
        integer(
            "project_id", "Project the line bills; NULL on a free-form line", at="project.id", references="projects.id"
        ),
        text("project_name", "Name of the project the line bills", at="project.name"),
        text("project_code", "Short code of the project the line bills", at="project.code"),
        text("kind", "Name of the item category of the line, not its id"),
        text("description", "What is billed"),
        quantity("quantity", "How many units are billed; hours, where the line bills time"),
        money("unit_price", "Price of one unit, in the currency of the invoice"),
        money("amount", "Quantity times unit price, before discount and taxes"),
        boolean("taxed", "Whether the first tax applies to the line"),
        boolean("taxed2", "Whether the second tax applies to the line"),
        *enclosing(
            "invoice",
            integer("client_id", "Client the invoice is for", at="client.id", references="clients.id"),
            date("issue_date", "Day the invoice bears"),
            text("state", "How far the bill has come", values=_STATES),
            timestamp("updated_at", "When the invoice last changed, in UTC"),
        ),
    ),
    params=(
        equal("client_id", column="invoice_client_id"),
        equal("project_id", exact=False),
        since("invoice_updated_at"),
        *between("invoice_issue_date"),
        equal("state", column="invoice_state", values=_STATES),
    ),
    permission=_PERMISSION,
    narrowed=True,
    docs="https://help.getharvest.com/api-v2/invoices-api/invoices/invoices/",
)

INVOICE_MESSAGES = Table(
    name="invoice_messages",
    description="A mail that carried an invoice, or an event in its life",
    path="/invoices/{invoice_id}/messages",
    body_key="invoice_messages",
    paging=Paging.CURSOR,
    parent=_INVOICE,
    own_columns=(
        integer("invoice_id", "Invoice the message is about", origin=Origin.PATH, references="invoices.id"),
        identity("message"),
        text("sent_by", "Name of the user who caused the message"),
        text("sent_by_email", "Mail address of the user who caused the message"),
        text("sent_from", "Name the mail shows as its sender"),
        text("sent_from_email", "Mail address the mail shows as its sender"),
        text("subject", "Subject line of the mail"),
        text("body", "Text of the mail; NULL for an event without one"),
        boolean("include_link_to_client_invoice", "Whether the mail links to the client's view", deprecated=True),
        boolean("attach_pdf", "Whether the invoice is attached as a PDF"),
        boolean("send_me_a_copy", "Whether the sender received a copy"),
        boolean("thank_you", "Whether the mail thanks for a payment"),
        text(
            "event_type",
            "What happened to the invoice; NULL for an ordinary mail, and others than these may come",
            values=("close", "draft", "re-open", "send"),
        ),
        boolean("reminder", "Whether the mail reminds of a payment that is due"),
        date("send_reminder_on", "Day a reminder is to go out; NULL where none is planned"),
        *timestamps("message"),
        array("recipients", StructOf((("name", VARCHAR), ("email", VARCHAR))), "Everyone the mail went to"),
    ),
    params=(UPDATED_SINCE,),
    permission=_PERMISSION,
    narrowed=True,
    docs="https://help.getharvest.com/api-v2/invoices-api/invoices/invoice-messages/",
)

INVOICE_MESSAGE_TEMPLATES = Table(
    name="invoice_message_templates",
    description="The mail that Harvest would propose for an invoice: plain, as a reminder, or as thanks",
    path="/invoices/{invoice_id}/messages/new",
    body_key=None,
    paging=Paging.NONE,
    parent=_INVOICE,
    variants=({}, {"reminder": "true"}, {"thank_you": "true"}),
    own_columns=(
        integer(
            "invoice_id", "Invoice the mail would be about", origin=Origin.PATH, key=True, references="invoices.id"
        ),
        text("subject", "Proposed subject line, with the invoice's values filled in"),
        text("body", "Proposed text, with the invoice's values filled in"),
        boolean("reminder", "Whether this is the mail that reminds of a payment", origin=Origin.INPUT, key=True),
        boolean("thank_you", "Whether this is the mail that thanks for a payment", origin=Origin.INPUT, key=True),
    ),
    params=(equal("thank_you"), equal("reminder")),
    permission=_PERMISSION,
    narrowed=True,
    docs="https://help.getharvest.com/api-v2/invoices-api/invoices/invoice-messages/",
)

INVOICE_PAYMENTS = Table(
    name="invoice_payments",
    description="Money received for an invoice, in part or in full",
    path="/invoices/{invoice_id}/payments",
    body_key="invoice_payments",
    paging=Paging.CURSOR,
    parent=_INVOICE,
    own_columns=(
        integer("invoice_id", "Invoice the payment is for", origin=Origin.PATH, references="invoices.id"),
        identity("payment"),
        money("amount", "What was paid, in the currency of the invoice"),
        timestamp("paid_at", "When the payment was made, in UTC"),
        date("paid_date", "Day the payment was made"),
        text("recorded_by", "Name of the person who entered the payment"),
        text("recorded_by_email", "Mail address of the person who entered the payment"),
        text("notes", "Free text about the payment"),
        text("transaction_id", "Id of the transaction at the card or bank service; NULL for one entered by hand"),
        integer(
            "payment_gateway_id", "Service that took the payment; NULL for one entered by hand", at="payment_gateway.id"
        ),
        text("payment_gateway_name", "Name of the service that took the payment", at="payment_gateway.name"),
        *timestamps("payment"),
    ),
    params=(UPDATED_SINCE,),
    permission=_PERMISSION,
    narrowed=True,
    docs="https://help.getharvest.com/api-v2/invoices-api/invoices/invoice-payments/",
)

INVOICE_ITEM_CATEGORIES = Table(
    name="invoice_item_categories",
    description="A kind of line that invoices may have, such as Service or Product",
    path="/invoice_item_categories",
    body_key="invoice_item_categories",
    retrieve="/invoice_item_categories/{id}",
    paging=Paging.CURSOR,
    own_columns=(
        identity("invoice item category"),
        text("name", "Name of the category, which invoice lines carry as their kind"),
        boolean("use_as_service", "Whether billed hours become lines of this kind"),
        boolean("use_as_expense", "Whether billed expenses become lines of this kind"),
        *timestamps("category"),
    ),
    params=(UPDATED_SINCE,),
    permission="administrator, or project manager",
    docs="https://help.getharvest.com/api-v2/invoices-api/invoices/invoice-item-categories/",
)
