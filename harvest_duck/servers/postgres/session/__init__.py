"""One client's session: what it says, and how its statements run."""
