-- work: what is each time entry worth, what did it cost, and what is it counted as?
-- Access: rows
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--
-- Definition
--   One row for each time entry of the span, running timers with the hours that they have so far. Money follows the
--   rounded hours, as summary reports and invoices of Harvest do
--   (https://support.getharvest.com/hc/en-us/articles/360053116772), or the hours where Harvest gives no rounded ones.
--   Each amount is rounded to cents, halves away from zero, entry by entry, so that spans add up; Harvest does not
--   document its own order. The rates are those that Harvest gives with the entry, which were in force on its day. An
--   amount is NULL where its rate is not set or the token may not see it, and 0 where the client is not to pay for the
--   time. The hours of a project with a fixed fee have a value at their rates, but no billable amount: such a project
--   earns its fee. Value and billable amount are in the currency of the client; the cost is in the currency of the
--   account, which may differ.
--
-- Columns
--   time_entry_id: time entry, an id of time_entries
--   spent_date: day on which the time was spent
--   user_id: user whose time it is
--   user_name: first and last name of the user
--   client_id: client of the project
--   client_name: name of the client
--   project_id: project on which the time was spent
--   project_name: name of the project
--   task_id: task on which the time was spent
--   task_name: name of the task
--   is_running: whether the timer runs
--   is_billed: whether the time is on an invoice or marked as invoiced
--   invoice_id: invoice that bills the time; NULL until it is invoiced
--   approval_status: how far approval has come
--   billable: whether the client is to pay for the time
--   project_type: fixed_fee, non_billable or time_and_materials; NULL where the project is not there or may not be read
--   hours: hours, unrounded
--   rounded_hours: hours by the rounding rule of the account
--   currency: currency of the client, in which value and amount are; NULL where Harvest does not tell it
--   value_at_rates: rounded hours at the billable rate, 0 where the time is not billable
--   billable_amount: the same, but 0 for projects with a fixed fee; NULL where the project cannot be read
--   cost: rounded hours at the cost rate, in the currency of the account
--   billable_rate: rate of the entry an hour; NULL where it has none or the token may not see it
--   cost_rate: cost of the user an hour; NULL where it has none or the token may not see it
--   limited_to: what the token sees of the account; NULL where it sees all
--   account_id: account of the entry
WITH entries AS (
    SELECT *, coalesce(rounded_hours, hours) AS counted
    FROM harvest.time_entries WHERE spent_date BETWEEN $from_date AND $to_date
), valued AS (
    -- DuckDB multiplies DECIMAL(18, 4) by DECIMAL(18, 4) in 18 digits (1.4 to 2.0): one side is made wider.
    SELECT *, (CASE WHEN billable THEN round(counted::DECIMAL(20, 4) * billable_rate, 2) ELSE 0 END)::DECIMAL(18, 4) AS worth,
        round(counted::DECIMAL(20, 4) * cost_rate, 2)::DECIMAL(18, 4) AS cost
    FROM entries
)
SELECT
    t.id AS time_entry_id, t.spent_date, t.user_id, t.user_name, t.client_id, t.client_name, t.project_id, t.project_name,
    t.task_id, t.task_name, t.is_running, t.is_billed, t.invoice_id, t.approval_status, t.billable,
    CASE WHEN p.is_fixed_fee THEN 'fixed_fee' WHEN NOT p.is_billable THEN 'non_billable' WHEN p.id IS NOT NULL THEN 'time_and_materials' END AS project_type,
    t.hours, t.counted AS rounded_hours, coalesce(p.client_currency, t.client_currency) AS currency, t.worth AS value_at_rates,
    CASE WHEN p.is_fixed_fee OR NOT t.billable THEN 0 WHEN p.id IS NOT NULL THEN t.worth END::DECIMAL(18, 4) AS billable_amount,
    t.cost, t.billable_rate, t.cost_rate, v.limited_to, t.account_id
FROM valued t
LEFT JOIN harvest._internal.readable_projects() p ON p.id = t.project_id AND p.account_id = t.account_id
LEFT JOIN harvest._internal.visible('work', 'rows') v ON v.account_id = t.account_id
