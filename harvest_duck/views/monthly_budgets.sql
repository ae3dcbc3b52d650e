-- monthly_budgets: how much was spent in each month of a budget that starts afresh each month (a retainer)?
-- Access: projects
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | a day of the first month, by default of January of this year
--   to_date DATE = current_date | a day of the last month, by default of this one
--
-- Definition
--   One row for each month and project whose budget starts afresh each month, which is what agencies call a retainer;
--   Harvest's own retainers are not in the API. Months are whole, whatever day of them is given
--   (https://www.getharvest.com/blog/2018/06/more-powerful-budgeting-to-keep-your-monthly-retainers-on-track/). A
--   project has a row for each month from its start to its end, and for every other month with time or expenses on it.
--   If no start is set, the month counts in which the project was created. An archived project has rows only for months
--   with time or expenses, because Harvest does not tell the day of archiving. All months have today's budget: Harvest
--   keeps no history of budgets. All rounded hours count as spent, or billable hours at their rate if the budget is in
--   money, and expenses if the project counts them. Entries without a rate count as nothing, as in Harvest's report on
--   budgets. An account can be set to count only billable hours, which the API does not show: this view counts all
--   hours. For such a project, budget_burn has the right figure of the current month. If the budget is by task or
--   person, Harvest counts only the tasks and people that have a budget. So remaining and share_spent are NULL there,
--   and spent is that of the whole project. Money is in the currency of the client
--   (https://support.getharvest.com/hc/en-us/articles/360055384512). The unit is NULL if the project names another
--   currency than its client.
--
-- Columns
--   month: first day of the month
--   client_id: client of the project
--   client_name: name of the client
--   project_id: the project
--   project_name: name of the project
--   is_active: whether the project is active; false once archived
--   budget_by: what is budgeted: hours or fees, for the project, each task or each person
--   unit: hours, or the currency of a budget in money
--   budget: the budget of a month
--   spent: what was spent in the month
--   remaining: the rest, negative once overrun
--   share_spent: spent as a share of the budget; NULL where that is 0
--   limited_to: what the figures are limited to; NULL where the token sees the whole account
--   account_id: Harvest account of the row
WITH spent AS (
    SELECT account_id, project_id, date_trunc('month', spent_date)::DATE AS month, sum(coalesce(rounded_hours, hours)) AS hours,
        sum(CASE WHEN billable THEN round(coalesce(rounded_hours, hours)::DECIMAL(20, 4) * billable_rate, 2) END) AS money
    FROM harvest.time_entries
    WHERE spent_date BETWEEN date_trunc('month', $from_date)::DATE AND last_day($to_date) GROUP BY ALL
), costs AS (
    SELECT account_id, project_id, date_trunc('month', spent_date)::DATE AS month, sum(total_cost) AS money
    FROM harvest.expenses
    WHERE spent_date BETWEEN date_trunc('month', $from_date)::DATE AND last_day($to_date) GROUP BY ALL
), months AS (
    SELECT unnest(generate_series(date_trunc('month', $from_date)::DATE, $to_date, INTERVAL 1 MONTH))::DATE AS month
), budgets AS (
    SELECT p.*, m.month, v.limited_to, p.budget_by IN ('project_cost', 'task_fees') AS in_money,
        CASE WHEN NOT in_money THEN 'hours' WHEN p.currency <> p.client_currency THEN NULL
             ELSE coalesce(p.client_currency, p.currency) END AS unit,
        m.month BETWEEN date_trunc('month', coalesce(p.starts_on, (p.created_at AT TIME ZONE 'UTC')::DATE))
            AND coalesce(p.ends_on, m.month) AS planned
    FROM harvest.projects p
    JOIN harvest._internal.visible('monthly_budgets', 'projects') v ON v.account_id = p.account_id
        AND (v.projects IS NULL OR list_contains(v.projects, p.id))
    CROSS JOIN months m
    WHERE p.budget_is_monthly AND p.budget_by <> 'none' AND (v.rates OR NOT in_money)
), used AS (
    SELECT b.month, b.client_id, b.client_name, b.id AS project_id, b.name AS project_name, b.is_active, b.budget_by, b.unit,
        CASE WHEN b.in_money THEN b.cost_budget ELSE b.budget END AS of_month,
        (CASE WHEN NOT b.in_money THEN coalesce(s.hours, 0) ELSE coalesce(s.money, 0)
              + CASE WHEN b.cost_budget_include_expenses THEN coalesce(c.money, 0) ELSE 0 END END)::DECIMAL(18, 4) AS spent,
        CASE WHEN b.budget_by IN ('project', 'project_cost') THEN of_month END AS whole, b.limited_to, b.account_id
    FROM budgets b
    LEFT JOIN spent s ON s.account_id = b.account_id AND s.project_id = b.id AND s.month = b.month
    LEFT JOIN costs c ON c.account_id = b.account_id AND c.project_id = b.id AND c.month = b.month
    WHERE b.is_active AND b.planned OR s.month IS NOT NULL OR c.month IS NOT NULL
)
SELECT month, client_id, client_name, project_id, project_name, is_active, budget_by, unit, of_month AS budget, spent,
    (whole - spent)::DECIMAL(18, 4) AS remaining, round(spent / nullif(whole, 0), 4) AS share_spent, limited_to, account_id
FROM used
