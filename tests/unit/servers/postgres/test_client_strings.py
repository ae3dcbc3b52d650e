from __future__ import annotations

import socket

from harvest_duck.servers.postgres.client_strings import client_strings


def test_each_client_gets_what_it_takes() -> None:
    assert dict(client_strings("127.0.0.1", 5432, "acme", "ann", tls=False)) == {
        "psql": "postgresql://ann@127.0.0.1:5432/acme",
        "ODBC": "Driver={PostgreSQL Unicode};Server=127.0.0.1;Port=5432;Database=acme;Uid=ann;BoolsAsChar=0;"
        "UseDeclareFetch=1",
        "JDBC": "jdbc:postgresql://127.0.0.1:5432/acme?user=ann",
    }


def test_names_with_signs_are_quoted_as_each_client_has_it() -> None:
    found = dict(client_strings("::1", 5433, "Smith & Co; 1/2", "a@b", tls=True))
    assert found["psql"] == "postgresql://a%40b@[::1]:5433/Smith%20%26%20Co%3B%201%2F2?sslmode=require"
    assert found["JDBC"] == "jdbc:postgresql://[::1]:5433/Smith%20%26%20Co%3B%201%2F2?user=a%40b&sslmode=require"
    assert ";Database={Smith & Co; 1/2};Uid={a@b};BoolsAsChar=0;UseDeclareFetch=1;SSLmode=require" in found["ODBC"]


def test_every_address_of_the_machine_is_reached_by_its_name() -> None:
    for every in ("0.0.0.0", "::"):  # noqa: S104 - nothing listens
        assert f"@{socket.gethostname()}:5432/" in dict(client_strings(every, 5432, "acme", "ann", tls=True))["psql"]
