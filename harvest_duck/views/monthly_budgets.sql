-- monthly_budgets: projects whose budget starts over each month (retainers), month by month
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--
-- Definition
WITH spent AS (
    SELECT account_id, project_id, date_trunc('month', spent_date)::DATE AS month, sum(coalesce(rounded_hours, hours)) AS hours,
        sum(CASE WHEN billable THEN round(coalesce(rounded_hours, hours) * billable_rate, 2) ELSE 0 END) AS money
    FROM harvest.time_entries WHERE spent_date BETWEEN $from_date AND $to_date GROUP BY ALL
), costs AS (
    SELECT account_id, project_id, date_trunc('month', spent_date)::DATE AS month, sum(total_cost) AS money
    FROM harvest.expenses WHERE spent_date BETWEEN $from_date AND $to_date GROUP BY ALL
), months AS (SELECT unnest(generate_series(date_trunc('month', $from_date), $to_date, INTERVAL 1 MONTH))::DATE AS month)
SELECT m.month, p.client_id, p.client_name, p.id AS project_id, p.name AS project_name, p.is_active, p.budget_by,
    CASE WHEN p.budget_by IN ('project_cost', 'task_fees') THEN p.client_currency ELSE 'hours' END AS unit,
    CASE WHEN p.budget_by IN ('project_cost', 'task_fees') THEN p.cost_budget ELSE p.budget END AS budget,
    (CASE WHEN p.budget_by IN ('project_cost', 'task_fees')
          THEN coalesce(s.money, 0) + CASE WHEN p.cost_budget_include_expenses THEN coalesce(c.money, 0) ELSE 0 END
          ELSE coalesce(s.hours, 0) END)::DECIMAL(18, 4) AS spent,
    (budget - spent)::DECIMAL(18, 4) AS remaining, round(spent / nullif(budget, 0), 4) AS share_spent, p.account_id
FROM harvest.projects p CROSS JOIN months m
LEFT JOIN spent s ON s.account_id = p.account_id AND s.project_id = p.id AND s.month = m.month
LEFT JOIN costs c ON c.account_id = p.account_id AND c.project_id = p.id AND c.month = m.month
WHERE p.budget_is_monthly AND m.month >= date_trunc('month', coalesce(p.starts_on, p.created_at::DATE))
    AND (p.is_active OR s.month IS NOT NULL)
