"""Estimates: offers to clients, their lines, the mails that carried them, and the kinds of line."""

from __future__ import annotations

from harvest_duck.catalog import columns as col
from harvest_duck.catalog.model import BIGINT, BOOLEAN, DECIMAL, VARCHAR, Origin, Paging, Parent, StructOf, Table

_PERMISSION = "administrator, or manager with estimates_manager"
_STATES = ("draft", "sent", "accepted", "declined")

ESTIMATES = Table(
    name="estimates",
    description="An offer to a client: what the work would cost",
    path="/estimates",
    body_key="estimates",
    retrieve="/estimates/{id}",
    paging=Paging.PAGE,
    own_columns=(
        col.identity("estimate"),
        *col.CLIENT,
        *col.nested(
            "creator",
            col.integer("id", "User who wrote the estimate", references="users.id"),
            col.text("name", "First and last name of the user who wrote the estimate"),
        ),
        col.text(
            "client_key", "Unguessable part of the URL under which the client sees the estimate; treat as a secret"
        ),
        col.text("number", "Number of the estimate as the client sees it; text, may carry letters"),
        col.text("purchase_order", "Purchase order number of the client"),
        col.money("amount", "Total, after discount and with taxes"),
        col.percent("tax", "First tax, in percent of the taxed lines; NULL where none applies"),
        col.money("tax_amount", "First tax, as an amount contained in the total"),
        col.percent("tax2", "Second tax, in percent of the lines it taxes; NULL where none applies"),
        col.money("tax2_amount", "Second tax, as an amount contained in the total"),
        col.percent("discount", "Discount, in percent of the subtotal; NULL where none is given"),
        col.money("discount_amount", "Discount, as an amount already taken off the total"),
        col.text("subject", "Heading of the estimate"),
        col.text("notes", "Free text printed on the estimate"),
        col.text("currency", "ISO 4217 code of the currency of every amount of the estimate"),
        col.text("state", "How far the offer has come", values=_STATES),
        col.date("issue_date", "Day the estimate bears; can be NULL"),
        col.timestamp("sent_at", "When the estimate was sent, in UTC; NULL for a draft"),
        col.timestamp("accepted_at", "When the client accepted, in UTC; NULL unless it did"),
        col.timestamp("declined_at", "When the client declined, in UTC; NULL unless it did"),
        *col.timestamps("estimate"),
        col.array(
            "line_items",
            StructOf(
                (
                    ("id", BIGINT),
                    ("kind", VARCHAR),
                    ("description", VARCHAR),
                    ("quantity", DECIMAL),
                    ("unit_price", DECIMAL),
                    ("amount", DECIMAL),
                    ("taxed", BOOLEAN),
                    ("taxed2", BOOLEAN),
                )
            ),
            "The lines of the estimate; estimate_line_items has them as rows",
        ),
    ),
    params=(col.equal("client_id"), col.UPDATED_SINCE, *col.between("issue_date"), col.equal("state", values=_STATES)),
    permission=_PERMISSION,
    docs="https://help.getharvest.com/api-v2/estimates-api/estimates/estimates/",
)

ESTIMATE_LINE_ITEMS = Table(
    name="estimate_line_items",
    description="A line of an estimate: so many units of something at a price",
    path="/estimates",
    body_key="estimates",
    items="line_items",
    retrieve="/estimates/{estimate_id}",
    paging=Paging.PAGE,
    own_columns=(
        *col.enclosing(
            "estimate", col.integer("id", "Estimate that holds the line", key=True, references="estimates.id")
        ),
        col.identity("line"),
        col.text("kind", "Name of the item category of the line, not its id"),
        col.text("description", "What is offered"),
        col.quantity("quantity", "How many units are offered"),
        col.money("unit_price", "Price of one unit, in the currency of the estimate"),
        col.money("amount", "Quantity times unit price, before discount and taxes"),
        col.boolean("taxed", "Whether the first tax applies to the line"),
        col.boolean("taxed2", "Whether the second tax applies to the line"),
        *col.enclosing(
            "estimate",
            col.integer("client_id", "Client the estimate is for", at="client.id", references="clients.id"),
            col.date("issue_date", "Day the estimate bears; can be NULL"),
            col.text("state", "How far the offer has come", values=_STATES),
            col.timestamp("updated_at", "When the estimate last changed, in UTC"),
        ),
    ),
    params=(
        col.equal("client_id", column="estimate_client_id"),
        col.since("estimate_updated_at"),
        *col.between("estimate_issue_date"),
        col.equal("state", column="estimate_state", values=_STATES),
    ),
    permission=_PERMISSION,
    docs="https://help.getharvest.com/api-v2/estimates-api/estimates/estimates/",
)

ESTIMATE_MESSAGES = Table(
    name="estimate_messages",
    description="A mail that carried an estimate, or an event in its life",
    path="/estimates/{estimate_id}/messages",
    body_key="estimate_messages",
    paging=Paging.CURSOR,
    parent=Parent(table="estimates", column="id", param="estimate_id"),
    own_columns=(
        col.integer("estimate_id", "Estimate the message is about", origin=Origin.PATH, references="estimates.id"),
        col.identity("message"),
        col.text("sent_by", "Name of the user who caused the message"),
        col.text("sent_by_email", "Mail address of the user who caused the message"),
        col.text("sent_from", "Name the mail shows as its sender"),
        col.text("sent_from_email", "Mail address the mail shows as its sender"),
        col.text("subject", "Subject line of the mail"),
        col.text("body", "Text of the mail; NULL for an event without one"),
        col.boolean("send_me_a_copy", "Whether the sender received a copy"),
        col.text(
            "event_type",
            "What happened to the estimate; NULL for an ordinary mail",
            values=("send", "accept", "decline", "re-open", "view", "invoice"),
        ),
        *col.timestamps("message"),
        col.array("recipients", StructOf((("name", VARCHAR), ("email", VARCHAR))), "Everyone the mail went to"),
    ),
    params=(col.UPDATED_SINCE,),
    permission=_PERMISSION,
    docs="https://help.getharvest.com/api-v2/estimates-api/estimates/estimate-messages/",
)

ESTIMATE_ITEM_CATEGORIES = Table(
    name="estimate_item_categories",
    description="A kind of line that estimates may have, such as Service or Product",
    path="/estimate_item_categories",
    body_key="estimate_item_categories",
    retrieve="/estimate_item_categories/{id}",
    paging=Paging.CURSOR,
    own_columns=(
        col.identity("estimate item category"),
        col.text("name", "Name of the category, which estimate lines carry as their kind"),
        *col.timestamps("category"),
    ),
    params=(col.UPDATED_SINCE,),
    permission="administrator",
    docs="https://help.getharvest.com/api-v2/estimates-api/estimates/estimate-item-categories/",
)
