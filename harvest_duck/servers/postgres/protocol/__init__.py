"""The messages of PostgreSQL's protocol, and the channel that carries them."""
