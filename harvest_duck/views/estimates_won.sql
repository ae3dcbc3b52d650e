-- estimates_won: offers by quarter and currency: how many were won, how much of that was invoiced
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--
-- Definition
WITH billed AS (SELECT DISTINCT account_id, estimate_id FROM harvest.invoices WHERE estimate_id IS NOT NULL)
SELECT date_trunc('quarter', e.issue_date)::DATE AS quarter, e.currency, count(*) AS offers, sum(e.amount) AS offered,
    count(*) FILTER (e.state = 'accepted') AS won, coalesce(sum(e.amount) FILTER (e.state = 'accepted'), 0)::DECIMAL(18, 4) AS won_amount,
    count(*) FILTER (e.state = 'sent') AS open, count(*) FILTER (b.estimate_id IS NOT NULL) AS invoiced,
    round(won / nullif(count(*) FILTER (e.state IN ('accepted', 'declined')), 0), 4) AS win_rate,
    round(avg(e.accepted_at::DATE - e.issue_date) FILTER (e.state = 'accepted'), 1) AS days_to_accept, e.account_id
FROM harvest.estimates e LEFT JOIN billed b ON b.estimate_id = e.id AND b.account_id = e.account_id
WHERE e.issue_date BETWEEN $from_date AND $to_date AND e.state <> 'draft' GROUP BY ALL
