-- Harvest does not tell what was deleted: a deleted entry stays in the copy. Both counts take one request in all.
{{ config(severity="warn") }}

SELECT *
FROM (
    SELECT
        (SELECT count(*) FROM {{ ref("time_entries") }}) AS here,
        (SELECT count(*) FROM {{ source("harvest", "time_entries") }}) AS in_harvest
)
WHERE here <> in_harvest
