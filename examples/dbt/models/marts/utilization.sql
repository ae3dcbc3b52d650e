FROM harvest.utilization({{ days() }})
