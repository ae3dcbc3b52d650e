"""The settings of a session: what PostgreSQL takes, as it shows it, and no value that means nothing here."""

from __future__ import annotations

import pytest

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.session.settings import REPORTED, Settings, known
from harvest_duck.servers.postgres.session.time_zones import zones_of
from harvest_duck.servers.postgres.session.transaction_block import TransactionBlock

ZONES = zones_of(["UTC", "Europe/Berlin", "EST5EDT", "IST", "SystemV/EST5"])


@pytest.fixture
def session() -> Settings:
    """The settings of a session that has begun."""
    made = Settings(ZONES)
    made.begin_with("session_authorization", "ann", fixed=True)
    return made


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("TimeZone", "europe/BERLIN", "Europe/Berlin"),
        ("timezone", "-8", "Etc/GMT+8"),
        ("timezone", "+5", "Etc/GMT-5"),
        ("timezone", "UTC-2", "Etc/GMT-2"),
        ("timezone", "<+02>-02", "Etc/GMT-2"),
        ("timezone", "GMT+01:00", "Etc/GMT+1"),
        ("timezone", "-08:00", "Etc/GMT-8"),
        ("timezone", "+02:00", "Etc/GMT+2"),
        ("timezone", "-8.0", "Etc/GMT+8"),
        ("timezone", "EST5EDT", "EST5EDT"),
        ("timezone", "0", "UTC"),
        ("timezone", "LOCAL", "UTC"),
        ("time zone", "default", "UTC"),
        ("statement_timeout", "5s", "5s"),
        ("statement_timeout", "90000", "90s"),
        ("statement_timeout", "120000", "2min"),
        ("statement_timeout", "1.5 min", "90s"),
        ("statement_timeout", "1", "1ms"),
        ("work_mem", "64MB", "64MB"),
        ("work_mem", "4096", "4MB"),
        ("DateStyle", "ISO", "ISO, MDY"),
        ("datestyle", "ISO, European", "ISO, DMY"),
        ("datestyle", "YMD", "ISO, YMD"),
        ("client_encoding", "'utf-8'", "UTF8"),
        ("names", "UNICODE", "UTF8"),
        ("extra_float_digits", "3", "3"),
        ("intervalstyle", "POSTGRES", "postgres"),
        ("bytea_output", "hex", "hex"),
        ("jit", "yes", "on"),
        ("enable_seqscan", "f", "off"),
        ("standard_conforming_strings", "true", "on"),
        ("application_name", "Büro 7", "B?ro 7"),
        ("lc_numeric", "en_US.UTF-8", "en_US.UTF-8"),
        ("transform_null_equals", "false", "off"),
        ("role", "none", "none"),
        ("role", "ann", "ann"),
        ("search_path", '"$user", public', '"$user", public'),
        ("my.own", "x", "x"),
        ("seq_page_cost", "1e1", "10"),
        ("backslash_quote", "true", "on"),
    ],
)
def test_a_value_is_shown_as_postgresql_does(session: Settings, name: str, value: str, shown: str) -> None:
    session.set(name, value)
    assert session.shown(name) == shown


@pytest.mark.parametrize(
    ("name", "value", "sqlstate", "said"),
    [
        ("nonsense", "1", "42704", 'unrecognized configuration parameter "nonsense"'),
        ("server_version", "16", "55P02", 'parameter "server_version" cannot be changed'),
        (
            "shared_buffers",
            "1GB",
            "55P02",
            'parameter "shared_buffers" cannot be changed without restarting the server',
        ),
        ("log_min_messages", "debug1", "42501", 'permission denied to set parameter "log_min_messages"'),
        ("timezone", "Mars/Olympus", "22023", 'invalid value for parameter "TimeZone": "Mars/Olympus"'),
        ("timezone", "+15", "22023", 'invalid value for parameter "TimeZone": "+15"'),
        ("timezone", "UTC+5:30", "22023", 'invalid value for parameter "TimeZone": "UTC+5:30"'),
        ("statement_timeout", "-1", "22023", "-1 ms is outside the valid range"),
        ("statement_timeout", "soon", "22023", 'invalid value for parameter "statement_timeout": "soon"'),
        ("statement_timeout", "1e999", "22023", 'invalid value for parameter "statement_timeout": "1e999"'),
        ("seq_page_cost", "-1e999", "22023", 'invalid value for parameter "seq_page_cost": "-1e999"'),
        ("statement_timeout", "1MB", "22023", 'invalid value for parameter "statement_timeout": "1MB"'),
        ("datestyle", "German", "0A000", 'DateStyle cannot be "German" here'),
        ("datestyle", "fast", "22023", 'invalid value for parameter "DateStyle": "fast"'),
        ("intervalstyle", "iso_8601", "0A000", 'IntervalStyle cannot be "iso_8601" here'),
        ("bytea_output", "escape", "0A000", 'bytea_output cannot be "escape" here'),
        ("client_encoding", "LATIN1", "0A000", 'client_encoding cannot be "LATIN1" here'),
        ("standard_conforming_strings", "off", "0A000", 'standard_conforming_strings cannot be "off" here'),
        ("extra_float_digits", "0", "0A000", 'extra_float_digits cannot be "0" here'),
        ("timezone", "IST", "22023", 'invalid value for parameter "TimeZone": "IST"'),
        ("transform_null_equals", "on", "0A000", 'transform_null_equals cannot be "on" here'),
        ("lc_time", "de_DE.UTF-8", "0A000", 'lc_time cannot be "de_DE.UTF-8" here'),
        ("jit", "o", "22023", 'parameter "jit" requires a Boolean value'),
        ("intervalstyle", "mine", "22023", 'invalid value for parameter "IntervalStyle": "mine"'),
        ("role", "bob", "42501", 'permission denied to set role "bob"'),
        ("session_authorization", "bob", "42501", 'permission denied to set session authorization "bob"'),
    ],
)
def test_a_value_that_cannot_be_is_refused(session: Settings, name: str, value: str, sqlstate: str, said: str) -> None:
    before = session.snapshot()
    for set_it in (session.set, session.check):
        with pytest.raises(Failure) as caught:
            set_it(name, value)
        assert (caught.value.sqlstate, caught.value.message[: len(said)]) == (sqlstate, said)
    assert session.snapshot() == before


def test_what_clients_are_told_of_has_a_value(session: Settings) -> None:
    session.set("application_name", "a")
    reported = dict(session.reported())
    assert list(reported) == list(REPORTED)
    assert (reported["application_name"], reported["session_authorization"]) == ("a", "ann")


def test_reset_goes_back_to_what_the_session_began_with() -> None:
    session = Settings(ZONES)
    session.begin_with("TimeZone", "Europe/Berlin")
    session.begin_with("statement_timeout", "1000", fixed=True)
    session.set("timezone", "UTC")
    session.set("statement_timeout", "0")
    session.reset("timezone")
    assert (session.get("timezone"), session.statement_timeout_s) == ("Europe/Berlin", 0)
    session.set("statement_timeout", None)
    assert session.statement_timeout_s == 1
    session.set("timezone", "UTC")
    session.set("timezone", "LOCAL")
    assert session.get("TimeZone") == "Europe/Berlin"


def test_all_settings_have_a_value_and_a_description(session: Settings) -> None:
    rows = list(session.all())
    assert len(rows) > 300
    assert all(description for _, _, description in rows)
    assert {name: value for name, value, _ in rows}["server_version"] == known()["server_version"].default


def test_a_block_takes_back_what_it_set_where_it_fails(session: Settings) -> None:
    block = TransactionBlock(session)
    block.begin()
    session.set("timezone", "Europe/Berlin")
    block.fail()
    with pytest.raises(Failure, match="current transaction is aborted"):
        block.check()
    assert not block.commit()
    assert (block.status, session.get("timezone")) == ("I", "UTC")


def test_a_block_takes_back_what_it_set_for_itself(session: Settings) -> None:
    block = TransactionBlock(session)
    block.begin()
    session.set("timezone", "Europe/Berlin")
    block.set_local("timezone", "-8")
    block.set_local("timezone", "-7")
    block.set_local("statement_timeout", "5s")
    assert session.get("timezone") == "Etc/GMT+7"
    assert block.commit()
    assert (session.get("timezone"), session.get("statement_timeout")) == ("Europe/Berlin", "0")


def test_a_savepoint_is_gone_back_to_as_often_as_wanted(session: Settings) -> None:
    block = TransactionBlock(session)
    block.begin()
    session.set("timezone", "Europe/Berlin")
    block.savepoint("a")
    block.savepoint("b")
    for _ in range(2):
        session.set("timezone", "-8")
        block.fail()
        block.rollback_to("a")
        assert (block.status, session.get("timezone")) == ("T", "Europe/Berlin")
    with pytest.raises(Failure, match='savepoint "b" does not exist'):
        block.rollback_to("b")
    block.release("a")
    with pytest.raises(Failure, match='savepoint "a" does not exist'):
        block.release("a")
    block.rollback()
    assert session.get("timezone") == "UTC"
    for call, word in ((block.savepoint, "SAVEPOINT"), (block.release, "RELEASE SAVEPOINT")):
        with pytest.raises(Failure, match=f"{word} can only be used in transaction blocks"):
            call("a")


def test_what_is_set_after_set_local_stays(session: Settings) -> None:
    block = TransactionBlock(session)
    for name in ("timezone", "time zone", "TimeZone"):
        block.begin()
        block.set_local("timezone", "-8")
        block.set(name, "Europe/Berlin")
        assert block.commit()
        assert session.get("timezone") == "Europe/Berlin"
        block.begin()
        block.set_local("timezone", "-8")
        block.set(name, None)
        assert block.commit()
        assert session.get("timezone") == "UTC"
    block.begin()
    block.set_local("application_name", "own")
    block.reset_all()
    block.set_local("timezone", "-8")
    assert block.commit()
    assert (session.get("application_name"), session.get("timezone")) == ("", "UTC")


def test_a_savepoint_knows_what_was_set_local_before_it(session: Settings) -> None:
    block = TransactionBlock(session)
    block.begin()
    block.savepoint("a")
    block.set_local("timezone", "-8")
    block.rollback_to("a")
    session.set("timezone", "Europe/Berlin")
    assert block.commit()
    assert session.get("timezone") == "Europe/Berlin"
    block.begin()
    block.set_local("timezone", "-8")
    block.savepoint("a")
    block.set("timezone", "UTC")
    for _ in range(2):
        block.rollback_to("a")
        assert session.get("timezone") == "Etc/GMT+8"
    assert block.commit()
    assert session.get("timezone") == "Europe/Berlin"
