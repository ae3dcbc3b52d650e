-- receivables: what clients owe on sent invoices, by days past the due date; drafts and write-offs (closed) left out
--
-- Arguments
--   as_of DATE = current_date | the day to look from, by default today
--
-- Definition
SELECT client_id, client_name, currency, count(*) AS invoices, sum(due_amount) AS due_amount,
    coalesce(sum(due_amount) FILTER ($as_of <= due_date), 0)::DECIMAL(18, 4) AS not_due,
    coalesce(sum(due_amount) FILTER ($as_of - due_date BETWEEN 1 AND 30), 0)::DECIMAL(18, 4) AS days_1_30,
    coalesce(sum(due_amount) FILTER ($as_of - due_date BETWEEN 31 AND 60), 0)::DECIMAL(18, 4) AS days_31_60,
    coalesce(sum(due_amount) FILTER ($as_of - due_date BETWEEN 61 AND 90), 0)::DECIMAL(18, 4) AS days_61_90,
    coalesce(sum(due_amount) FILTER ($as_of - due_date > 90), 0)::DECIMAL(18, 4) AS days_over_90,
    max(greatest(0, $as_of - due_date)) AS oldest_days, account_id
FROM harvest.invoices WHERE state = 'open' AND due_amount > 0 GROUP BY ALL
