"""The report page live: drawn anew for each choice, from figures that were read once and are read again when asked."""
