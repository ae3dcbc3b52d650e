"""Expenses and the categories they are filed under."""

from __future__ import annotations

from harvest_duck.catalog import columns as col
from harvest_duck.catalog.model import Paging, Table

EXPENSES = Table(
    name="expenses",
    description="Money that a user spent on a project on one day",
    path="/expenses",
    body_key="expenses",
    retrieve="/expenses/{id}",
    paging=Paging.PAGE,
    own_columns=(
        col.identity("expense"),
        *col.CLIENT,
        *col.nested("client", col.text("currency", "ISO 4217 code of the client's currency, which the expense is in")),
        *col.PROJECT,
        *col.nested(
            "expense_category",
            col.integer("id", "Category the expense is filed under", references="expense_categories.id"),
            col.text("name", "Name of the category"),
            col.money("unit_price", "Price of one unit of the category, such as a mile; NULL where costs are typed in"),
            col.text("unit_name", "What one unit of the category is called; NULL where it has no units"),
        ),
        *col.USER,
        *col.USER_ASSIGNMENT,
        *col.nested(
            "receipt",
            col.text("url", "Address of the receipt file; NULL without a receipt"),
            col.text("file_name", "Name of the receipt file; NULL without a receipt"),
            col.integer("file_size", "Size of the receipt file, in bytes"),
            col.text("content_type", "Media type of the receipt file, such as image/png"),
        ),
        *col.nested(
            "invoice",
            col.integer("id", "Invoice that bills the expense; NULL until it is invoiced", references="invoices.id"),
            col.text("number", "Number of the invoice that bills the expense"),
        ),
        col.text("notes", "What the money was spent on"),
        col.quantity("units", "How many units were bought; total_cost is this times the unit price"),
        col.money("total_cost", "What was spent, in the currency of the client"),
        col.boolean("billable", "Whether the client is to pay for it"),
        col.boolean("is_closed", "Whether the expense was approved; see approval_status", deprecated=True),
        col.text(
            "approval_status",
            "How far approval has come; NULL where Harvest leaves it out",
            values=col.APPROVAL_STATUSES,
            documented=False,
        ),
        col.boolean("is_locked", "Whether the expense can no longer be edited"),
        col.boolean("is_billed", "Whether the expense is on an invoice or marked as invoiced"),
        col.text("locked_reason", "Why the expense is locked; NULL while it is not"),
        col.date("spent_date", "Day the money was spent"),
        *col.timestamps("expense"),
        col.boolean(
            "is_explicitly_locked",
            "Whether somebody locked the expense itself; usually absent, then NULL",
            documented=False,
        ),
    ),
    params=(
        col.equal("user_id"),
        col.equal("client_id"),
        col.equal("project_id"),
        col.equal("is_billed"),
        col.equal("approval_status", values=col.APPROVAL_STATUSES),
        col.UPDATED_SINCE,
        *col.between("spent_date"),
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
    own_columns=(
        col.identity("expense category"),
        col.text("name", "Name of the category"),
        col.text("unit_name", "What one unit is called, such as mile; NULL where costs are typed in"),
        col.money("unit_price", "Price of one unit; NULL where costs are typed in"),
        col.boolean("is_active", "Whether the category can be chosen; false once archived"),
        *col.timestamps("category"),
    ),
    params=(col.equal("is_active"), col.UPDATED_SINCE),
    permission="administrator",
    docs="https://help.getharvest.com/api-v2/expenses-api/expenses/expense-categories/",
)
