-- wip_ageing: how old is what could be invoiced and is not, for each client?
-- Access: account
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   as_of DATE = current_date | the day to look from, by default today
--
-- Definition
--   One row for each client and currency with billable time or expenses that are not invoiced, from from_date to as_of,
--   by the days that have passed since they were spent. What is on an invoice today counts as invoiced on every day,
--   because Harvest keeps no history of it. The time of projects without a fixed fee counts, rounded hours at the rate
--   of the entry, each amount rounded to cents. Time without a rate is worth nothing, as in Harvest's reports, and
--   missing_rates lists it. The expenses of all projects count. The part of a fixed fee that is not invoiced yet has no
--   age and is not here. The view uninvoiced has it, and apart from this part both views add up to the same
--   (https://support.getharvest.com/hc/en-us/articles/360048181472).
--
-- Columns
--   client_id: client
--   client_name: name of the client
--   currency: currency of the client; NULL where Harvest does not tell it
--   amount: time and expenses that are not invoiced
--   days_0_30: what is at most 30 days old
--   days_31_60: what is 31 to 60 days old
--   days_61_90: what is 61 to 90 days old
--   days_over_90: what is older
--   oldest_days: age of the oldest in days
--   account_id: account of the client
WITH projects AS MATERIALIZED (
    SELECT account_id, id, client_currency, is_fixed_fee FROM harvest.projects
),
-- Both are materialized, since DuckDB 1.5.0 reads all columns of what UNION ALL joins.
entries AS MATERIALIZED (
    -- DuckDB multiplies DECIMAL(18, 4) by DECIMAL(18, 4) in 18 digits (1.4 to 2.0): one side is made wider.
    SELECT t.account_id, t.client_id, t.client_name, coalesce(p.client_currency, t.client_currency) AS currency, $as_of - t.spent_date AS age,
        round(coalesce(t.rounded_hours, t.hours)::DECIMAL(20, 4) * t.billable_rate, 2)::DECIMAL(18, 4) AS amount
    FROM harvest.time_entries t LEFT JOIN projects p ON p.id = t.project_id AND p.account_id = t.account_id
    WHERE t.spent_date BETWEEN $from_date AND $as_of AND t.is_billed = false AND t.billable AND NOT coalesce(p.is_fixed_fee, false)
), spending AS MATERIALIZED (
    SELECT e.account_id, e.client_id, e.client_name, coalesce(p.client_currency, e.client_currency) AS currency, $as_of - e.spent_date AS age,
        e.total_cost AS amount
    FROM harvest.expenses e LEFT JOIN projects p ON p.id = e.project_id AND p.account_id = e.account_id
    WHERE e.spent_date BETWEEN $from_date AND $as_of AND e.is_billed = false AND e.billable
), owed AS (
    FROM entries UNION ALL FROM spending
)
SELECT client_id, any_value(client_name) AS client_name, currency, coalesce(sum(amount), 0)::DECIMAL(18, 4) AS amount,
    coalesce(sum(amount) FILTER (age <= 30), 0)::DECIMAL(18, 4) AS days_0_30,
    coalesce(sum(amount) FILTER (age BETWEEN 31 AND 60), 0)::DECIMAL(18, 4) AS days_31_60,
    coalesce(sum(amount) FILTER (age BETWEEN 61 AND 90), 0)::DECIMAL(18, 4) AS days_61_90,
    coalesce(sum(amount) FILTER (age > 90), 0)::DECIMAL(18, 4) AS days_over_90,
    max(age) AS oldest_days, account_id
FROM owed GROUP BY client_id, currency, account_id
