-- reconcile: do time entries and expenses add up to what Harvest's own reports say?
-- Access: account
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--
-- Definition
--   One row for each figure that differs; no row if all figures agree. The view compares the time reports by client,
--   project, task and person, the expense reports by client, project, category and person, and the Uninvoiced report,
--   for each currency of clients. Spans longer than a year are requested in pieces of 365 days each, and the pieces are
--   added up. Hours are the rounded ones, and an amount is rounded hours × rate, rounded to cents for each entry.
--   Harvest does not document in which order it rounds, so a difference of some cents in billable_amount can come from
--   that. Billable amounts contain the hours of projects with a fixed fee at their rates (include_fixed_fee of the
--   report is true). The Uninvoiced report is compared only for projects without a fixed fee, because the rest of a fee
--   does not follow from entries. A record that changes while the requests are under way, such as a running timer,
--   makes a difference too. So does a copy that is older than the reports. If one side lacks a row, its figures count
--   as 0.
--
-- Columns
--   report: table of the report, such as report_time_clients
--   id: client, project, task, category or user that the figure is of
--   name: its name
--   currency: currency of the client; NULL where Harvest does not tell it
--   measure: column of the report, such as total_hours
--   of_entries: the figure by time entries and expenses; NULL where there are none
--   of_report: the figure by Harvest's report; NULL where it has no such row
--   difference: of_entries - of_report
--   account_id: account
WITH clients AS MATERIALIZED (
    SELECT account_id, id, currency FROM harvest.clients
), projects AS MATERIALIZED (
    SELECT account_id, id, is_fixed_fee FROM harvest.projects
), entries AS MATERIALIZED (
    -- DuckDB multiplies DECIMAL(18, 4) by DECIMAL(18, 4) in 18 digits (1.4 to 2.0): one side is made wider.
    SELECT t.account_id, t.client_id, t.client_name, t.project_id, t.project_name, t.task_id, t.task_name, t.user_id, t.user_name,
        coalesce(c.currency, t.client_currency) AS currency, coalesce(t.rounded_hours, t.hours) AS hours, coalesce(t.billable, false) AS is_billable,
        round(coalesce(t.rounded_hours, t.hours)::DECIMAL(20, 4) * t.billable_rate, 2)::DECIMAL(18, 4) AS amount,
        is_billable AND NOT coalesce(t.is_billed, false) AS is_owed, NOT coalesce(p.is_fixed_fee, false) AS is_compared
    FROM harvest.time_entries t
    LEFT JOIN clients c ON c.id = t.client_id AND c.account_id = t.account_id
    LEFT JOIN projects p ON p.id = t.project_id AND p.account_id = t.account_id
    WHERE t.spent_date BETWEEN $from_date AND $to_date
), spending AS MATERIALIZED (
    SELECT e.account_id, e.client_id, e.client_name, e.project_id, e.project_name, e.expense_category_id, e.expense_category_name, e.user_id, e.user_name,
        coalesce(c.currency, e.client_currency) AS currency, e.total_cost AS amount, coalesce(e.billable, false) AS is_billable,
        is_billable AND NOT coalesce(e.is_billed, false) AS is_owed, NOT coalesce(p.is_fixed_fee, false) AS is_compared
    FROM harvest.expenses e
    LEFT JOIN clients c ON c.id = e.client_id AND c.account_id = e.account_id
    LEFT JOIN projects p ON p.id = e.project_id AND p.account_id = e.account_id
    WHERE e.spent_date BETWEEN $from_date AND $to_date
), time_subjects AS (
    SELECT account_id, currency, hours, is_billable, amount, unnest([
            {'report': 'report_time_clients', 'id': client_id, 'name': client_name},
            {'report': 'report_time_projects', 'id': project_id, 'name': project_name},
            {'report': 'report_time_tasks', 'id': task_id, 'name': task_name},
            {'report': 'report_time_team', 'id': user_id, 'name': user_name}], max_depth := 2)
    FROM entries
), spending_subjects AS (
    SELECT account_id, currency, is_billable, amount, unnest([
            {'report': 'report_expenses_clients', 'id': client_id, 'name': client_name},
            {'report': 'report_expenses_projects', 'id': project_id, 'name': project_name},
            {'report': 'report_expenses_categories', 'id': expense_category_id, 'name': expense_category_name},
            {'report': 'report_expenses_team', 'id': user_id, 'name': user_name}], max_depth := 2)
    FROM spending
), owed AS (
    SELECT account_id, project_id, project_name, currency, hours, CASE WHEN is_owed THEN hours END AS owed_hours,
        CASE WHEN is_owed THEN amount END AS owed, NULL AS owed_expenses
    FROM entries WHERE is_compared
    UNION ALL
    SELECT account_id, project_id, project_name, currency, NULL, NULL, CASE WHEN is_owed THEN amount END, CASE WHEN is_owed THEN amount END
    FROM spending WHERE is_compared
), of_entries AS (
    SELECT account_id, report, id, any_value(name) AS name, currency, unnest([
            {'measure': 'total_hours', 'amount': sum(hours)}, {'measure': 'billable_hours', 'amount': coalesce(sum(hours) FILTER (is_billable), 0)},
            {'measure': 'billable_amount', 'amount': coalesce(sum(amount) FILTER (is_billable), 0)}], max_depth := 2)
    FROM time_subjects GROUP BY account_id, report, id, currency
    UNION ALL
    SELECT account_id, report, id, any_value(name), currency, unnest([
            {'measure': 'total_amount', 'amount': sum(amount)}, {'measure': 'billable_amount', 'amount': coalesce(sum(amount) FILTER (is_billable), 0)}], max_depth := 2)
    FROM spending_subjects GROUP BY account_id, report, id, currency
    UNION ALL
    SELECT account_id, 'report_uninvoiced', project_id, any_value(project_name), currency, unnest([
            {'measure': 'total_hours', 'amount': coalesce(sum(hours), 0)}, {'measure': 'uninvoiced_hours', 'amount': coalesce(sum(owed_hours), 0)},
            {'measure': 'uninvoiced_expenses', 'amount': coalesce(sum(owed_expenses), 0)}, {'measure': 'uninvoiced_amount', 'amount': coalesce(sum(owed), 0)}], max_depth := 2)
    FROM owed GROUP BY account_id, project_id, currency
),
-- Each is materialized, since DuckDB 1.5.0 reads all columns of what UNION ALL joins.
time_clients AS MATERIALIZED (
    SELECT account_id, client_id AS id, client_name AS name, currency, total_hours, billable_hours, billable_amount
    FROM harvest.report_time_clients WHERE from_date = $from_date AND to_date = $to_date AND include_fixed_fee = true
), time_projects AS MATERIALIZED (
    SELECT account_id, project_id AS id, project_name AS name, currency, total_hours, billable_hours, billable_amount
    FROM harvest.report_time_projects WHERE from_date = $from_date AND to_date = $to_date AND include_fixed_fee = true
), time_tasks AS MATERIALIZED (
    SELECT account_id, task_id AS id, task_name AS name, currency, total_hours, billable_hours, billable_amount
    FROM harvest.report_time_tasks WHERE from_date = $from_date AND to_date = $to_date AND include_fixed_fee = true
), time_team AS MATERIALIZED (
    SELECT account_id, user_id AS id, user_name AS name, currency, total_hours, billable_hours, billable_amount
    FROM harvest.report_time_team WHERE from_date = $from_date AND to_date = $to_date AND include_fixed_fee = true
), expenses_clients AS MATERIALIZED (
    SELECT account_id, client_id AS id, client_name AS name, currency, total_amount, billable_amount
    FROM harvest.report_expenses_clients WHERE from_date = $from_date AND to_date = $to_date
), expenses_projects AS MATERIALIZED (
    SELECT account_id, project_id AS id, project_name AS name, currency, total_amount, billable_amount
    FROM harvest.report_expenses_projects WHERE from_date = $from_date AND to_date = $to_date
), expenses_categories AS MATERIALIZED (
    SELECT account_id, expense_category_id AS id, expense_category_name AS name, currency, total_amount, billable_amount
    FROM harvest.report_expenses_categories WHERE from_date = $from_date AND to_date = $to_date
), expenses_team AS MATERIALIZED (
    SELECT account_id, user_id AS id, user_name AS name, currency, total_amount, billable_amount
    FROM harvest.report_expenses_team WHERE from_date = $from_date AND to_date = $to_date
), uninvoiced AS MATERIALIZED (
    SELECT account_id, project_id AS id, project_name AS name, currency, total_hours, uninvoiced_hours, uninvoiced_expenses, uninvoiced_amount
    FROM harvest.report_uninvoiced WHERE from_date = $from_date AND to_date = $to_date AND include_fixed_fee = false
), time_reports AS (
    SELECT 'report_time_clients' AS report, * FROM time_clients
    UNION ALL
    SELECT 'report_time_projects' AS report, * FROM time_projects
    UNION ALL
    SELECT 'report_time_tasks' AS report, * FROM time_tasks
    UNION ALL
    SELECT 'report_time_team' AS report, * FROM time_team
), expense_reports AS (
    SELECT 'report_expenses_clients' AS report, * FROM expenses_clients
    UNION ALL
    SELECT 'report_expenses_projects' AS report, * FROM expenses_projects
    UNION ALL
    SELECT 'report_expenses_categories' AS report, * FROM expenses_categories
    UNION ALL
    SELECT 'report_expenses_team' AS report, * FROM expenses_team
), of_reports AS (
    SELECT account_id, report, id, name, currency, unnest([
            {'measure': 'total_hours', 'amount': total_hours}, {'measure': 'billable_hours', 'amount': billable_hours},
            {'measure': 'billable_amount', 'amount': billable_amount}], max_depth := 2)
    FROM time_reports
    UNION ALL
    SELECT account_id, report, id, name, currency, unnest([
            {'measure': 'total_amount', 'amount': total_amount}, {'measure': 'billable_amount', 'amount': billable_amount}], max_depth := 2)
    FROM expense_reports
    UNION ALL
    SELECT account_id, 'report_uninvoiced', id, name, currency, unnest([
            {'measure': 'total_hours', 'amount': total_hours}, {'measure': 'uninvoiced_hours', 'amount': uninvoiced_hours},
            {'measure': 'uninvoiced_expenses', 'amount': uninvoiced_expenses}, {'measure': 'uninvoiced_amount', 'amount': uninvoiced_amount}], max_depth := 2)
    FROM uninvoiced
), compared AS (
    SELECT account_id, report, id, any_value(name) AS name, currency, measure, round(sum(entries), 2)::DECIMAL(18, 4) AS of_entries, sum(reported)::DECIMAL(18, 4) AS of_report
    FROM (
        SELECT account_id, report, id, name, currency, measure, amount AS entries, NULL AS reported FROM of_entries
        UNION ALL
        SELECT account_id, report, id, name, currency, measure, NULL, amount FROM of_reports
    ) GROUP BY account_id, report, id, currency, measure
)
SELECT report, id, name, currency, measure, of_entries, of_report, (coalesce(of_entries, 0) - coalesce(of_report, 0))::DECIMAL(18, 4) AS difference, account_id
FROM compared WHERE coalesce(of_entries, 0) <> coalesce(of_report, 0)
