-- realization: per client, what billable hours would be worth at people's standard rates, at the rates agreed, and as invoiced
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--
-- Definition
--   standard rate = the person's billable rate in force on the day (billable_rates), whatever the project's rate
WITH rates AS (
    SELECT account_id, user_id, amount, coalesce(start_date, DATE '0001-01-01') AS since, coalesce(end_date, DATE '9999-12-31') AS until
    FROM harvest.billable_rates
)
SELECT t.client_id, t.client_name, p.client_currency AS currency,
    sum(coalesce(t.rounded_hours, t.hours)) AS billable_hours,
    sum(round(coalesce(t.rounded_hours, t.hours) * r.amount, 2))::DECIMAL(18, 4) AS at_standard_rates,
    sum(round(coalesce(t.rounded_hours, t.hours) * t.billable_rate, 2))::DECIMAL(18, 4) AS at_agreed_rates,
    coalesce(sum(round(coalesce(t.rounded_hours, t.hours) * t.billable_rate, 2)) FILTER (t.is_billed), 0)::DECIMAL(18, 4) AS invoiced,
    round(at_agreed_rates / nullif(at_standard_rates, 0), 4) AS rate_realization,
    round(invoiced / nullif(at_agreed_rates, 0), 4) AS billing_realization,
    round(at_agreed_rates / nullif(billable_hours, 0), 4)::DECIMAL(18, 4) AS average_billable_rate, t.account_id
FROM harvest.time_entries t
JOIN harvest.projects p ON p.id = t.project_id AND p.account_id = t.account_id AND NOT p.is_fixed_fee
LEFT JOIN rates r ON r.user_id = t.user_id AND r.account_id = t.account_id AND t.spent_date BETWEEN r.since AND r.until
WHERE t.spent_date BETWEEN $from_date AND $to_date AND t.billable
GROUP BY t.client_id, t.client_name, p.client_currency, t.account_id
