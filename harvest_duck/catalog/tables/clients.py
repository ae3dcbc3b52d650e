"""Clients and the people to talk to there."""

from __future__ import annotations

from harvest_duck.catalog.columns import CLIENT, UPDATED_SINCE, boolean, equal, identity, text, timestamps
from harvest_duck.catalog.model import Paging, Table

_PERMISSION = "administrator, or manager with client_and_task_manager"

CLIENTS = Table(
    name="clients",
    description="A company or person that work is done and billed for",
    path="/clients",
    body_key="clients",
    retrieve="/clients/{id}",
    paging=Paging.CURSOR,
    own_columns=(
        identity("client"),
        text("name", "Name of the client, as it stands on invoices"),
        boolean("is_active", "Whether the client is active; false once archived"),
        text("address", "Postal address, lines parted by line breaks"),
        text(
            "statement_key", "Unguessable part of the URL under which the client sees its invoices; treat as a secret"
        ),
        text("currency", "ISO 4217 code of the currency the client is billed in"),
        *timestamps("client"),
    ),
    params=(equal("is_active"), UPDATED_SINCE),
    permission=_PERMISSION,
    docs="https://help.getharvest.com/api-v2/clients-api/clients/clients/",
)

CONTACTS = Table(
    name="contacts",
    description="A person at a client, who may receive invoices and estimates",
    path="/contacts",
    body_key="contacts",
    retrieve="/contacts/{id}",
    paging=Paging.CURSOR,
    own_columns=(
        identity("contact"),
        *CLIENT,
        text("title", "Form of address or job title"),
        text("first_name", "Given name of the contact"),
        text("last_name", "Family name of the contact; NULL or empty where only one name is kept"),
        text("email", "Address that invoices and estimates are mailed to"),
        text("phone_office", "Telephone number at the office, as typed"),
        text("phone_mobile", "Mobile telephone number, as typed"),
        text("fax", "Fax number, as typed"),
        *timestamps("contact"),
    ),
    params=(equal("client_id"), UPDATED_SINCE),
    permission=_PERMISSION,
    docs="https://help.getharvest.com/api-v2/clients-api/clients/contacts/",
)
