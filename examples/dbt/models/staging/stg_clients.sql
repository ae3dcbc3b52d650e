SELECT account_id, id AS client_id, name AS client_name, currency, is_active
FROM {{ source("harvest", "clients") }}
