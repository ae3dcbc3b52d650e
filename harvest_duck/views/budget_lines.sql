-- budget_lines: budgets of tasks and people within projects, with what was spent on each
--
-- Arguments
--   from_date DATE = DATE '2000-01-01' | first day, by default all time
--   to_date DATE = DATE '2999-12-31' | last day
--
-- Definition
--   a task or person without a budget is left out (Harvest does not count its hours); money for task_fees, else hours
WITH lines AS (
    SELECT p.account_id, p.id AS project_id, p.client_name, p.name AS project_name, p.budget_by, p.client_currency, 'task' AS line, a.task_id AS line_id, a.task_name AS line_name, a.budget
    FROM harvest.projects p JOIN harvest.task_assignments a ON a.project_id = p.id AND a.account_id = p.account_id WHERE p.budget_by IN ('task', 'task_fees')
    UNION ALL
    SELECT p.account_id, p.id, p.client_name, p.name, p.budget_by, p.client_currency, 'person', a.user_id, a.user_name, a.budget
    FROM harvest.projects p JOIN harvest.user_assignments a ON a.project_id = p.id AND a.account_id = p.account_id WHERE p.budget_by = 'person'
), spent AS MATERIALIZED (
    SELECT account_id, project_id, task_id, user_id, sum(coalesce(rounded_hours, hours)) AS hours,
        sum(CASE WHEN billable THEN round(coalesce(rounded_hours, hours) * billable_rate, 2) ELSE 0 END) AS money
    FROM harvest.time_entries WHERE spent_date BETWEEN $from_date AND $to_date GROUP BY ALL
)
SELECT client_name, project_id, project_name, budget_by, line, line_id, line_name, unit, budget, spent,
    (budget - spent)::DECIMAL(18, 4) AS remaining, round(spent / nullif(budget, 0), 4) AS share_spent, account_id
FROM (
    SELECT l.*, CASE WHEN l.budget_by = 'task_fees' THEN l.client_currency ELSE 'hours' END AS unit,
        coalesce((SELECT sum(CASE WHEN l.budget_by = 'task_fees' THEN s.money ELSE s.hours END) FROM spent s
            WHERE s.account_id = l.account_id AND s.project_id = l.project_id
                AND CASE WHEN l.line = 'task' THEN s.task_id ELSE s.user_id END = l.line_id), 0)::DECIMAL(18, 4) AS spent
    FROM lines l WHERE l.budget IS NOT NULL)
