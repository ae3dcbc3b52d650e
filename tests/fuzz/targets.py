"""The fuzz targets: for any bytes each of them returns, or raises an error of `harvest_duck.errors`.

Every function that reads foreign input returns a value or raises such an error. Each target checks that, and compares
with an oracle if there is one: the exact reading of a page with the fast one, Arrow's own filter with the predicate
read from it, the parsed text with the rendered one.
"""

from __future__ import annotations

import warnings
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from fuzz import wire
from fuzz.built import built
from support.strategies import SCHEMA, VALUES, may_hold

from harvest_duck.auth import callback_url, requests, responses
from harvest_duck.catalog.model import BOOLEAN, DATE, Limit, Origin, Paging
from harvest_duck.catalog.tables import TABLES
from harvest_duck.connection import Secret, parse, render, resolve
from harvest_duck.decoder import exact_reader
from harvest_duck.decoder.decoder import Decoder
from harvest_duck.decoder.layout import Layout
from harvest_duck.errors import ConnectionStringError, HarvestDuckError
from harvest_duck.protocol import request as protocol
from harvest_duck.protocol.request import Request
from harvest_duck.protocol.response import error_of, retry_after_s, served_at
from harvest_duck.pushdown.arrow_filter import read_filter
from harvest_duck.pushdown.flatbuffer import metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


CORPUS = Path(__file__).parent / "corpus"
#: A text that no error may show, and that no name contains.
SECRET = "c4n4ry-53cr3t"
_NOWHERE = Path(__file__).parent / "no such folder"
_NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_PLAIN = {BOOLEAN: True, DATE: date(2024, 1, 31)}
_TABLES = [TABLES[name] for name in ("time_entries", "invoice_line_items", "company", "contacts", "report_time_tasks")]


def connection(fuzzed: bytes) -> None:
    """Resolve a connection string or refuse it, and render what was parsed; § stands for a secret."""
    text = fuzzed.decode("utf-8", "surrogateescape").replace("§", SECRET)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            pairs = parse(text)
            assert parse(render(pairs)) == pairs
            shown = repr(resolve(text, environ={}, config_dir=_NOWHERE))
        except ConnectionStringError as error:
            shown = str(error)
    assert "\n" not in shown
    assert SECRET not in shown or not _is_secret(text)


def _is_secret(text: str) -> bool:
    """Return whether the secret is in the value of a secret property."""
    with suppress(HarvestDuckError):
        return any(SECRET in value for name, value in parse(text).items() if name.lower() in {"apikey", "password"})
    return True


def decode(fuzzed: bytes) -> None:
    """Decode a page; the first two bytes choose the table. The fast and the exact reader agree on it."""
    table, single = _TABLES[fuzzed[0] % len(_TABLES)], fuzzed[1:2] == b"1"
    names = [column.name for column in table.columns][:: 1 + fuzzed[0] // len(_TABLES) % 3]
    body, decoder = fuzzed[2:], Decoder(table, names)
    values = {column.name: _PLAIN.get(column.type, 7) for column in table.columns if column.origin in _OUTSIDE}
    try:
        page = decoder.decode(body, values=values, where="a page", single=single)
    except HarvestDuckError as error:
        _require_one_line(error)
        return
    page.batch.validate(full=True)
    assert page.batch.schema == decoder.schema
    try:
        records, envelope = exact_reader.read(body, Layout(table, names), where="a page", single=single)
    except HarvestDuckError as error:
        if "nested too deep" in str(error):
            # Arrow skips values that no column reads, however deep they nest.
            return
        raise AssertionError(f"the exact reader refuses a page that the fast one reads: {error}") from error
    again = decoder._assembled(pa.array(records, decoder._record), envelope, values)
    assert again.batch.equals(page.batch)
    assert (again.records, again.next_link, again.days) == (page.records, page.next_link, page.days)


def _require_one_line(error: HarvestDuckError) -> None:
    assert str(error).isprintable()


_OUTSIDE = {Origin.PATH, Origin.INPUT, Origin.ACCOUNT}


def expression(fuzzed: bytes) -> None:
    """Read an expression over the columns of `strategies`: the predicate keeps every row that Arrow keeps."""
    made = built(fuzzed)
    read = read_filter(made, SCHEMA)
    some = _rows(fuzzed)
    table = pa.Table.from_pylist(some, SCHEMA)
    kept = table.filter(made)
    assert all(may_hold(read.predicate, row) for row in kept.to_pylist())
    assert table.filter(read.keep).equals(kept)
    assert table.filter(pc.is_null(read.keep)).equals(table.filter(pc.is_null(made)))


def _rows(fuzzed: bytes) -> list[dict[str, Any]]:
    return [
        {
            name: (*values, None)[byte * place % (len(values) + 1)]
            for place, (name, values) in enumerate(VALUES.items(), 1)
        }
        for byte in {0, *fuzzed[:7]}
    ]


def flatbuffer(fuzzed: bytes) -> None:
    """Read the message of a schema: pairs or ValueError."""
    with suppress(ValueError):
        metadata(fuzzed)


def rules(fuzzed: bytes) -> None:
    """Read a response of Harvest: its links, its headers and its errors."""
    text = fuzzed.decode("utf-8", "surrogateescape")
    request = Request("time_entries", "https://api.harvestapp.com/v2/time_entries", (), Limit.GENERAL, Paging.CURSOR)
    with suppress(HarvestDuckError):
        following = protocol.next_request(request, text)
        assert following.address == text
        assert following.path_and_query.isprintable()
    sent = {"Retry-After": text, "Date": text}
    waits = retry_after_s(sent, _NOON)
    assert waits is None or 0 <= waits < float("inf")
    moment = served_at(sent)
    assert moment is None or moment.tzinfo is not None
    status = 300 + 7 * len(fuzzed) % 300
    error = error_of(request, status, sent, fuzzed)
    assert isinstance(error, HarvestDuckError)
    assert str(error).isprintable()


def sign_in(fuzzed: bytes) -> None:
    """Read the responses of Harvest ID: tokens, a redirect, and the text that a person pasted."""
    text = fuzzed.decode("utf-8", "surrogateescape")
    begun = requests.Authorization("https://id.getharvest.com/oauth2/authorize", "state-1", None, "harvest-duck login")
    token_url = "https://id.getharvest.com/api/v2/oauth2/token"
    token_request = requests.TokenRequest(token_url, "", "refresh", "harvest-duck login")
    status = (200, 400, 401, 429, 503)[len(fuzzed) % 5]
    with suppress(HarvestDuckError):
        responses.tokens_in(token_request, status, {"Retry-After": text}, fuzzed, now=0.0, previous=Secret(SECRET))
    for read in (
        lambda: responses.require_state(f"/callback?{text}", begun),
        lambda: responses.code_in(f"/callback?{text}", begun),
        lambda: responses.pasted(text, begun, "http://localhost:8765/callback"),
        lambda: callback_url.callback_in(text),
    ):
        try:
            read()
        except HarvestDuckError as error:
            _require_one_line(error)


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "connection": connection,
    "decode": lambda fuzzed: decode(fuzzed) if fuzzed else None,
    "expression": expression,
    "metadata": flatbuffer,
    "protocol": rules,
    "answers": sign_in,
    "wire_messages": wire.messages,
    "wire_scram": wire.sign_in,
    "wire_parameters": wire.parameters,
    "wire_sql": wire.sql,
}
