FROM harvest.budget_burn(as_of := '{{ var("to_date") }}')
