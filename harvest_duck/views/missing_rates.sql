-- missing_rates: what makes money figures wrong: billable hours without a rate, hours without a cost, fixed fees without dates
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--
-- Definition
SELECT 'billable rate' AS missing, t.project_id, t.client_name, t.project_name, t.user_id, t.user_name, count(*) AS entries, sum(t.hours) AS hours, t.account_id
FROM harvest.time_entries t JOIN harvest.projects p ON p.id = t.project_id AND p.account_id = t.account_id AND NOT p.is_fixed_fee
WHERE t.spent_date BETWEEN $from_date AND $to_date AND t.billable AND coalesce(t.billable_rate, 0) = 0 GROUP BY ALL
UNION ALL
SELECT 'cost rate', project_id, client_name, project_name, user_id, user_name, count(*), sum(hours), account_id
FROM harvest.time_entries WHERE spent_date BETWEEN $from_date AND $to_date AND coalesce(cost_rate, 0) = 0 GROUP BY ALL
UNION ALL
SELECT CASE WHEN fee IS NULL THEN 'fee' WHEN starts_on IS NULL THEN 'starts_on' ELSE 'ends_on' END, id, client_name, name, NULL, NULL, NULL, NULL, account_id
FROM harvest.projects WHERE is_fixed_fee AND is_active AND (fee IS NULL OR starts_on IS NULL OR ends_on IS NULL)
