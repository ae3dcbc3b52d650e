FROM harvest.receivables(as_of := '{{ var("to_date") }}')
