SELECT account_id, id AS user_id, concat_ws(' ', first_name, last_name) AS user_name, is_active, weekly_capacity / 3600 AS weekly_hours
FROM {{ source("harvest", "users") }}
