"""Users: the people of the account, what they cost and earn, where they work, and whom they manage."""

from __future__ import annotations

from harvest_duck.catalog import columns as col
from harvest_duck.catalog.model import (
    BIGINT,
    BOOLEAN,
    DECIMAL,
    TIMESTAMP,
    VARCHAR,
    Column,
    Origin,
    Paging,
    Parent,
    Right,
    StructOf,
    Table,
)

_ACCESS_ROLES = (
    "administrator",
    "manager",
    "member",
    "project_creator",
    "billable_rates_manager",
    "managed_projects_invoice_drafter",
    "managed_projects_invoice_manager",
    "client_and_task_manager",
    "time_and_expenses_manager",
    "estimates_manager",
    # Named by https://help.getharvest.com/api-v2/users-api/users/teammates/ and not by the page about users.
    "people_manager",
)
_USER = Parent(table="users", column="id", param="user_id")


def _of_user(description: str, *, key: bool = False) -> Column:
    return col.integer("user_id", description, origin=Origin.PATH, key=key, references="users.id")


_PERSON = (
    col.identity("user"),
    col.text("first_name", "Given name of the user"),
    col.text("last_name", "Family name of the user"),
    col.text("email", "Address the user signs in with"),
    col.text("telephone", "Telephone number, as typed"),
    col.text("timezone", "Time zone in Rails' words, such as Eastern Time (US & Canada), not an IANA name"),
    col.boolean("has_access_to_all_future_projects", "Whether the user is put on every new project"),
    col.boolean("is_contractor", "Whether the user is a contractor rather than an employee"),
    col.boolean("is_active", "Whether the user can sign in; false once archived"),
    col.seconds("weekly_capacity", "Time the user is available per week, in seconds; 126000 is 35 hours"),
    col.rate(
        "default_hourly_rate",
        "Rate billed for the user unless a project says otherwise; NULL when unset or hidden",
        right=Right.RATES,
    ),
    col.rate(
        "cost_rate",
        "What an hour of the user costs the company, in company.currency; NULL when unset or hidden",
        right=Right.COSTS,
    ),
    col.array("roles", VARCHAR, "Names of the user's roles, which grant no rights"),
    col.array(
        "access_roles", VARCHAR, "What the user may do: a basic role, then the added rights", values=_ACCESS_ROLES
    ),
    col.text("avatar_url", "Address of the user's picture"),
    *col.timestamps("user"),
    col.boolean("saml_exempt", "Whether the user may sign in without SAML; NULL where Harvest leaves it out"),
    col.text(
        "employee_id", "What the company calls the user in its own lists; often absent, then NULL", documented=False
    ),
    col.boolean(
        "calendar_integration_enabled", "Whether a calendar is connected; usually absent, then NULL", documented=False
    ),
    col.text("calendar_integration_source", "Which calendar is connected; usually absent, then NULL", documented=False),
    col.boolean("can_create_projects", "Whether the user may create projects; see access_roles", documented=False),
    col.array(
        "permissions_claims", VARCHAR, "Fine-grained rights, such as expenses:read:own; usually NULL", documented=False
    ),
)

USERS = Table(
    name="users",
    description="A person of the account, active or archived",
    path="/users",
    body_key="users",
    retrieve="/users/{id}",
    paging=Paging.CURSOR,
    own_columns=_PERSON,
    params=(col.equal("is_active"), col.UPDATED_SINCE),
    permission="administrator, or manager with assigned teammates",
    docs="https://help.getharvest.com/api-v2/users-api/users/users/",
)

ME = Table(
    name="me",
    description="The user whose token asks; always one row",
    path="/users/me",
    body_key=None,
    paging=Paging.NONE,
    own_columns=_PERSON,
    permission="anyone",
    docs="https://help.getharvest.com/api-v2/users-api/users/users/",
)

BILLABLE_RATES = Table(
    name="billable_rates",
    description="What an hour of a user was billed at, over a span of days",
    path="/users/{user_id}/billable_rates",
    body_key="billable_rates",
    retrieve="/users/{user_id}/billable_rates/{id}",
    paging=Paging.CURSOR,
    parent=_USER,
    own_columns=(
        _of_user("User whose time is billed at the rate"),
        col.identity("billable rate"),
        col.rate("amount", "Price of one hour to the client"),
        col.date("start_date", "First day the rate is billed; NULL where it has been so from the start"),
        col.date("end_date", "Last day the rate is billed, as Harvest works it out; NULL on the current rate"),
        *col.timestamps("billable rate"),
    ),
    permission="administrator, or manager with billable_rates_manager",
    # Those of their assigned people:
    # https://support.getharvest.com/hc/en-us/articles/4670090487309-New-permissions-What-changed-with-the-API-
    narrowed=True,
    docs="https://help.getharvest.com/api-v2/users-api/users/billable-rates/",
)

COST_RATES = Table(
    name="cost_rates",
    description="What an hour of a user cost the company, over a span of days",
    path="/users/{user_id}/cost_rates",
    body_key="cost_rates",
    retrieve="/users/{user_id}/cost_rates/{id}",
    paging=Paging.CURSOR,
    parent=_USER,
    own_columns=(
        _of_user("User whose time costs the rate"),
        col.identity("cost rate"),
        col.rate("amount", "Cost of one hour to the company, in company.currency"),
        col.date("start_date", "First day the rate is paid; NULL where it has been so from the start"),
        col.date("end_date", "Last day the rate is paid, as Harvest works it out; NULL on the current rate"),
        *col.timestamps("cost rate"),
    ),
    permission="administrator",
    docs="https://help.getharvest.com/api-v2/users-api/users/cost-rates/",
)

_ASSIGNMENT = (
    col.integer(
        "id",
        "Number that identifies the assignment, as in user_assignments",
        key=True,
        references="user_assignments.id",
    ),
    col.boolean("is_active", "Whether the user is still on the project; Harvest gives only such assignments"),
    col.boolean("is_project_manager", "Whether the user manages the project"),
    col.boolean("use_default_rates", "Whether the user's own default rate applies rather than hourly_rate"),
    col.rate("hourly_rate", "Rate of the user on the project, per hour; NULL when unset or hidden", right=Right.RATES),
    col.budget("budget", "Hours budgeted for the user; NULL unless the project is budgeted per person"),
    *col.timestamps("assignment"),
    *col.PROJECT,
    *col.CLIENT,
    col.array(
        "task_assignments",
        StructOf(
            (
                ("id", BIGINT),
                ("billable", BOOLEAN),
                ("is_active", BOOLEAN),
                ("created_at", TIMESTAMP),
                ("updated_at", TIMESTAMP),
                ("hourly_rate", DECIMAL),
                ("budget", DECIMAL),
                ("task", StructOf((("id", BIGINT), ("name", VARCHAR)))),
            )
        ),
        "Tasks the user can track time to on the project",
    ),
)

PROJECT_ASSIGNMENTS = Table(
    name="project_assignments",
    description="A project that a user is on at present, with its client and tasks",
    path="/users/{user_id}/project_assignments",
    body_key="project_assignments",
    paging=Paging.CURSOR,
    parent=_USER,
    own_columns=(_of_user("User who is on the project"), *_ASSIGNMENT),
    params=(col.UPDATED_SINCE,),
    permission="anyone for oneself; administrator, or manager with assigned teammates, for others",
    docs="https://help.getharvest.com/api-v2/users-api/users/project-assignments/",
)

PROJECT_ASSIGNMENT_TASK_ASSIGNMENTS = Table(
    name="project_assignment_task_assignments",
    description="A task that a user can track time to on a project they are on",
    path="/users/{user_id}/project_assignments",
    body_key="project_assignments",
    items="task_assignments",
    paging=Paging.CURSOR,
    parent=_USER,
    own_columns=(
        _of_user("User who can track time to the task", key=True),
        *col.enclosing(
            "project_assignment",
            col.integer(
                "id",
                "Assignment of the user to the project that has the task",
                key=True,
                references="project_assignments.id",
            ),
        ),
        col.integer(
            "id",
            "Number that identifies the task assignment, as in task_assignments",
            key=True,
            references="task_assignments.id",
        ),
        col.boolean("billable", "Whether the client is to pay for the task on the project"),
        col.boolean("is_active", "Whether time can be tracked to the task on the project"),
        col.rate(
            "hourly_rate", "Rate of the task on the project, per hour; NULL when unset or hidden", right=Right.RATES
        ),
        col.budget("budget", "Hours or money budgeted for the task; NULL unless the project is budgeted per task"),
        *col.TASK,
        *col.timestamps("task assignment"),
        *col.enclosing(
            "project_assignment",
            col.timestamp("updated_at", "When the user's assignment to the project last changed, in UTC"),
        ),
    ),
    params=(col.since("project_assignment_updated_at"),),
    permission="anyone for oneself; administrator, or manager with assigned teammates, for others",
    docs="https://help.getharvest.com/api-v2/users-api/users/project-assignments/",
)

MY_PROJECT_ASSIGNMENTS = Table(
    name="my_project_assignments",
    description="A project that the user whose token asks is on at present",
    path="/users/me/project_assignments",
    body_key="project_assignments",
    paging=Paging.PAGE,
    own_columns=_ASSIGNMENT,
    permission="anyone",
    docs="https://help.getharvest.com/api-v2/users-api/users/project-assignments/",
)

TEAMMATES = Table(
    name="teammates",
    description="A user whose time and expenses a manager sees and approves",
    path="/users/{user_id}/teammates",
    body_key="teammates",
    paging=Paging.CURSOR,
    # 422 for a user who is no manager: https://help.getharvest.com/api-v2/users-api/users/teammates/
    parent=Parent(
        table="users",
        column="id",
        param="user_id",
        only=("access_roles", "manager"),
        absent_on=frozenset({404, 422}),
    ),
    own_columns=(
        _of_user("Manager the teammate is assigned to", key=True),
        col.integer("id", "User who is the teammate", key=True, references="users.id"),
        col.text("first_name", "Given name of the teammate"),
        col.text("last_name", "Family name of the teammate"),
        col.text("email", "Address the teammate signs in with"),
    ),
    permission="administrator",
    docs="https://help.getharvest.com/api-v2/users-api/users/teammates/",
)
