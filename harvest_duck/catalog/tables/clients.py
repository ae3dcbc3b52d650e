"""Clients and the people to talk to there."""

from __future__ import annotations

from harvest_duck.catalog import columns as col
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
        col.identity("client"),
        col.text("name", "Name of the client, as it stands on invoices"),
        col.boolean("is_active", "Whether the client is active; false once archived"),
        col.text("address", "Postal address, lines parted by line breaks"),
        col.text(
            "statement_key", "Unguessable part of the URL under which the client sees its invoices; treat as a secret"
        ),
        col.text("currency", "ISO 4217 code of the currency the client is billed in"),
        *col.timestamps("client"),
    ),
    params=(col.equal("is_active"), col.UPDATED_SINCE),
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
        col.identity("contact"),
        *col.CLIENT,
        col.text("title", "Form of address or job title"),
        col.text("first_name", "Given name of the contact"),
        col.text("last_name", "Family name of the contact; NULL or empty where only one name is kept"),
        col.text("email", "Address that invoices and estimates are mailed to"),
        col.text("phone_office", "Telephone number at the office, as typed"),
        col.text("phone_mobile", "Mobile telephone number, as typed"),
        col.text("fax", "Fax number, as typed"),
        col.text(
            "invoice_recipient_status",
            "Whether and how invoices are mailed to the contact; NULL where Harvest leaves it out",
            values=("none", "recipient", "cc", "bcc"),
        ),
        *col.timestamps("contact"),
    ),
    params=(col.equal("client_id"), col.UPDATED_SINCE),
    permission=_PERMISSION,
    docs="https://help.getharvest.com/api-v2/clients-api/clients/contacts/",
)
