"""Invoices: bills to clients, their lines, the mails about them, and the payments they met."""

from __future__ import annotations

from harvest_duck.catalog import columns as col
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
        col.identity("invoice"),
        *col.CLIENT,
        col.integer(
            "estimate_id",
            "Estimate the invoice was made from; NULL otherwise",
            at="estimate.id",
            references="estimates.id",
        ),
        col.integer("retainer_id", "Retainer the invoice belongs to; no table lists retainers", at="retainer.id"),
        *col.nested(
            "creator",
            col.integer("id", "User who wrote the invoice", references="users.id"),
            col.text("name", "First and last name of the user who wrote the invoice"),
        ),
        col.text(
            "client_key", "Unguessable part of the URL under which the client sees the invoice; treat as a secret"
        ),
        col.text("number", "Number of the invoice as the client sees it; text, may carry letters"),
        col.text("purchase_order", "Purchase order number of the client"),
        col.money("amount", "Total, after discount and with taxes"),
        col.money("due_amount", "What is still unpaid; 0 once paid in full"),
        col.percent("tax", "First tax, in percent of the taxed lines; NULL where none applies"),
        col.money("tax_amount", "First tax, as an amount contained in the total"),
        col.percent("tax2", "Second tax, in percent of the lines it taxes; NULL where none applies"),
        col.money("tax2_amount", "Second tax, as an amount contained in the total"),
        col.percent("discount", "Discount, in percent of the subtotal; NULL where none is given"),
        col.money("discount_amount", "Discount, as an amount already taken off the total"),
        col.text("subject", "Heading of the invoice"),
        col.text("notes", "Free text printed on the invoice"),
        col.text("currency", "ISO 4217 code of the currency of every amount of the invoice"),
        col.text("state", "How far the bill has come; closed means written off", values=_STATES),
        col.date("period_start", "First day of the work billed; NULL unless made from tracked time and expenses"),
        col.date("period_end", "Last day of the work billed; NULL unless made from tracked time and expenses"),
        col.date("issue_date", "Day the invoice bears"),
        col.date("due_date", "Day payment is due"),
        col.text(
            "payment_term",
            "How long the client has to pay, in days after the issue date",
            values=("upon receipt", "net 15", "net 30", "net 45", "net 60", "custom"),
        ),
        col.array(
            "payment_options",
            VARCHAR,
            "Ways in which the client may pay online; NULL where Harvest leaves it out",
            values=("ach", "credit_card", "paypal"),
        ),
        col.timestamp("sent_at", "When the invoice was sent, in UTC; NULL for a draft"),
        col.timestamp("paid_at", "When the invoice was paid in full, in UTC; NULL until then"),
        col.date("paid_date", "Day the invoice was paid in full; NULL until then"),
        col.timestamp("closed_at", "When the invoice was written off, in UTC; NULL unless it was"),
        col.integer("recurring_invoice_id", "Recurring invoice that made this one; no table lists those"),
        *col.timestamps("invoice"),
        col.array(
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
    params=(col.equal("client_id"), col.UPDATED_SINCE, *col.between("issue_date"), col.equal("state", values=_STATES)),
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
        *col.enclosing("invoice", col.integer("id", "Invoice that holds the line", key=True, references="invoices.id")),
        col.identity("line"),
        col.integer(
            "project_id", "Project the line bills; NULL on a free-form line", at="project.id", references="projects.id"
        ),
        col.text("project_name", "Name of the project the line bills", at="project.name"),
        col.text("project_code", "Short code of the project the line bills", at="project.code"),
        col.text("kind", "Name of the item category of the line, not its id"),
        col.text("description", "What is billed"),
        col.quantity("quantity", "How many units are billed; hours, where the line bills time"),
        col.money("unit_price", "Price of one unit, in the currency of the invoice"),
        col.money("amount", "Quantity times unit price, before discount and taxes"),
        col.boolean("taxed", "Whether the first tax applies to the line"),
        col.boolean("taxed2", "Whether the second tax applies to the line"),
        *col.enclosing(
            "invoice",
            col.integer("client_id", "Client the invoice is for", at="client.id", references="clients.id"),
            col.date("issue_date", "Day the invoice bears"),
            col.text("state", "How far the bill has come", values=_STATES),
            col.timestamp("updated_at", "When the invoice last changed, in UTC"),
        ),
    ),
    params=(
        col.equal("client_id", column="invoice_client_id"),
        col.equal("project_id", exact=False),
        col.since("invoice_updated_at"),
        *col.between("invoice_issue_date"),
        col.equal("state", column="invoice_state", values=_STATES),
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
        col.integer("invoice_id", "Invoice the message is about", origin=Origin.PATH, references="invoices.id"),
        col.identity("message"),
        col.text("sent_by", "Name of the user who caused the message"),
        col.text("sent_by_email", "Mail address of the user who caused the message"),
        col.text("sent_from", "Name the mail shows as its sender"),
        col.text("sent_from_email", "Mail address the mail shows as its sender"),
        col.text("subject", "Subject line of the mail"),
        col.text("body", "Text of the mail; NULL for an event without one"),
        col.boolean("include_link_to_client_invoice", "Whether the mail links to the client's view", deprecated=True),
        col.boolean("attach_pdf", "Whether the invoice is attached as a PDF"),
        col.boolean("send_me_a_copy", "Whether the sender received a copy"),
        col.boolean("thank_you", "Whether the mail thanks for a payment"),
        col.text(
            "event_type",
            "What happened to the invoice; NULL for an ordinary mail, and others than these may come",
            values=("close", "draft", "re-open", "send"),
        ),
        col.boolean("reminder", "Whether the mail reminds of a payment that is due"),
        col.date("send_reminder_on", "Day a reminder is to go out; NULL where none is planned"),
        *col.timestamps("message"),
        col.array("recipients", StructOf((("name", VARCHAR), ("email", VARCHAR))), "Everyone the mail went to"),
    ),
    params=(col.UPDATED_SINCE,),
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
        col.integer(
            "invoice_id", "Invoice the mail would be about", origin=Origin.PATH, key=True, references="invoices.id"
        ),
        col.text("subject", "Proposed subject line, with the invoice's values filled in"),
        col.text("body", "Proposed text, with the invoice's values filled in"),
        col.boolean("reminder", "Whether this is the mail that reminds of a payment", origin=Origin.INPUT, key=True),
        col.boolean("thank_you", "Whether this is the mail that thanks for a payment", origin=Origin.INPUT, key=True),
    ),
    params=(col.equal("thank_you"), col.equal("reminder")),
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
        col.integer("invoice_id", "Invoice the payment is for", origin=Origin.PATH, references="invoices.id"),
        col.identity("payment"),
        col.money("amount", "What was paid, in the currency of the invoice"),
        col.timestamp("paid_at", "When the payment was made, in UTC"),
        col.date("paid_date", "Day the payment was made"),
        col.text("recorded_by", "Name of the person who entered the payment"),
        col.text("recorded_by_email", "Mail address of the person who entered the payment"),
        col.text("notes", "Free text about the payment"),
        col.text("transaction_id", "Id of the transaction at the card or bank service; NULL for one entered by hand"),
        col.integer(
            "payment_gateway_id", "Service that took the payment; NULL for one entered by hand", at="payment_gateway.id"
        ),
        col.text("payment_gateway_name", "Name of the service that took the payment", at="payment_gateway.name"),
        *col.timestamps("payment"),
    ),
    params=(col.UPDATED_SINCE,),
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
        col.identity("invoice item category"),
        col.text("name", "Name of the category, which invoice lines carry as their kind"),
        col.boolean("use_as_service", "Whether billed hours become lines of this kind"),
        col.boolean("use_as_expense", "Whether billed expenses become lines of this kind"),
        *col.timestamps("category"),
    ),
    params=(col.UPDATED_SINCE,),
    permission="administrator, or project manager",
    docs="https://help.getharvest.com/api-v2/invoices-api/invoices/invoice-item-categories/",
)
