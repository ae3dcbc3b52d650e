-- lock_up: days of revenue tied up in work not invoiced (WIP days) and in invoices not paid (debtor days), per currency
--
-- Arguments
--   as_of DATE = current_date | the day to look from, by default today
--
-- Definition
WITH wip AS (
    SELECT account_id, currency, sum(uninvoiced_amount) AS amount FROM harvest.report_uninvoiced
    WHERE from_date = $as_of - 364 AND to_date = $as_of GROUP BY ALL
), i AS MATERIALIZED (SELECT account_id, currency, state, issue_date, amount, due_amount, coalesce(tax_amount, 0) + coalesce(tax2_amount, 0) AS tax FROM harvest.invoices),
billed AS (
    SELECT account_id, currency, sum(amount - tax) FILTER (state <> 'draft' AND issue_date BETWEEN $as_of - 364 AND $as_of) AS net,
        sum(amount) FILTER (state <> 'draft' AND issue_date BETWEEN $as_of - 364 AND $as_of) AS gross,
        sum(due_amount) FILTER (state = 'open') AS due FROM i GROUP BY ALL
)
SELECT coalesce(b.currency, w.currency) AS currency, coalesce(w.amount, 0)::DECIMAL(18, 4) AS uninvoiced, coalesce(b.due, 0)::DECIMAL(18, 4) AS due,
    coalesce(b.net, 0)::DECIMAL(18, 4) AS invoiced_in_a_year,
    round(w.amount / nullif(b.net, 0) * 365, 1) AS wip_days, round(coalesce(b.due, 0) / nullif(b.gross, 0) * 365, 1) AS debtor_days,
    round(coalesce(wip_days, 0) + coalesce(debtor_days, 0), 1) AS lock_up_days, coalesce(b.account_id, w.account_id) AS account_id
FROM billed b FULL JOIN wip w ON w.currency = b.currency AND w.account_id = b.account_id
