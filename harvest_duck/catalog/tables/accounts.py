"""Accounts: what the token reaches, asked of the host that signs people in."""

from __future__ import annotations

from harvest_duck.catalog import columns as col
from harvest_duck.catalog.model import Host, Paging, Table

ACCOUNTS = Table(
    name="accounts",
    description="An account of Harvest or Forecast that the token reaches",
    path="/accounts",
    body_key="accounts",
    host=Host.ID,
    paging=Paging.NONE,
    own_columns=(
        col.identity("account"),
        col.text("name", "Name of the company that owns the account", documented=False),
        col.text(
            "product", "Which product the account is for; only harvest can be queried", values=("harvest", "forecast")
        ),
        col.boolean("google_sign_in_required", "Whether people have to sign in through Google", documented=False),
    ),
    permission="anyone with a token",
    docs="https://help.getharvest.com/api-v2/authentication-api/authentication/authentication/",
)
