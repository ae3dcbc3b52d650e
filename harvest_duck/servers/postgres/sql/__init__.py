"""A client's SQL: its tokens, its statements, what it may reach, and the names of its columns."""
