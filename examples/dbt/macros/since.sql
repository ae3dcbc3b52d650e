{#
The moment from which a copy of a list has to be loaded again, as a value: dbt asks for it first and writes it into the
query, so that it becomes a parameter of the request. A subquery in its place would read the whole list.

The minute that loads overlap loses nothing: see docs/incremental.md of harvest_duck. A copy of several accounts begins
where the one ends that was changed longest ago.
#}
{% macro since(copy) %}
    {%- set query -%}
        SELECT (min(latest) - INTERVAL 1 MINUTE)::VARCHAR
        FROM (SELECT max(updated_at) AS latest FROM {{ copy }} GROUP BY account_id)
    {%- endset -%}
    {%- set found = run_query(query).rows[0][0] if execute else none -%}
    TIMESTAMPTZ '{{ found or "1970-01-01 00:00:00+00" }}'
{%- endmacro %}
