-- uninvoiced: what could be invoiced and is not, per project; Harvest's Uninvoiced report, with what it is made of
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--
-- Definition
SELECT r.client_id, r.client_name, r.project_id, r.project_name, p.is_active,
    CASE WHEN p.is_fixed_fee THEN 'fixed_fee' ELSE 'time_and_materials' END AS project_type, r.currency,
    r.total_hours, r.uninvoiced_hours, (r.uninvoiced_amount - r.uninvoiced_expenses)::DECIMAL(18, 4) AS uninvoiced_work,
    r.uninvoiced_expenses, r.uninvoiced_amount, r.account_id
FROM harvest.report_uninvoiced r LEFT JOIN harvest.projects p ON p.id = r.project_id AND p.account_id = r.account_id
WHERE r.from_date = $from_date AND r.to_date = $to_date AND (r.uninvoiced_amount > 0 OR r.uninvoiced_hours > 0)
