-- profitability: revenue, cost and profit of each project, as Harvest's Profitability report counts them
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--   cost_currency VARCHAR = NULL | currency of the cost rates; NULL takes that of the account, where Harvest tells it
--
-- Definition
--   time and materials: billable hours x rate + billable expenses; fixed fee: the fee, or what was invoiced if more, spread
--   evenly over starts_on..ends_on; cost: all hours x cost rate + all expenses. Profit only where costs and fees share a currency.
WITH hours AS (
    SELECT t.account_id, t.project_id, sum(t.hours) AS hours, sum(t.hours) FILTER (t.billable) AS billable_hours,
        sum(CASE WHEN t.billable THEN round(coalesce(t.rounded_hours, t.hours) * t.billable_rate, 2) END) AS worth,
        sum(round(coalesce(t.rounded_hours, t.hours) * t.cost_rate, 2)) AS labour,
        count(*) FILTER (t.billable AND t.billable_rate IS NULL) AS unrated, count(*) FILTER (t.cost_rate IS NULL) AS uncosted
    FROM harvest.time_entries t WHERE t.spent_date BETWEEN $from_date AND $to_date GROUP BY ALL
), spending AS (
    SELECT account_id, project_id, sum(total_cost) AS total, sum(total_cost) FILTER (billable) AS billable
    FROM harvest.expenses WHERE spent_date BETWEEN $from_date AND $to_date GROUP BY ALL
), billed AS (
    SELECT account_id, project_id, sum(amount) AS amount FROM harvest.invoice_line_items
    WHERE kind = 'Service' AND invoice_state <> 'draft' GROUP BY ALL
), rows AS (
    SELECT p.*, h.hours, h.billable_hours, h.unrated, h.uncosted, coalesce(s.total, 0) AS expenses,
        CASE WHEN p.is_fixed_fee THEN
            CASE WHEN p.starts_on IS NULL OR p.ends_on IS NULL OR p.fee IS NULL THEN NULL
                 ELSE greatest(p.fee, coalesce(b.amount, 0)) / (p.ends_on - p.starts_on + 1)
                      * greatest(0, least(p.ends_on, $to_date) - greatest(p.starts_on, $from_date) + 1) END
            ELSE coalesce(h.worth, 0) + coalesce(s.billable, 0) END AS revenue,
        coalesce(h.labour, 0) AS labour
    FROM harvest.projects p
    LEFT JOIN hours h ON h.project_id = p.id AND h.account_id = p.account_id
    LEFT JOIN spending s ON s.project_id = p.id AND s.account_id = p.account_id
    LEFT JOIN billed b ON b.project_id = p.id AND b.account_id = p.account_id
    WHERE h.project_id IS NOT NULL OR s.project_id IS NOT NULL
        OR (p.is_fixed_fee AND p.starts_on <= $to_date AND p.ends_on >= $from_date)
)
SELECT client_id, client_name, id AS project_id, name AS project_name, is_active,
    CASE WHEN is_fixed_fee THEN 'fixed_fee' WHEN NOT is_billable THEN 'non_billable' ELSE 'time_and_materials' END AS project_type,
    client_currency AS currency, coalesce(hours, 0)::DECIMAL(18, 4) AS hours, coalesce(billable_hours, 0)::DECIMAL(18, 4) AS billable_hours,
    round(revenue, 2)::DECIMAL(18, 4) AS revenue, labour::DECIMAL(18, 4) AS labour_cost, expenses::DECIMAL(18, 4) AS expenses,
    CASE WHEN client_currency = coalesce($cost_currency, client_currency) THEN round(revenue - labour - expenses, 2)::DECIMAL(18, 4) END AS profit,
    round(profit / nullif(revenue, 0), 4) AS margin,
    round(revenue / nullif(hours, 0), 4)::DECIMAL(18, 4) AS revenue_an_hour,
    CASE WHEN is_fixed_fee AND (starts_on IS NULL OR ends_on IS NULL) THEN 'dates' WHEN is_fixed_fee AND fee IS NULL THEN 'fee'
         WHEN NOT is_fixed_fee AND unrated > 0 THEN 'billable rates' WHEN uncosted > 0 THEN 'cost rates' END AS missing,
    account_id
FROM rows
