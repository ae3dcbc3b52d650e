"""What goes wrong, as PostgreSQL reports it."""
