-- profitability: what did each project earn, what did it cost, and what is left?
-- Access: account
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--   cost_currency VARCHAR = NULL | currency of the cost rates, by default that of the account where Harvest tells it
--
-- Definition
--   One row for each project with time or expenses in the span, and for each project with a fixed fee and a planned day
--   in the span. The view follows Harvest's own report on profitability
--   (https://support.getharvest.com/hc/en-us/articles/25342727197581). Revenue of time and materials: each billable
--   entry at its rate, to the cent, plus billable expenses. It counts before it is invoiced. Revenue of a fixed fee:
--   the fee, or what was invoiced of the project if that is more, spread evenly over the days from starts_on to
--   ends_on. The span gets the share of its days; the shares of months add up to the whole, to the cent. Line items of
--   the kind Service count as invoiced, on all invoices but drafts, whatever their day, before discount and taxes. If
--   this category has another name in the account, only the fee counts. A fee that is billed in parts counts with the
--   sum of the parts. If the fee or one of the two days is missing, the revenue is NULL. Revenue of a project that is
--   not billable: 0. Costs: each entry at its cost rate, to the cent, billable or not, and all expenses. Hours are
--   rounded as the account rounds them, in the hours, the revenue and the costs
--   (https://support.getharvest.com/hc/en-us/articles/360053116772). Revenue and expenses are in the currency of the
--   client (https://support.getharvest.com/hc/en-us/articles/360055384512). Cost rates are in the currency of the
--   account. So there is a profit only if both currencies are the same: amounts in different currencies are never added
--   or subtracted. A figure that would be too low is NULL: the revenue if a billable entry has no rate, the labour cost
--   if an entry has no cost rate, and every figure that is computed from them. The column missing says why a figure is
--   NULL, with a comma between several reasons. billable rates, cost rates: entries lack them. dates, fee: a project
--   with a fixed fee lacks them. currency of invoices: a fixed fee was invoiced in another currency than the client's.
--   currency of project: the project names another currency than its client. cost currency: Harvest does not tell the
--   currency of the account. exchange rate: costs are in another currency than revenue. project: Harvest no longer
--   lists the project.
--
-- Columns
--   client_id: client of the project
--   client_name: name of the client
--   project_id: the project
--   project_name: name of the project
--   is_active: whether the project is active; false once archived
--   project_type: time_and_materials, fixed_fee or non_billable
--   currency: currency of revenue and expenses
--   hours: all hours of the span, by the account's rounding rule
--   billable_hours: of them, the billable ones
--   revenue: what the project earned in the span
--   labour_cost: hours at their cost rates, in cost_currency
--   expenses: all expenses, billable or not
--   profit: revenue less labour cost and expenses
--   margin: profit as a share of revenue
--   revenue_an_hour: revenue for each hour of the span
--   missing: why a figure is NULL
--   cost_currency: currency of labour_cost
--   account_id: Harvest account of the row
WITH entries AS MATERIALIZED (
    -- Both are materialized, since DuckDB 1.5.0 reads all columns of what UNION ALL joins.
    SELECT account_id, client_id, client_name, client_currency, project_id, project_name, billable,
        coalesce(rounded_hours, hours)::DECIMAL(20, 4) AS hours, billable_rate, cost_rate, 0 AS cost
    FROM harvest.time_entries WHERE spent_date BETWEEN $from_date AND $to_date
), spending AS MATERIALIZED (
    SELECT account_id, client_id, client_name, client_currency, project_id, project_name, billable,
        0 AS hours, 0 AS billable_rate, 0 AS cost_rate, total_cost AS cost
    FROM harvest.expenses WHERE spent_date BETWEEN $from_date AND $to_date
), spent AS (
    FROM entries UNION ALL FROM spending
), work AS (
    SELECT account_id, project_id, max(client_id) AS client_id, max(client_name) AS client_name,
        max(client_currency) AS client_currency, max(project_name) AS project_name,
        sum(hours) AS hours, sum(hours) FILTER (billable) AS billable_hours,
        sum(round(hours * billable_rate, 2)) FILTER (billable) AS worth, sum(round(hours * cost_rate, 2)) AS labour,
        sum(cost) AS expenses, sum(cost) FILTER (billable) AS billable_expenses,
        count(*) FILTER (billable AND hours <> 0 AND billable_rate IS NULL) AS unrated,
        count(*) FILTER (hours <> 0 AND cost_rate IS NULL) AS uncosted
    FROM spent GROUP BY ALL
), billed AS (
    SELECT account_id, line.project.id AS project_id, sum(line.amount) AS amount, min(currency) AS one_currency,
        max(currency) AS other_currency
    FROM (SELECT account_id, currency, unnest(line_items) AS line FROM harvest.invoices WHERE state <> 'draft')
    WHERE line.kind = 'Service' GROUP BY ALL
), joined AS (
    SELECT w.*, p.account_id AS its_account, p.id, p.name, p.is_active, p.client_id AS its_client, p.client_name AS its_client_name,
        CASE WHEN p.is_fixed_fee THEN 'fixed_fee' WHEN p.is_billable THEN 'time_and_materials'
             WHEN p.id IS NOT NULL THEN 'non_billable' END AS project_type,
        p.currency <> p.client_currency AS two_currencies,
        CASE WHEN two_currencies THEN NULL ELSE coalesce(p.client_currency, p.currency, w.client_currency) END AS in_currency,
        p.fee, CASE WHEN p.ends_on >= p.starts_on THEN p.ends_on - p.starts_on + 1 END AS days,
        least(greatest($from_date - p.starts_on, 0), days) AS days_before,
        least(greatest($to_date - p.starts_on + 1, 0), days) AS days_then,
        b.one_currency <> in_currency OR b.other_currency <> in_currency AS billed_otherwise,
        -- Ten-thousandths as whole numbers, because DuckDB divides decimals as binary fractions.
        (greatest(p.fee, coalesce(b.amount, 0))::DECIMAL(28, 4) * 10000)::HUGEINT AS earned
    FROM harvest.projects p
    FULL JOIN work w ON w.project_id = p.id AND w.account_id = p.account_id
    LEFT JOIN billed b ON b.project_id = p.id AND b.account_id = p.account_id
    WHERE w.account_id IS NOT NULL OR p.is_fixed_fee AND days IS NOT NULL AND days_before < days_then
), figures AS (
    SELECT j.*, coalesce(upper($cost_currency), c.currency) AS cost_currency,
        CASE project_type
            WHEN 'non_billable' THEN 0
            WHEN 'time_and_materials' THEN
                CASE WHEN unrated = 0 AND in_currency IS NOT NULL THEN coalesce(worth, 0) + coalesce(billable_expenses, 0) END
            WHEN 'fixed_fee' THEN
                CASE WHEN fee IS NOT NULL AND in_currency IS NOT NULL AND billed_otherwise IS NOT TRUE
                     THEN ((2 * earned * days_then + 100 * days) // (200 * days)
                            - (2 * earned * days_before + 100 * days) // (200 * days))::DECIMAL(28, 0) * 0.01 END
            END::DECIMAL(18, 4) AS revenue,
        CASE WHEN coalesce(uncosted, 0) = 0 THEN coalesce(labour, 0)::DECIMAL(18, 4) END AS labour_cost,
        (j.hours::DECIMAL(28, 4) * 10000)::HUGEINT AS hour_parts
    FROM joined j
    LEFT JOIN harvest.company c ON $cost_currency IS NULL AND c.account_id = coalesce(j.its_account, j.account_id)
)
SELECT coalesce(its_client, client_id) AS client_id, coalesce(its_client_name, client_name) AS client_name,
    coalesce(id, project_id) AS project_id, coalesce(name, project_name) AS project_name, is_active, project_type,
    in_currency AS currency, coalesce(hours, 0)::DECIMAL(18, 4) AS hours,
    coalesce(billable_hours, 0)::DECIMAL(18, 4) AS billable_hours, revenue, labour_cost,
    coalesce(f.expenses, 0)::DECIMAL(18, 4) AS expenses,
    CASE WHEN in_currency = cost_currency OR in_currency IS NOT NULL AND labour_cost = 0
         THEN (revenue - labour_cost - coalesce(f.expenses, 0))::DECIMAL(18, 4) END AS profit,
    round(profit / nullif(revenue, 0), 4) AS margin,
    (((20000 * (revenue::DECIMAL(28, 4) * 10000)::HUGEINT + hour_parts) // (2 * nullif(hour_parts, 0)))::DECIMAL(28, 0)
        * 0.0001)::DECIMAL(18, 4) AS revenue_an_hour,
    nullif(concat_ws(', ',
        CASE WHEN id IS NULL THEN 'project' END,
        CASE WHEN two_currencies THEN 'currency of project' END,
        CASE WHEN project_type = 'fixed_fee' AND days IS NULL THEN 'dates' END,
        CASE WHEN project_type = 'fixed_fee' AND fee IS NULL THEN 'fee' END,
        CASE WHEN project_type = 'fixed_fee' AND billed_otherwise THEN 'currency of invoices' END,
        CASE WHEN project_type = 'time_and_materials' AND unrated > 0 THEN 'billable rates' END,
        CASE WHEN uncosted > 0 THEN 'cost rates' END,
        CASE WHEN labour_cost IS DISTINCT FROM 0 AND cost_currency IS NULL THEN 'cost currency' END,
        CASE WHEN labour_cost IS DISTINCT FROM 0 AND cost_currency <> in_currency THEN 'exchange rate' END), '') AS missing,
    cost_currency, coalesce(its_account, account_id) AS account_id
FROM figures f
