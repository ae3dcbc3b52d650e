-- budget_lines: how much of the budgets that tasks and people have within projects is spent?
-- Access: projects
--
-- Arguments
--   from_date DATE = DATE '2000-01-01' | first day, by default all time
--   to_date DATE = DATE '2999-12-31' | last day
--
-- Definition
--   One row for each task or person that has a budget of its own, on projects that are budgeted so. A task or person
--   without a budget has no row, and Harvest does not count its time. A budget of 0 counts as a budget, and has no
--   share (https://support.getharvest.com/hc/en-us/articles/360048686811). All rounded hours of the span count as
--   spent, or billable hours at their rate if the budget is in fees. Entries without a rate count as nothing, as in
--   Harvest's report on budgets. If the budget starts afresh each month, only the month of to_date counts, or the
--   current month if it is earlier. Fees are in the currency of the client
--   (https://support.getharvest.com/hc/en-us/articles/360055384512). The unit is NULL if the project names another
--   currency than its client.
--
-- Columns
--   client_name: client of the project
--   project_id: the project
--   project_name: name of the project
--   budget_by: task, task_fees or person
--   line: whether the line is a task or a person
--   line_id: the task or the user
--   line_name: name of the task or person
--   unit: hours, or the currency of a budget in fees
--   budget: the budget; that of one month where it starts afresh each month
--   spent: what was spent of it
--   remaining: the rest, negative once overrun
--   share_spent: spent as a share of the budget; NULL where that is 0
--   limited_to: what the figures are limited to; NULL where the token sees the whole account
--   account_id: Harvest account of the row
WITH budgeted AS MATERIALIZED (
    SELECT p.*, v.limited_to,
        CASE WHEN p.budget_by <> 'task_fees' THEN 'hours' WHEN p.currency <> p.client_currency THEN NULL
             ELSE coalesce(p.client_currency, p.currency) END AS unit
    FROM harvest.projects p
    JOIN harvest._internal.visible('budget_lines', 'projects') v ON v.account_id = p.account_id
        AND (v.projects IS NULL OR list_contains(v.projects, p.id))
    WHERE v.rates OR p.budget_by <> 'task_fees'
), lines AS MATERIALIZED (
    SELECT p.*, 'task' AS line, a.task_id AS line_id, a.task_name AS line_name, a.budget AS line_budget
    FROM budgeted p JOIN harvest.task_assignments a ON a.project_id = p.id AND a.account_id = p.account_id
    WHERE p.budget_by IN ('task', 'task_fees')
    UNION ALL
    SELECT p.*, 'person', a.user_id, a.user_name, a.budget
    FROM budgeted p JOIN harvest.user_assignments a ON a.project_id = p.id AND a.account_id = p.account_id
    WHERE p.budget_by = 'person'
), spent AS (
    SELECT account_id, project_id, task_id, user_id, date_trunc('month', spent_date)::DATE AS month,
        sum(coalesce(rounded_hours, hours)) AS hours,
        sum(CASE WHEN billable THEN round(coalesce(rounded_hours, hours)::DECIMAL(20, 4) * billable_rate, 2) END) AS money
    FROM harvest.time_entries WHERE spent_date BETWEEN $from_date AND $to_date GROUP BY ALL
), used AS (
    SELECT l.client_name, l.id AS project_id, l.name AS project_name, l.budget_by, l.line, l.line_id, l.line_name, l.unit,
        l.line_budget AS budget, l.limited_to, l.account_id,
        coalesce(sum(CASE WHEN l.budget_by = 'task_fees' THEN s.money ELSE s.hours END), 0)::DECIMAL(18, 4) AS spent
    FROM lines l
    LEFT JOIN spent s ON s.account_id = l.account_id AND s.project_id = l.id
        AND CASE WHEN l.line = 'task' THEN s.task_id ELSE s.user_id END = l.line_id
        AND (l.budget_is_monthly IS NOT TRUE OR s.month = date_trunc('month', least($to_date, current_date))::DATE)
    WHERE l.line_budget IS NOT NULL GROUP BY ALL
)
SELECT client_name, project_id, project_name, budget_by, line, line_id, line_name, unit, budget, spent,
    (budget - spent)::DECIMAL(18, 4) AS remaining, round(spent / nullif(budget, 0), 4) AS share_spent, limited_to, account_id
FROM used
