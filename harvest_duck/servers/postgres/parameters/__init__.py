"""The parameters of statements: their types and their values."""
