"""Where a PostgreSQL server listens, real or ours, as each client wants to be told."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["Address"]


@dataclass(frozen=True, slots=True)
class Address:
    """A database of a server on this machine that needs no password."""

    port: int
    database: str
    user: str = "ann"
    host: str = "127.0.0.1"

    @property
    def libpq(self) -> str:
        """The connection string of libpq, which psql, psycopg and isql's driver are made of."""
        return f"host={self.host} port={self.port} user={self.user} dbname={self.database} sslmode=disable"

    @property
    def url(self) -> str:
        """The URL that asyncpg, ADBC and node take."""
        return f"postgresql://{self.user}@{self.host}:{self.port}/{self.database}?sslmode=disable"

    @property
    def jdbc(self) -> str:
        """The URL of pgJDBC, to which options may be added with `&`."""
        return f"jdbc:postgresql://{self.host}:{self.port}/{self.database}?user={self.user}&sslmode=disable"

    def odbc(self, **options: str | int) -> str:
        """Return the connection string of psqlODBC, with more of its options."""
        where = {"Server": self.host, "Port": self.port, "Database": self.database, "UID": self.user}
        # Its own names for the types would hide what the server says.
        return ";".join(
            f"{name}={value}" for name, value in {"Driver": "PostgreSQL Unicode", **where, **options}.items()
        )

    def of(self, database: str) -> Address:
        """Return the address of another database of the server."""
        return replace(self, database=database)
