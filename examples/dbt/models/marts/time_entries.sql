{{ config(
    materialized="table" if target.name == "copy" else "incremental",
    incremental_strategy="delete+insert",
    unique_key=["account_id", "id"],
    on_schema_change="fail",
) }}

SELECT
    account_id, id, spent_date, user_id, client_id, project_id, task_id, hours, rounded_hours, billable, is_billed,
    billable_rate, notes, created_at, updated_at
FROM {{ source("harvest", "time_entries") }}
{% if is_incremental() %}
WHERE updated_at > {{ since(this) }}
{% endif %}
