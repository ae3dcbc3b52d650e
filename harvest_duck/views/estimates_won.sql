-- estimates_won: how many of the offers of each quarter were won, how soon, and how many were invoiced?
-- Access: account
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--
-- Definition
--   Estimates that were issued in the span, by quarter of issue and currency; drafts are left out. An estimate counts
--   in the quarter of issue, whenever the client decides, so a recent quarter is not complete yet. Amounts are with
--   taxes and after the discount, as the estimate shows them. An estimate is won if it is accepted now. The win rate is
--   the share of won estimates among the decided ones, which are accepted or declined; open estimates do not count in
--   it. Days to accept are from issue to acceptance, by the day in UTC. An accepted estimate without a day of
--   acceptance counts as won, but not in this average. An estimate counts as invoiced if at least one invoice that is
--   not a draft was made from it, whether it is accepted or not.
--
-- Columns
--   quarter: first day of the quarter
--   currency: currency of the estimates
--   offers: how many were issued
--   offered: their amounts, with taxes
--   won: how many of them are accepted
--   won_amount: amounts of the accepted ones, with taxes
--   open: how many the client has not decided
--   invoiced: how many have an invoice
--   win_rate: accepted as a share of accepted and declined; NULL where none is decided
--   days_to_accept: days from issue to acceptance, on average
--   account_id: Harvest account of the row
WITH billed AS (
    SELECT DISTINCT account_id, estimate_id FROM harvest.invoices WHERE estimate_id IS NOT NULL AND state <> 'draft'
)
SELECT date_trunc('quarter', e.issue_date)::DATE AS quarter, e.currency, count(*) AS offers,
    sum(e.amount)::DECIMAL(18, 4) AS offered, count(*) FILTER (e.state = 'accepted') AS won,
    coalesce(sum(e.amount) FILTER (e.state = 'accepted'), 0)::DECIMAL(18, 4) AS won_amount,
    count(*) FILTER (e.state = 'sent') AS open, count(b.estimate_id) AS invoiced,
    round(won::DOUBLE / nullif(count(*) FILTER (e.state IN ('accepted', 'declined')), 0), 4) AS win_rate,
    round(avg((e.accepted_at AT TIME ZONE 'UTC')::DATE - e.issue_date) FILTER (e.state = 'accepted'), 1) AS days_to_accept,
    e.account_id
FROM harvest.estimates e LEFT JOIN billed b ON b.estimate_id = e.id AND b.account_id = e.account_id
WHERE e.issue_date BETWEEN $from_date AND $to_date AND e.state <> 'draft' GROUP BY ALL
