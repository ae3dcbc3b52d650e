-- days_to_pay: how long does each client take to pay?
-- Access: account
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--
-- Definition
--   Invoices above zero that were paid in full within the span, by client and currency. The day of the last payment
--   counts, which Harvest gives as the day of payment. Earlier part payments do not count. Invoices that are still open
--   are not counted, however late they are: they are in receivables. The days are averages weighted by the amounts of
--   the invoices, so a small invoice does not hide a large one. An invoice without a due date is due on the day of
--   issue.
--
-- Columns
--   client_id: the client
--   client_name: name of the client
--   currency: currency of the invoices
--   invoices: how many invoices were paid
--   amount: their amounts, with taxes
--   days_to_pay: days from issue to payment, weighted by amount
--   days_late: days from the due date to payment, weighted by amount; negative where the client pays early
--   paid_late: how many were paid after their due date
--   latest: days that the latest was paid after its due date; negative if all were early
--   account_id: Harvest account of the row
WITH paid AS (
    SELECT account_id, client_id, client_name, currency, amount, issue_date, coalesce(due_date, issue_date) AS due_on,
        coalesce(paid_date, (paid_at AT TIME ZONE 'UTC')::DATE) AS paid_on
    FROM harvest.invoices WHERE state = 'paid' AND amount > 0
)
SELECT client_id, client_name, currency, count(*) AS invoices, sum(amount)::DECIMAL(18, 4) AS amount,
    round(sum((paid_on - issue_date) * amount) / sum(amount), 1) AS days_to_pay,
    round(sum((paid_on - due_on) * amount) / sum(amount), 1) AS days_late,
    count(*) FILTER (paid_on > due_on) AS paid_late, max(paid_on - due_on) AS latest, account_id
FROM paid WHERE paid_on BETWEEN $from_date AND $to_date GROUP BY ALL
