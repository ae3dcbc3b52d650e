-- realization: what would each client's billable hours be worth at people's standard rates, at the rates agreed, and as invoiced?
-- Access: account
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--
-- Definition
--   One row for each client and currency with billable time in the span on projects without a fixed fee. Money follows
--   the rounded hours, as summary reports and invoices of Harvest do
--   (https://support.getharvest.com/hc/en-us/articles/360053116772). Each amount is rounded to cents, entry by entry.
--   The standard rate of a person is the user's billable rate that was in force on the day, whatever the rate of the
--   project. If several rates were in force, it is the one that began last. It has no currency of its own, and the view
--   takes it to be in the currency of the client. If some of the hours have no standard rate, their worth at standard
--   rates is not known, and is NULL. The rate agreed is that of the entry. Hours without one are worth nothing, as in
--   Harvest's reports; missing_rates lists them. Invoiced is the worth, at the rates agreed, of the hours that are on
--   an invoice, without discounts and write-offs of the invoice.
--
-- Columns
--   client_id: client
--   client_name: name of the client
--   currency: currency of the client; NULL where Harvest does not tell it
--   billable_hours: billable hours, by the rounding rule of the account
--   at_standard_rates: the hours at the standard rates of people; NULL where some have none
--   at_agreed_rates: the hours at their own rates, Harvest's billable amount
--   invoiced: the part of at_agreed_rates that is on invoices or marked as invoiced
--   rate_realization: at_agreed_rates ÷ at_standard_rates
--   billing_realization: invoiced ÷ at_agreed_rates
--   average_billable_rate: at_agreed_rates ÷ billable_hours
--   account_id: account of the client
WITH rates AS (
    SELECT account_id, user_id, amount, coalesce(start_date, DATE '0001-01-01') AS since,
        least(coalesce(end_date, DATE '9999-12-31'), coalesce(lead(start_date) OVER (
            PARTITION BY account_id, user_id ORDER BY start_date ASC NULLS FIRST, id ASC) - 1, DATE '9999-12-31')) AS until
    FROM harvest.billable_rates
), entries AS (
    -- DuckDB multiplies DECIMAL(18, 4) by DECIMAL(18, 4) in 18 digits (1.4 to 2.0): one side is made wider.
    SELECT account_id, user_id, client_id, client_name, client_currency, project_id, spent_date, is_billed, billable_rate,
        coalesce(rounded_hours, hours)::DECIMAL(20, 4) AS counted
    FROM harvest.time_entries WHERE spent_date BETWEEN $from_date AND $to_date AND billable
), valued AS (
    SELECT t.account_id, t.client_id, t.client_name, coalesce(p.client_currency, t.client_currency) AS currency, t.counted,
        round(t.counted * r.amount, 2)::DECIMAL(18, 4) AS standard, coalesce(round(t.counted * t.billable_rate, 2), 0)::DECIMAL(18, 4) AS agreed, t.is_billed
    FROM entries t
    LEFT JOIN harvest.projects p ON p.id = t.project_id AND p.account_id = t.account_id
    LEFT JOIN rates r ON r.user_id = t.user_id AND r.account_id = t.account_id AND t.spent_date BETWEEN r.since AND r.until
    WHERE NOT coalesce(p.is_fixed_fee, false)
), clients AS (
    SELECT client_id, any_value(client_name) AS client_name, currency, sum(counted)::DECIMAL(18, 4) AS billable_hours,
        CASE WHEN count(*) = count(standard) THEN sum(standard) END::DECIMAL(18, 4) AS at_standard_rates,
        sum(agreed)::DECIMAL(18, 4) AS at_agreed_rates, coalesce(sum(agreed) FILTER (is_billed), 0)::DECIMAL(18, 4) AS invoiced, account_id
    FROM valued GROUP BY client_id, currency, account_id
)
SELECT client_id, client_name, currency, billable_hours, at_standard_rates, at_agreed_rates, invoiced,
    round(at_agreed_rates / nullif(at_standard_rates, 0), 4) AS rate_realization,
    round(invoiced / nullif(at_agreed_rates, 0), 4) AS billing_realization,
    -- In whole numbers, since DuckDB divides decimals as binary ones (1.4 to 2.0): twice the quotient and a half, by two.
    (((agreed * 20000 + hours) // nullif(2 * hours, 0))::DECIMAL(22, 0) * 0.0001)::DECIMAL(18, 4) AS average_billable_rate, account_id
FROM (
    SELECT *, (at_agreed_rates::DECIMAL(38, 4) * 10000)::HUGEINT AS agreed, (billable_hours::DECIMAL(38, 4) * 10000)::HUGEINT AS hours FROM clients)
