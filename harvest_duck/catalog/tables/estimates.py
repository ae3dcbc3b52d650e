"""Estimates: offers to clients, their lines, the mails that carried them, and the kinds of line."""

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
        identity("estimate"),
        *CLIENT,
        *nested(
            "creator",
            integer("id", "User who wrote the estimate", references="users.id"),
            text("name", "First and last name of the user who wrote the estimate"),
        ),
        text("client_key", "Unguessable part of the URL under which the client sees the estimate; treat as a secret"),
        text("number", "Number of the estimate as the client sees it; text, may carry letters"),
        text("purchase_order", "Purchase order number of the client"),
        money("amount", "Total, after discount and with taxes"),
        percent("tax", "First tax, in percent of the taxed lines; NULL where none applies"),
        money("tax_amount", "First tax, as an amount contained in the total"),
        percent("tax2", "Second tax, in percent of the lines it taxes; NULL where none applies"),
        money("tax2_amount", "Second tax, as an amount contained in the total"),
        percent("discount", "Discount, in percent of the subtotal; NULL where none is given"),
        money("discount_amount", "Discount, as an amount already taken off the total"),
        text("subject", "Heading of the estimate"),
        text("notes", "Free text printed on the estimate"),
        text("currency", "ISO 4217 code of the currency of every amount of the estimate"),
        text("state", "How far the offer has come", values=_STATES),
        date("issue_date", "Day the estimate bears; can be NULL"),
        timestamp("sent_at", "When the estimate was sent, in UTC; NULL for a draft"),
        timestamp("accepted_at", "When the client accepted, in UTC; NULL unless it did"),
        timestamp("declined_at", "When the client declined, in UTC; NULL unless it did"),
        *timestamps("estimate"),
        array(
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
    params=(equal("client_id"), UPDATED_SINCE, *between("issue_date"), equal("state", values=_STATES)),
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
        *enclosing("estimate", integer("id", "Estimate that holds the line", key=True, references="estimates.id")),
        identity("line"),
        text("kind", "Name of the item category of the line, not its id"),
        text("description", "What is offered"),
        quantity("quantity", "How many units are offered"),
        money("unit_price", "Price of one unit, in the currency of the estimate"),
        money("amount", "Quantity times unit price, before discount and taxes"),
        boolean("taxed", "Whether the first tax applies to the line"),
        boolean("taxed2", "Whether the second tax applies to the line"),
        *enclosing(
            "estimate",
            integer("client_id", "Client the estimate is for", at="client.id", references="clients.id"),
            date("issue_date", "Day the estimate bears; can be NULL"),
            text("state", "How far the offer has come", values=_STATES),
            timestamp("updated_at", "When the estimate last changed, in UTC"),
        ),
    ),
    params=(
        equal("client_id", column="estimate_client_id"),
        since("estimate_updated_at"),
        *between("estimate_issue_date"),
        equal("state", column="estimate_state", values=_STATES),
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
        integer("estimate_id", "Estimate the message is about", origin=Origin.PATH, references="estimates.id"),
        identity("message"),
        text("sent_by", "Name of the user who caused the message"),
        text("sent_by_email", "Mail address of the user who caused the message"),
        text("sent_from", "Name the mail shows as its sender"),
        text("sent_from_email", "Mail address the mail shows as its sender"),
        text("subject", "Subject line of the mail"),
        text("body", "Text of the mail; NULL for an event without one"),
        boolean("send_me_a_copy", "Whether the sender received a copy"),
        text(
            "event_type",
            "What happened to the estimate; NULL for an ordinary mail",
            values=("send", "accept", "decline", "re-open", "view", "invoice"),
        ),
        *timestamps("message"),
        array("recipients", StructOf((("name", VARCHAR), ("email", VARCHAR))), "Everyone the mail went to"),
    ),
    params=(UPDATED_SINCE,),
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
        identity("estimate item category"),
        text("name", "Name of the category, which estimate lines carry as their kind"),
        *timestamps("category"),
    ),
    params=(UPDATED_SINCE,),
    permission="administrator",
    docs="https://help.getharvest.com/api-v2/estimates-api/estimates/estimate-item-categories/",
)
