-- revenue_by_month: what was invoiced, collected and written off per month and currency, before tax
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--
-- Definition
--   by issue date; drafts are no revenue; payments in part are in collected of no month (their day costs a request per invoice)
WITH i AS MATERIALIZED (
    SELECT account_id, currency, state, issue_date, paid_date, closed_at::DATE AS closed_on, amount, due_amount,
        coalesce(tax_amount, 0) + coalesce(tax2_amount, 0) AS tax FROM harvest.invoices WHERE state <> 'draft'
), moves AS (
    SELECT account_id, currency, date_trunc('month', issue_date)::DATE AS month, amount - tax AS net, tax, 0 AS paid, 0 AS lost, 1 AS n FROM i WHERE issue_date BETWEEN $from_date AND $to_date
    UNION ALL
    SELECT account_id, currency, date_trunc('month', paid_date)::DATE, 0, 0, amount, 0, 0 FROM i WHERE state = 'paid' AND paid_date BETWEEN $from_date AND $to_date
    UNION ALL
    SELECT account_id, currency, date_trunc('month', closed_on)::DATE, 0, 0, 0, due_amount, 0 FROM i WHERE state = 'closed' AND closed_on BETWEEN $from_date AND $to_date
)
SELECT month, currency, sum(n) AS invoices, sum(net)::DECIMAL(18, 4) AS invoiced, sum(tax)::DECIMAL(18, 4) AS tax,
    sum(paid)::DECIMAL(18, 4) AS collected, sum(lost)::DECIMAL(18, 4) AS written_off, account_id
FROM moves GROUP BY ALL
