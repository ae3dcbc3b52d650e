FROM harvest.revenue_by_month({{ days() }})
