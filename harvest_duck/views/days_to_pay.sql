-- days_to_pay: how long each client takes to pay, over the invoices paid in the span, weighted by amount
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--
-- Definition
SELECT client_id, client_name, currency, count(*) AS invoices, sum(amount) AS amount,
    round(sum((paid_date - issue_date) * amount) / nullif(sum(amount), 0), 1) AS days_to_pay,
    round(sum((paid_date - due_date) * amount) / nullif(sum(amount), 0), 1) AS days_late,
    count(*) FILTER (paid_date > due_date) AS paid_late, max(paid_date - due_date) AS latest, account_id
FROM harvest.invoices WHERE state = 'paid' AND paid_date BETWEEN $from_date AND $to_date GROUP BY ALL
