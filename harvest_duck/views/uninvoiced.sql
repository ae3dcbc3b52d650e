-- uninvoiced: what could be invoiced and is not, per project?
-- Access: account
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--
-- Definition
--   Harvest's own Uninvoiced report (https://support.getharvest.com/hc/en-us/articles/360048181472), which covers at
--   most a year at once, with the kind of the project, and without projects that have nothing left to invoice. For time
--   and materials it has the billable time and expenses of the span that are on no invoice, rounded hours at their
--   rates. For a fixed fee it has the part of the fee that is not invoiced yet, whatever the span, unless the span ends
--   before the project begins; and the expenses of the span.
--
-- Columns
--   client_id: client
--   client_name: name of the client
--   project_id: project
--   project_name: name of the project
--   is_active: whether the project is active; false once archived
--   project_type: fixed_fee or time_and_materials; NULL where the project is not there any more
--   currency: currency of the amounts
--   total_hours: all hours of the span, by the rounding rule of the account
--   uninvoiced_hours: billable hours that are on no invoice
--   uninvoiced_work: those hours at their rates, or what is left of the fixed fee
--   uninvoiced_expenses: billable expenses that are on no invoice
--   uninvoiced_amount: uninvoiced_work + uninvoiced_expenses
--   account_id: account of the project
SELECT r.client_id, r.client_name, r.project_id, r.project_name, p.is_active,
    CASE WHEN p.is_fixed_fee THEN 'fixed_fee' WHEN p.id IS NOT NULL THEN 'time_and_materials' END AS project_type, r.currency,
    r.total_hours, r.uninvoiced_hours, (r.uninvoiced_amount - r.uninvoiced_expenses)::DECIMAL(18, 4) AS uninvoiced_work,
    r.uninvoiced_expenses, r.uninvoiced_amount, r.account_id
FROM harvest.report_uninvoiced r LEFT JOIN harvest.projects p ON p.id = r.project_id AND p.account_id = r.account_id
WHERE r.from_date = $from_date AND r.to_date = $to_date AND (r.uninvoiced_amount <> 0 OR r.uninvoiced_expenses <> 0 OR r.uninvoiced_hours <> 0)
