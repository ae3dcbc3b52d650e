SELECT account_id, id AS project_id, name AS project_name, client_id, is_active, is_billable, starts_on, ends_on
FROM {{ source("harvest", "projects") }}
