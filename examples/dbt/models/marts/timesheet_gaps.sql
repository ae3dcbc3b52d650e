FROM harvest.timesheet_gaps({{ days() }})
