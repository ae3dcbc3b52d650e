from __future__ import annotations

import struct

from support.wire_client import Column, columns_of, fields_of

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.protocol import backend


def test_messages_without_values() -> None:
    assert backend.authentication_ok() == b"R\0\0\0\x08\0\0\0\0"
    assert backend.parse_complete() == b"1\0\0\0\x04"
    assert backend.bind_complete() == b"2\0\0\0\x04"
    assert backend.close_complete() == b"3\0\0\0\x04"
    assert backend.no_data() == b"n\0\0\0\x04"
    assert backend.empty_query_response() == b"I\0\0\0\x04"
    assert backend.portal_suspended() == b"s\0\0\0\x04"
    assert backend.copy_done() == b"c\0\0\0\x04"


def test_messages_with_values() -> None:
    assert backend.ready_for_query("T") == b"Z\0\0\0\x05T"
    assert backend.command_complete("SELECT 12") == b"C\0\0\0\x0eSELECT 12\0"
    assert backend.parameter_status("TimeZone", "UTC") == b"S\0\0\0\x11TimeZone\0UTC\0"
    assert backend.backend_key_data(7, b"abcd") == b"K\0\0\0\x0c\0\0\0\x07abcd"
    assert backend.parameter_description([23, 705]) == b"t\0\0\0\x0e\0\x02\0\0\0\x17\0\0\0\x19"
    assert backend.copy_out_response(2, binary=True) == b"H\0\0\0\x0b\x01\0\x02\0\x01\0\x01"


def test_messages_of_signing_in() -> None:
    names = ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256")
    assert backend.authentication_sasl(names)[5:] == b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"
    assert backend.authentication_sasl_continue(b"r=x")[5:] == b"\0\0\0\x0br=x"
    assert backend.authentication_sasl_final(b"v=x")[5:] == b"\0\0\0\x0cv=x"


def test_the_whole_version_and_the_unknown_options_are_negotiated() -> None:
    body = backend.negotiate_protocol_version(0, ["_pq_.x"])[5:]
    assert body == struct.pack(">ii", 3 << 16, 1) + b"_pq_.x\0"


def test_columns_are_described() -> None:
    fields = (backend.Field("id", 20, 8, -1, 1, 16400, 1), backend.Field("größe", 1700, -1, 1179656))
    assert columns_of(backend.row_description(fields)[5:]) == [
        Column("id", 16400, 1, 20, 8, -1, 1),
        Column("größe", 0, 0, 1700, -1, 1179656, 0),
    ]


def test_an_error_has_every_field_that_is_known() -> None:
    failure = Failure("42601", "syntax error", position=8, detail="a detail", hint="a hint")
    body = backend.error_response(failure)
    assert body[:1] == b"E"
    assert fields_of(body[5:]) == {
        "S": "ERROR", "V": "ERROR", "C": "42601", "M": "syntax error", "D": "a detail", "H": "a hint", "P": "8",
    }  # fmt: skip
    assert fields_of(backend.error_response(Failure("08P01", "x", fatal=True))[5:])["S"] == "FATAL"
    assert fields_of(backend.error_response(Failure("57P01", "x"), "FATAL")[5:])["V"] == "FATAL"


def test_a_notice_has_a_severity() -> None:
    body = backend.notice_response("25P01", "there is no transaction in progress")
    assert body[:1] == b"N"
    assert fields_of(body[5:]) == {
        "S": "WARNING", "V": "WARNING", "C": "25P01", "M": "there is no transaction in progress",
    }  # fmt: skip


def test_no_text_can_end_its_field() -> None:
    assert columns_of(backend.row_description([backend.Field("a\0Cb\udc80", 25, -1, -1)])[5:])[0].name == "a�Cb?"
