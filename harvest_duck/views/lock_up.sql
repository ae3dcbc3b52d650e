-- lock_up: how many days of revenue are tied up in work not invoiced (WIP days) and in invoices not paid (debtor days)?
-- Access: account
--
-- Arguments
--   as_of DATE = current_date | the last of the 365 days that count, by default today
--
-- Definition
--   WIP days are 365 times what is not invoiced, divided by what was invoiced in 365 days, both without taxes. Debtor
--   days are 365 times what is due, divided by what was invoiced in 365 days, both with taxes. Lock-up days are the sum
--   of both. What is not invoiced comes from Harvest's own Uninvoiced report for the 365 days up to as_of, as in the
--   view uninvoiced: work, expenses, and the part of fixed fees that is not invoiced yet. Older work is left out
--   (https://help.getharvest.com/api-v2/reports-api/reports/uninvoiced-report/). What is due comes from all open
--   invoices, whatever their day, as in receivables. Both are as of now, even with an earlier as_of: the API does not
--   tell what was uninvoiced or due then. Drafts count neither as invoiced nor as due. Closed invoices count as
--   invoiced, but not as due. Currencies are never added up: an invoice counts in its own currency, and work in the
--   currency of the client. If nothing was invoiced in a currency in the 365 days, its days are NULL where something is
--   uninvoiced or due, and so is their sum; where nothing is, they are 0. A currency in which nothing is uninvoiced,
--   due or invoiced has no row.
--
-- Columns
--   currency: the currency
--   uninvoiced: what is not invoiced, without taxes
--   due: what is due on open invoices, with taxes
--   invoiced_in_a_year: what was invoiced in the 365 days, without taxes
--   wip_days: days of revenue that are not invoiced
--   debtor_days: days of revenue that are not paid
--   lock_up_days: both together
--   account_id: Harvest account of the row
WITH wip AS (
    SELECT account_id, currency, sum(uninvoiced_amount) AS uninvoiced FROM harvest.report_uninvoiced
    WHERE from_date = $as_of - 364 AND to_date = $as_of GROUP BY ALL
), billed AS (
    SELECT account_id, currency, coalesce(sum(amount) FILTER (recent), 0) AS gross, coalesce(sum(tax) FILTER (recent), 0) AS tax,
        coalesce(sum(due_amount) FILTER (state = 'open'), 0) AS due
    FROM (
        SELECT account_id, currency, state, amount, due_amount, issue_date BETWEEN $as_of - 364 AND $as_of AS recent,
            coalesce(tax_amount, 0) + coalesce(tax2_amount, 0) AS tax
        FROM harvest.invoices WHERE state <> 'draft'
    ) GROUP BY ALL
), sums AS (
    SELECT coalesce(b.account_id, w.account_id) AS account_id, coalesce(b.currency, w.currency) AS currency,
        coalesce(w.uninvoiced, 0)::DECIMAL(18, 4) AS uninvoiced, coalesce(b.due, 0)::DECIMAL(18, 4) AS due,
        coalesce(b.gross, 0)::DECIMAL(18, 4) AS gross, coalesce(b.gross - b.tax, 0)::DECIMAL(18, 4) AS net
    FROM billed b FULL JOIN wip w ON w.currency = b.currency AND w.account_id = b.account_id
)
SELECT currency, uninvoiced, due, net AS invoiced_in_a_year,
    CASE WHEN uninvoiced = 0 THEN 0 WHEN net > 0 THEN round(uninvoiced / net * 365, 1) END AS wip_days,
    CASE WHEN due = 0 THEN 0 WHEN gross > 0 THEN round(due / gross * 365, 1) END AS debtor_days,
    round(wip_days + debtor_days, 1) AS lock_up_days, account_id
FROM sums WHERE uninvoiced <> 0 OR due <> 0 OR gross <> 0
