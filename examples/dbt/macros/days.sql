{# The days that the ready views are about, as their arguments. #}
{% macro days() %}from_date := '{{ var("from_date") }}', to_date := '{{ var("to_date") }}'{% endmacro %}
