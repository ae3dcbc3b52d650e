FROM harvest.uninvoiced({{ days() }})
