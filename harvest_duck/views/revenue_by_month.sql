-- revenue_by_month: what was invoiced, collected and written off in each month?
-- Access: account
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--
-- Definition
--   Invoices in their own currency, which may differ from the client's. Drafts do not count. An invoice counts as
--   invoiced in the month of its issue date, with its amount less both taxes: its line items less the discount. It
--   still counts so if it is written off later. It counts as collected in the month in which it was paid in full, with
--   its whole amount and taxes. Earlier part payments count in this month too. While an invoice is not paid in full,
--   its payments count in no month, because it would take a request to read the payments of each invoice. A closed
--   invoice is written off in the month in which it was closed, by the day in UTC. The amount that is written off is
--   what was still due then, with taxes, without what had been paid before
--   (https://support.getharvest.com/hc/en-us/articles/360048181032). A month and currency in which nothing was issued,
--   paid or closed has no row. The first and the last month count only the days of the span.
--
-- Columns
--   month: first day of the month
--   currency: currency of the invoices
--   invoices: how many invoices were issued
--   invoiced: what was invoiced, without taxes
--   tax: taxes on it
--   collected: amount of the invoices that were paid in full, with taxes
--   written_off: what was due of the invoices that were closed, with taxes
--   account_id: Harvest account of the row
WITH sent AS MATERIALIZED (
    SELECT account_id, currency, state, issue_date, amount, due_amount,
        coalesce(paid_date, (paid_at AT TIME ZONE 'UTC')::DATE) AS paid_on, (closed_at AT TIME ZONE 'UTC')::DATE AS closed_on,
        coalesce(tax_amount, 0) + coalesce(tax2_amount, 0) AS tax
    FROM harvest.invoices WHERE state <> 'draft'
), moves AS (
    SELECT account_id, currency, issue_date AS day, 1 AS invoices, amount - tax AS net, tax, 0 AS paid, 0 AS lost FROM sent
    UNION ALL
    SELECT account_id, currency, paid_on, 0, 0, 0, amount, 0 FROM sent WHERE state = 'paid'
    UNION ALL
    SELECT account_id, currency, closed_on, 0, 0, 0, 0, due_amount FROM sent WHERE state = 'closed'
)
SELECT date_trunc('month', day)::DATE AS month, currency, sum(invoices)::BIGINT AS invoices,
    sum(net)::DECIMAL(18, 4) AS invoiced, sum(tax)::DECIMAL(18, 4) AS tax, sum(paid)::DECIMAL(18, 4) AS collected,
    sum(lost)::DECIMAL(18, 4) AS written_off, account_id
FROM moves WHERE day BETWEEN $from_date AND $to_date GROUP BY ALL
