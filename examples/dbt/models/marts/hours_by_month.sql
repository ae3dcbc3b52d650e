-- Of the copy of time entries, which asks Harvest nothing.
SELECT
    date_trunc('month', spent_date) AS month, client_name, project_name, sum(hours) AS hours,
    coalesce(sum(hours) FILTER (billable), 0) AS billable_hours
FROM {{ ref("time_entries") }}
JOIN {{ ref("stg_projects") }} USING (account_id, project_id, client_id)
JOIN {{ ref("stg_clients") }} USING (account_id, client_id)
GROUP BY ALL
