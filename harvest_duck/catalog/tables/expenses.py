"""Expenses and the categories they are filed under."""

from __future__ import annotations

from harvest_duck.catalog.columns import (
    ACCOUNT_ID,
    APPROVAL_STATUSES,
    CLIENT,
    PROJECT,
    UPDATED_SINCE,
    USER,
    USER_ASSIGNMENT,
    between,
    boolean,
    created_at,
    date,
    equal,
    identity,
    integer,
    money,
    quantity,
    text,
    updated_at,
)
from harvest_duck.catalog.model import Paging, Table

__all__ = ["EXPENSES", "EXPENSE_CATEGORIES"]

EXPENSES = Table(
    name="expenses",
    description="Money that a user spent on a project on one day",
    path="/expenses",
    body_key="expenses",
    retrieve="/expenses/{id}",
    paging=Paging.PAGE,
    columns=(
        identity("expense"),
        *CLIENT,
        text(
            "client_currency", "ISO 4217 code of the client's currency, which the expense is in", at="client.currency"
        ),
        *PROJECT,
        integer(
            "expense_category_id",
            "Category the expense is filed under",
            at="expense_category.id",
            references="expense_categories.id",
        ),
        text("expense_category_name", "Name of the category", at="expense_category.name"),
        money(
            "expense_category_unit_price",
            "Price of one unit of the category, such as a mile; NULL where costs are typed in",
            at="expense_category.unit_price",
        ),
        text(
            "expense_category_unit_name",
            "What one unit of the category is called; NULL where it has no units",
            at="expense_category.unit_name",
        ),
        *USER,
        *USER_ASSIGNMENT,
        text("receipt_url", "Address of the receipt file; NULL without a receipt", at="receipt.url"),
        text("receipt_file_name", "Name of the receipt file; NULL without a receipt", at="receipt.file_name"),
        integer("receipt_file_size", "Size of the receipt file, in bytes", at="receipt.file_size"),
        text("receipt_content_type", "Media type of the receipt file, such as image/png", at="receipt.content_type"),
        integer(
            "invoice_id",
            "Invoice that bills the expense; NULL until it is invoiced",
            at="invoice.id",
            references="invoices.id",
        ),
        text("invoice_number", "Number of the invoice that bills the expense", at="invoice.number"),
        text("notes", "What the money was spent on"),
        quantity("units", "How many units were bought; total_cost is this times the unit price"),
        money("total_cost", "What was spent, in the currency of the client"),
        boolean("billable", "Whether the client is to pay for it"),
        boolean("is_closed", "Whether the expense was approved; see approval_status", deprecated=True),
        text(
            "approval_status",
            "How far approval has come; NULL where Harvest leaves it out",
            values=APPROVAL_STATUSES,
            documented=False,
        ),
        boolean("is_locked", "Whether the expense can no longer be edited"),
        boolean("is_billed", "Whether the expense is on an invoice or marked as invoiced"),
        text("locked_reason", "Why the expense is locked; NULL while it is not"),
        date("spent_date", "Day the money was spent"),
        created_at("expense"),
        updated_at("expense"),
        ACCOUNT_ID,
    ),
    params=(
        equal("user_id"),
        equal("client_id"),
        equal("project_id"),
        equal("is_billed"),
        equal("approval_status", values=APPROVAL_STATUSES),
        UPDATED_SINCE,
        *between("spent_date"),
    ),
    permission="anyone; members see their own, managers also their teammates' and managed projects'",
    narrowed=True,
    docs="https://help.getharvest.com/api-v2/expenses-api/expenses/expenses/",
)

EXPENSE_CATEGORIES = Table(
    name="expense_categories",
    description="A kind of expense, with a price per unit where one is set",
    path="/expense_categories",
    body_key="expense_categories",
    retrieve="/expense_categories/{id}",
    paging=Paging.CURSOR,
    columns=(
        identity("expense category"),
        text("name", "Name of the category"),
        text("unit_name", "What one unit is called, such as mile; NULL where costs are typed in"),
        money("unit_price", "Price of one unit; NULL where costs are typed in"),
        boolean("is_active", "Whether the category can be chosen; false once archived"),
        created_at("category"),
        updated_at("category"),
        ACCOUNT_ID,
    ),
    params=(equal("is_active"), UPDATED_SINCE),
    permission="administrator",
    docs="https://help.getharvest.com/api-v2/expenses-api/expenses/expense-categories/",
)
