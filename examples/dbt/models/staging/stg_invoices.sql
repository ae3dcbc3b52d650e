SELECT account_id, id AS invoice_id, client_id, number, state, issue_date, due_date, currency, amount, due_amount
FROM {{ source("harvest", "invoices") }}
