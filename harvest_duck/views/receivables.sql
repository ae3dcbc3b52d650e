-- receivables: what do clients owe on sent invoices, and how late is it?
-- Access: account
--
-- Arguments
--   as_of DATE = current_date | the day to count from, by default today
--
-- Definition
--   All invoices that are open now and have a due amount now, by client and currency. The due amount is the amount with
--   taxes less the payments so far. An invoice below zero is a credit, and is deducted. Drafts do not count, and closed
--   invoices do not count either, because they are written off
--   (https://support.getharvest.com/hc/en-us/articles/360048181032). as_of moves only the days past the due date. The
--   due amount is as of now even with an earlier day, because the API does not tell what was due then. An invoice
--   without a due date is due on the day of issue.
--
-- Columns
--   client_id: the client
--   client_name: name of the client
--   currency: currency of the invoices
--   invoices: how many invoices are open
--   due_amount: what is due in all, with taxes
--   not_due: of it, on invoices whose due date is as_of or later
--   days_1_30: of it, 1 to 30 days past the due date
--   days_31_60: of it, 31 to 60 days past the due date
--   days_61_90: of it, 61 to 90 days past the due date
--   days_over_90: of it, more than 90 days past the due date
--   oldest_days: days that the oldest of them, credits aside, is past its due date; 0 where none is
--   account_id: Harvest account of the row
WITH due AS (
    SELECT account_id, client_id, client_name, currency, due_amount, coalesce($as_of - coalesce(due_date, issue_date), 0) AS late
    FROM harvest.invoices WHERE state = 'open' AND due_amount <> 0
)
SELECT client_id, client_name, currency, count(*) AS invoices, sum(due_amount)::DECIMAL(18, 4) AS due_amount,
    coalesce(sum(due_amount) FILTER (late <= 0), 0)::DECIMAL(18, 4) AS not_due,
    coalesce(sum(due_amount) FILTER (late BETWEEN 1 AND 30), 0)::DECIMAL(18, 4) AS days_1_30,
    coalesce(sum(due_amount) FILTER (late BETWEEN 31 AND 60), 0)::DECIMAL(18, 4) AS days_31_60,
    coalesce(sum(due_amount) FILTER (late BETWEEN 61 AND 90), 0)::DECIMAL(18, 4) AS days_61_90,
    coalesce(sum(due_amount) FILTER (late > 90), 0)::DECIMAL(18, 4) AS days_over_90,
    greatest(coalesce(max(late) FILTER (due_amount > 0), 0), 0) AS oldest_days, account_id
FROM due GROUP BY ALL
