-- wip_ageing: uninvoiced billable work and expenses of time-and-materials projects, by age in days
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   as_of DATE = current_date | the day to look from, by default today
--
-- Definition
WITH owed AS (
    SELECT t.account_id, t.client_id, t.client_name, p.client_currency AS currency, $as_of - t.spent_date AS age,
        round(coalesce(t.rounded_hours, t.hours) * t.billable_rate, 2) AS amount
    FROM harvest.time_entries t JOIN harvest.projects p ON p.id = t.project_id AND p.account_id = t.account_id
    WHERE t.spent_date BETWEEN $from_date AND $as_of AND t.is_billed = false AND t.billable AND NOT p.is_fixed_fee
    UNION ALL
    SELECT e.account_id, e.client_id, e.client_name, p.client_currency, $as_of - e.spent_date, e.total_cost
    FROM harvest.expenses e JOIN harvest.projects p ON p.id = e.project_id AND p.account_id = e.account_id
    WHERE e.spent_date BETWEEN $from_date AND $as_of AND e.is_billed = false AND e.billable AND NOT p.is_fixed_fee
)
SELECT client_id, client_name, currency, coalesce(sum(amount), 0)::DECIMAL(18, 4) AS amount,
    coalesce(sum(amount) FILTER (age <= 30), 0)::DECIMAL(18, 4) AS days_0_30,
    coalesce(sum(amount) FILTER (age BETWEEN 31 AND 60), 0)::DECIMAL(18, 4) AS days_31_60,
    coalesce(sum(amount) FILTER (age BETWEEN 61 AND 90), 0)::DECIMAL(18, 4) AS days_61_90,
    coalesce(sum(amount) FILTER (age > 90), 0)::DECIMAL(18, 4) AS days_over_90,
    max(age) AS oldest_days, account_id
FROM owed GROUP BY ALL
