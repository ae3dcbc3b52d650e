FROM harvest.profitability({{ days() }})
