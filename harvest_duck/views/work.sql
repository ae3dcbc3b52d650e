-- work: every time entry with what it was worth, what it cost and what it is counted as
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--
-- Definition
--   The building block of the others. Money follows rounded hours (as Harvest's reports and invoices), rounded to cents by entry.
SELECT
    t.id AS time_entry_id, t.spent_date, t.user_id, t.user_name, t.client_id, t.client_name, t.project_id, t.project_name,
    t.task_id, t.task_name, t.is_running, t.is_billed, t.invoice_id, t.approval_status, t.billable,
    CASE WHEN p.is_fixed_fee THEN 'fixed_fee' WHEN NOT p.is_billable THEN 'non_billable' ELSE 'time_and_materials' END AS project_type,
    t.hours, coalesce(t.rounded_hours, t.hours) AS rounded_hours,
    p.client_currency AS currency,
    -- what the hours are worth at their rates; NULL where a billable hour has no rate, 0 where nobody pays
    CASE WHEN NOT t.billable THEN 0 ELSE round(coalesce(t.rounded_hours, t.hours) * t.billable_rate, 2) END::DECIMAL(18, 4) AS value_at_rates,
    -- Harvest's billable amount: fixed-fee projects earn their fee, not their hours
    CASE WHEN NOT t.billable OR p.is_fixed_fee THEN 0 ELSE round(coalesce(t.rounded_hours, t.hours) * t.billable_rate, 2) END::DECIMAL(18, 4) AS billable_amount,
    round(coalesce(t.rounded_hours, t.hours) * t.cost_rate, 2)::DECIMAL(18, 4) AS cost, -- in the account's currency
    t.billable_rate, t.cost_rate, t.account_id
FROM harvest.time_entries t
LEFT JOIN harvest.projects p ON p.id = t.project_id AND p.account_id = t.account_id
WHERE t.spent_date BETWEEN $from_date AND $to_date
