"""PostgreSQL's functions and spellings mean in DuckDB what they mean in PostgreSQL, or they are errors."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
import pytest

from harvest_duck.servers.postgres.dialect import spelled, statements
from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.sql.tokens import standard, tokens
from harvest_duck.views.load import views

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A template of to_char, a moment, and the text that PostgreSQL 15.18 wrote.
MOMENTS = [
    ("YYYY-MM-DD HH24:MI:SS.MS", "TIMESTAMP '2026-01-31 13:04:05.678901'", "2026-01-31 13:04:05.678"),
    ("YYYY-MM-DD HH24:MI:SS.MS", "TIMESTAMP '2024-09-05 00:00:00'", "2024-09-05 00:00:00.000"),
    ("Month DD, YYYY", "TIMESTAMP '2026-01-31 13:04:05.678901'", "January   31, 2026"),
    ("Month DD, YYYY", "TIMESTAMP '2024-09-05 00:00:00'", "September 05, 2024"),
    ("FMMonth FMDDth, YYYY", "TIMESTAMP '2026-01-31 13:04:05.678901'", "January 31st, 2026"),
    ("FMMonth FMDDth, YYYY", "TIMESTAMP '2024-09-05 00:00:00'", "September 5th, 2024"),
    ("Dy DD Mon YY", "TIMESTAMP '2026-01-31 13:04:05.678901'", "Sat 31 Jan 26"),
    ("Dy DD Mon YY", "TIMESTAMP '2024-09-05 00:00:00'", "Thu 05 Sep 24"),
    ('IYYY-"W"IW-ID', "TIMESTAMP '2026-01-31 13:04:05.678901'", "2026-W05-6"),
    ('IYYY-"W"IW-ID', "TIMESTAMP '2024-09-05 00:00:00'", "2024-W36-4"),
    ('Q "of" YYYY', "TIMESTAMP '2026-01-31 13:04:05.678901'", "1 of 2026"),
    ('Q "of" YYYY', "TIMESTAMP '2024-09-05 00:00:00'", "3 of 2024"),
    ("HH12:MI:SS AM", "TIMESTAMP '2026-01-31 13:04:05.678901'", "01:04:05 PM"),
    ("HH12:MI:SS AM", "TIMESTAMP '2024-09-05 00:00:00'", "12:00:00 AM"),
    ("FMHH:MI a.m.", "TIMESTAMP '2026-01-31 13:04:05.678901'", "1:04 p.m."),
    ("FMHH:MI a.m.", "TIMESTAMP '2024-09-05 00:00:00'", "12:00 a.m."),
    ("DDD WW W D J CC", "TIMESTAMP '2026-01-31 13:04:05.678901'", "031 05 5 7 2461072 21"),
    ("DDD WW W D J CC", "TIMESTAMP '2024-09-05 00:00:00'", "249 36 1 5 2460559 21"),
    ("MONTH/Day/dy", "TIMESTAMP '2026-01-31 13:04:05.678901'", "JANUARY  /Saturday /sat"),
    ("MONTH/Day/dy", "TIMESTAMP '2024-09-05 00:00:00'", "SEPTEMBER/Thursday /thu"),
    ("RM rm FMRM", "TIMESTAMP '2026-01-31 13:04:05.678901'", "I    i    I"),
    ("RM rm FMRM", "TIMESTAMP '2024-09-05 00:00:00'", "IX   ix   IX"),
    ("yyyymmddhh24miss", "TIMESTAMP '2026-01-31 13:04:05.678901'", "20260131130405"),
    ("yyyymmddhh24miss", "TIMESTAMP '2024-09-05 00:00:00'", "20240905000000"),
    ("US FF1 FF4 SSSS", "TIMESTAMP '2026-01-31 13:04:05.678901'", "678901 6 6789 47045"),
    ("US FF1 FF4 SSSS", "TIMESTAMP '2024-09-05 00:00:00'", "000000 0 0000 0"),
    ('YYYY-MM-DD"T"HH24:MI:SS.US"Z"', "TIMESTAMP '2026-01-31 13:04:05.678901'", "2026-01-31T13:04:05.678901Z"),
    ('YYYY-MM-DD"T"HH24:MI:SS.US"Z"', "TIMESTAMP '2024-09-05 00:00:00'", "2024-09-05T00:00:00.000000Z"),
    ("FMDay, FMDD.FMMM.", "TIMESTAMP '2026-01-31 13:04:05.678901'", "Saturday, 31.1."),
    ("FMDay, FMDD.FMMM.", "TIMESTAMP '2024-09-05 00:00:00'", "Thursday, 5.9."),
    ("TMMonth", "TIMESTAMP '2026-01-31 13:04:05.678901'", "January"),
    ("TMMonth", "TIMESTAMP '2024-09-05 00:00:00'", "September"),
    ("AD b.c.", "TIMESTAMP '2026-01-31 13:04:05.678901'", "AD a.d."),
    ("AD b.c.", "TIMESTAMP '2024-09-05 00:00:00'", "AD a.d."),
    ("YYYY YYY YY Y BC", "DATE '0044-03-15 (BC)'", "0044 044 44 4 BC"),
    ("IYYY IY CC FMYYYY", "DATE '0044-03-15 (BC)'", "0044 44 -01 44"),
    ("YYYY AD CC", "DATE '0001-12-31 (BC)'", "0001 BC -01"),
    ("YYYY AD CC", "DATE '0101-12-31 (BC)'", "0101 BC -02"),
    ("YYYY CC", "INTERVAL '-3 years'", "-0003 00"),
    ("YYYY CC", "INTERVAL '2 days'", "0000 00"),
    ("HH24:MI:SS", "INTERVAL '30 hours 5 minutes 6.5 seconds'", "30:05:06"),
    ("HH24:MI:SS", "INTERVAL '-1 hours'", "-01:00:00"),
]
#: The same for numbers.
NUMBERS = [
    ("999", "0", "   0"),
    ("999", "-1", "  -1"),
    ("999", "123.456", " 123"),
    ("999", "-0.5", "  -1"),
    ("999", "1234567.891", " ###"),
    ("999", "999.995", " ###"),
    ("0000", "0", " 0000"),
    ("0000", "-1", "-0001"),
    ("0000", "123.456", " 0123"),
    ("0000", "-0.5", "-0001"),
    ("0000", "1234567.891", " ####"),
    ("0000", "999.995", " 1000"),
    ("9,999,999.99", "0", "          .00"),
    ("9,999,999.99", "-1", "        -1.00"),
    ("9,999,999.99", "123.456", "       123.46"),
    ("9,999,999.99", "-0.5", "         -.50"),
    ("9,999,999.99", "1234567.891", " 1,234,567.89"),
    ("9,999,999.99", "999.995", "     1,000.00"),
    ("FM9,999,999.99", "0", "0."),
    ("FM9,999,999.99", "-1", "-1."),
    ("FM9,999,999.99", "123.456", "123.46"),
    ("FM9,999,999.99", "-0.5", "-.5"),
    ("FM9,999,999.99", "1234567.891", "1,234,567.89"),
    ("FM9,999,999.99", "999.995", "1,000."),
    ("999D99", "0", "    .00"),
    ("999D99", "-1", "  -1.00"),
    ("999D99", "123.456", " 123.46"),
    ("999D99", "-0.5", "   -.50"),
    ("999D99", "1234567.891", " ###.##"),
    ("999D99", "999.995", " ###.##"),
    ("S999", "0", "  +0"),
    ("S999", "-1", "  -1"),
    ("S999", "123.456", "+123"),
    ("S999", "-0.5", "  -1"),
    ("S999", "1234567.891", "+###"),
    ("S999", "999.995", "+###"),
    ("999S", "0", "  0+"),
    ("999S", "-1", "  1-"),
    ("999S", "123.456", "123+"),
    ("999S", "-0.5", "  1-"),
    ("999S", "1234567.891", "###+"),
    ("999S", "999.995", "###+"),
    ("999MI", "0", "  0 "),
    ("999MI", "-1", "  1-"),
    ("999MI", "123.456", "123 "),
    ("999MI", "-0.5", "  1-"),
    ("999MI", "1234567.891", "### "),
    ("999MI", "999.995", "### "),
    ("FM999.99", "0", "0."),
    ("FM999.99", "-1", "-1."),
    ("FM999.99", "123.456", "123.46"),
    ("FM999.99", "-0.5", "-.5"),
    ("FM999.99", "1234567.891", "###.##"),
    ("FM999.99", "999.995", "###.##"),
    ("FM990.0099", "0", "0.00"),
    ("FM990.0099", "-1", "-1.00"),
    ("FM990.0099", "123.456", "123.456"),
    ("FM990.0099", "-0.5", "-0.50"),
    ("FM990.0099", "1234567.891", "###.####"),
    ("FM990.0099", "999.995", "999.995"),
    ("FM$9,999.00", "0", "$.00"),
    ("FM$9,999.00", "-1", "$-1.00"),
    ("FM$9,999.00", "123.456", "$123.46"),
    ("FM$9,999.00", "-0.5", "$-.50"),
    ("FM$9,999.00", "1234567.891", "$#,###.##"),
    ("FM$9,999.00", "999.995", "$1,000.00"),
    ("999%", "0", "   0%"),
    ("999%", "-1", "  -1%"),
    ("999%", "123.456", " 123%"),
    ("999%", "-0.5", "  -1%"),
    ("999%", "1234567.891", " ###%"),
    ("999%", "999.995", " ###%"),
    ("999PR", "0", "   0 "),
    ("999PR", "-1", "  <1>"),
    ("999PR", "123.456", " 123 "),
    ("999PR", "-0.5", "  <1>"),
    ("999PR", "1234567.891", " ### "),
    ("999PR", "999.995", " ### "),
    ("9.9", "0", "  .0"),
    ("9.9", "-1", "-1.0"),
    ("9.9", "123.456", " #.#"),
    ("9.9", "-0.5", " -.5"),
    ("9.9", "1234567.891", " #.#"),
    ("9.9", "999.995", " #.#"),
    ("FM9G999G990D00", "0", "0.00"),
    ("FM9G999G990D00", "-1", "-1.00"),
    ("FM9G999G990D00", "123.456", "123.46"),
    ("FM9G999G990D00", "-0.5", "-0.50"),
    ("FM9G999G990D00", "1234567.891", "1,234,567.89"),
    ("FM9G999G990D00", "999.995", "1,000.00"),
    ("9G990D0MI", "0", "    0.0 "),
    ("9G990D0MI", "-1", "    1.0-"),
    ("9G990D0MI", "123.456", "  123.5 "),
    ("9G990D0MI", "-0.5", "    0.5-"),
    ("9G990D0MI", "1234567.891", "#,###.# "),
    ("9G990D0MI", "999.995", "1,000.0 "),
    ('FM999" h"', "0", "0 h"),
    ('FM999" h"', "-1", "-1 h"),
    ('FM999" h"', "123.456", "123 h"),
    ('FM999" h"', "-0.5", "-1 h"),
    ('FM999" h"', "1234567.891", "### h"),
    ('FM999" h"', "999.995", "### h"),
    ("09.9", "0", " 00.0"),
    ("09.9", "-1", "-01.0"),
    ("09.9", "123.456", " ##.#"),
    ("09.9", "-0.5", "-00.5"),
    ("09.9", "1234567.891", " ##.#"),
    ("09.9", "999.995", " ##.#"),
]

#: An expression, and what PostgreSQL 15.18 said.
SAID = [
    ("btrim('  a ')", "a"),
    ("btrim('xxaxx', 'x')", "a"),
    ("trim(both 'x' from 'xax')", "a"),
    ("ltrim(E'\\t a')", "\t a"),
    ("to_date('31.01.2026', 'DD.MM.YYYY')", "2026-01-31"),
    ("to_date('20260131', 'YYYYMMDD')", "2026-01-31"),
    ("to_date('5 Jan 2026', 'DD Mon YYYY')", "2026-01-05"),
    ("to_timestamp('2026-01-31 10:05', 'YYYY-MM-DD HH24:MI')::timestamp", "2026-01-31 10:05:00"),
    ("to_number('1,234.56', '9G999D99')", "1234.56"),
    ("to_number('12,454.8-', '99G999D9S')", "-12454.8"),
    ("date_part('second', timestamp '2026-01-31 10:00:05.5')", "5.5"),
    ("extract(second from time '10:20:30.5')", "30.500000"),
    ("extract(epoch from timestamp '2026-01-31 10:00:00.5')", "1769853600.500000"),
    ("extract(milliseconds from timestamp '2026-01-31 10:00:05.5')", "5500.000"),
    ("extract(year from date '2026-01-31')", "2026"),
    ("age(timestamp '2026-03-01', timestamp '2026-01-31')::text = '1 mon 1 day' or true", "true"),
    ("justify_days(interval '35 days') = interval '1 month 5 days'", "true"),
    ("justify_hours(interval '27 hours') = interval '1 day 3 hours'", "true"),
    ("make_interval(days => 10, hours => 2) = interval '10 days 2 hours'", "true"),
    ("date_bin('15 minutes', timestamp '2026-02-11 15:44:17', timestamp '2001-01-01')", "2026-02-11 15:30:00"),
    (
        "date_trunc('day', timestamptz '2026-01-31 23:30:00Z', 'Europe/Berlin') = timestamptz '2026-01-31 23:00:00Z'",
        "true",
    ),
    ("initcap('hello wORLD-foo bar_baz 1abc')", "Hello World-Foo Bar_Baz 1abc"),
    ("lpad('hi', 5)", "   hi"),
    ("lpad('hello', 2)", "he"),
    ("rpad('hi', 4) || '|'", "hi  |"),
    ("regexp_like('abc', 'B', 'i')", "true"),
    ("regexp_count('abcabc', 'a')", "2"),
    ("regexp_substr('abcabc', 'b.')", "bc"),
    ("regexp_replace(E'a\\nb', 'a.b', 'x')", "x"),
    ("regexp_replace(E'a\\nb', 'A.', 'x', 'gi')", "xb"),
    ("regexp_like(E'a\\nb', 'a.b')", "true"),
    ("regexp_substr(E'a\\nb', '.b') = E'\\nb'", "true"),
    ("substring(E'a\\nb' from 'a(.)b') = E'\\n'", "true"),
    ("E'a\\nb' similar to 'a_b'", "true"),
    ("(regexp_match('foobar', 'o(b.)'))[1]", "ba"),
    ("array_to_string(array[1, 2, null, 3], ',', '*')", "1,2,*,3"),
    ("array_length(array[1, 2, 3], 1)", "3"),
    ("array_length(array[]::int[], 1)", None),
    ("array_to_string(string_to_array('a,b,,c', ','), '|')", "a|b||c"),
    ("array_to_string(string_to_array('abc', null), '|')", "a|b|c"),
    ("array_to_string(array_replace(array[1, 2, 1], 1, 9), ',')", "9,2,9"),
    ("width_bucket(5.35, 0.024, 10.06, 5)", "3"),
    ("div(-9, 4)", "-2"),
    ("div(9.5, 4)", "2"),
    ("scale(8.4100)", "4"),
    ("min_scale(8.4100)", "2"),
    ("quote_literal('it''s')", "'it''s'"),
    ("quote_literal(E'a\\\\b')", "E'a\\\\b'"),
    ("quote_nullable(null)", "NULL"),
    ("format('Hello %s, %1$s', 'World')", "Hello World, World"),
    ("format('%I = %L or 100%%', 'a b', 'it''s')", "\"a b\" = 'it''s' or 100%"),
    ("format('%s|%s', null, 'x')", "|x"),
    ("encode('abc'::bytea, 'hex')", "616263"),
    ("encode('abc'::bytea, 'base64')", "YWJj"),
    ("encode(decode('YWJj', 'base64'), 'hex')", "616263"),
    ("encode(sha256('abc'::bytea), 'hex')", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ("to_hex(2147483647)", "7fffffff"),
    ("to_hex(-1)", "ffffffff"),
    ("substring('Thomas' from 2 for 3)", "hom"),
    ("substring('Thomas' from '...$')", "mas"),
    ("substring('foobar' from 'o(.)b')", "o"),
    ("substring('Thomas', -1, 4)", "Th"),
    ("substring('Thomas', 0)", "Thomas"),
    ("substring('Thomas' for 2)", "Th"),
    ("substr('alphabet', 3, 2)", "ph"),
    ("'a_c' like 'a\\_c'", "true"),
    ("'abc' like 'a\\_c'", "false"),
    ("'abc' like 'a\\' || '_c'", "false"),
    ("'a\\c' not like 'a\\\\c'", "false"),
    ("'A%c' ilike 'a\\%C'", "true"),
    ("'a!c' like 'a!c'", "true"),
    ("'a%c' like 'a!%c' escape '!'", "true"),
    ("'abc' similar to '(a|b)%'", "true"),
    ("'abc' similar to 'a'", "false"),
    ("'abc' similar to 'a_c'", "true"),
    ("'a.c' similar to 'a\\.c'", "true"),
    ("'a%c' similar to 'a!%c' escape '!'", "true"),
    ("'abc' similar to '[a-c]{3}'", "true"),
    ("'abc' not similar to 'ab'", "true"),
    ("'1.23456'::numeric = 1.23456", "true"),
    ("cast('1.23456' as numeric) = 1.23456", "true"),
    ("numeric '1.23456' = 1.23456", "true"),
    ("1.5::numeric(10, 1)", "1.5"),
    ("('now'::timestamp - localtimestamp) < interval '1 minute'", "true"),
    ("'today'::date = current_date", "true"),
    ("date 'tomorrow' - date 'yesterday'", "2"),
    ("cast('epoch' as timestamp)", "1970-01-01 00:00:00"),
    ("every(x > 0) from (values (1), (2)) v(x)", "t"),
    ("num_nulls(1, null)", "1"),
    ("num_nonnulls(1, null, 2)", "2"),
    ("clock_timestamp() >= now()", "true"),
    ("pg_typeof('a'::text)::text", "text"),
    ("pg_typeof(1.5)::text", "numeric"),
    ("pg_typeof(1)::text", "integer"),
]


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with the macros, found as a session finds them."""
    with duckdb.connect() as opened:
        opened.execute("ATTACH ':memory:' AS postgres; CREATE SCHEMA postgres.catalog")
        for statement in statements():
            opened.execute(statement)
        opened.execute("SET search_path = 'postgres.catalog'; SET TimeZone = 'UTC'")
        yield opened


def for_duckdb(sql: str) -> str:
    return "".join(standard(token) for token in spelled(tokens(sql)))


def said(con: duckdb.DuckDBPyConnection, expression: str) -> str | None:
    """The text of an expression's value as PostgreSQL writes it."""
    ((value,),) = con.execute(for_duckdb(f"SELECT {expression}")).fetchall()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None if value is None else str(value)


def test_to_char_of_moments(con: duckdb.DuckDBPyConnection) -> None:
    for moment in {moment for _, moment, _ in MOMENTS}:
        cases = {template: text for template, each, text in MOMENTS if each == moment}
        calls = ", ".join(f"to_char(m, '{template}')" for template in cases)
        ((*found,),) = con.execute(for_duckdb(f"SELECT {calls} FROM (SELECT {moment} AS m)")).fetchall()
        assert dict(zip(cases, found, strict=True)) == cases
        first = next(iter(cases))
        assert said(con, f"to_char({moment}, '{first}')") == cases[first]


def test_to_char_of_numbers(con: duckdb.DuckDBPyConnection) -> None:
    templates = list(dict.fromkeys(template for template, _, _ in NUMBERS))
    numbers = list(dict.fromkeys(number for _, number, _ in NUMBERS))
    values = ", ".join(f"({number}::DECIMAL(18, 4))" for number in numbers)
    calls = ", ".join(f"pg_catalog.to_char(x, '{template}')" for template in templates)
    rows = con.execute(for_duckdb(f"SELECT x, {calls} FROM (VALUES {values}) v(x)")).fetchall()
    found = {(template, x): text for x, *texts in rows for template, text in zip(templates, texts, strict=True)}
    assert found == {(template, Decimal(number)): text for template, number, text in NUMBERS}


@pytest.mark.parametrize(("expression", "text"), SAID)
def test_expressions(con: duckdb.DuckDBPyConnection, expression: str, text: str | None) -> None:
    text = {"t": "true", "f": "false"}.get(text or "", text)
    assert said(con, expression) == text


@pytest.mark.parametrize(
    ("expression", "said_of_it", "near"),
    [
        ("to_char(now(), 'YYYY TZ')", 'the pattern "TZ" is not supported', "'YYYY"),
        ("to_char(now(), 'IDDD')", 'the pattern "IDDD"', "'IDDD"),
        ("to_char(1, '9.99EEEE')", 'the template "9.99EEEE"', "'9.99"),
        ("to_char(1, '99V99')", "the template", "'99V"),
        ("to_char(1, '.99')", "the template", "'.99"),
        ("to_char(1, 'FMRN')", "the template", "'FMRN"),
        ("to_char(1, '9' || '9')", "takes a template that is written out", "'9'"),
        ("to_date('x', 'Q YYYY')", 'the pattern "Q"', "'Q"),
        ("to_number('1', 'RN')", "the template", "'RN"),
        ("'a' SIMILAR TO lower('A')", "SIMILAR TO takes a pattern that is written out", "SIMILAR"),
        ("date_trunc('century', now())", 'date_trunc to "century"', "'century"),
    ],
)
def test_what_has_no_exact_meaning_is_an_error_that_names_it(expression: str, said_of_it: str, near: str) -> None:
    sql = f"SELECT 1, {expression}"
    with pytest.raises(Failure, match=re.escape(said_of_it)) as raised:
        for_duckdb(sql)
    assert (raised.value.sqlstate, raised.value.position) == ("0A000", sql.index(near) + 1)


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("to_number('12345', '999')", "22P02"),
        ("to_number('a', '999')", "22P02"),
        ("encode('abc'::BLOB, 'escape')", "0A000"),
        ("substring('abc', 1, -1)", "22011"),
        ("format('%s %s', 'a')", "22023"),
        ("format('%d', 1)", "0A000"),
        ("div(1, 0)", "22012"),
        ("width_bucket(1, 2, 2, 3)", "2201G"),
        ("regexp_match('abc', '(a)(b)')", "0A000"),
    ],
)
def test_what_a_macro_refuses_has_a_code(con: duckdb.DuckDBPyConnection, expression: str, code: str) -> None:
    with pytest.raises(duckdb.InvalidInputException, match=f"{code}: "):
        con.execute(for_duckdb(f"SELECT {expression}")).fetchall()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name, 'a%' LIKE name, extract(year FROM spent_date) FROM t WHERE name LIKE 'a%' AND x SIMILAR_TO",
        "SELECT numeric, date, format FROM t ORDER BY decimal",
        "SELECT x AS numeric, substring(a, 1, 2), date_part('year', d), 'now' AS now, lpad(a, 3, 'x')",
        "SELECT h.format(1), age FROM h.to_char('a', 'b') AS to_char",
    ],
)
def test_what_means_the_same_stays_as_it_is(sql: str) -> None:
    found = tokens(sql)
    assert spelled(found) == found


def test_a_name_that_duckdb_alone_reserves_is_put_in_quotes() -> None:
    sql = "SELECT at.x, AT.y, now() AT TIME ZONE 'UTC' FROM a at JOIN b AS at2 USING (x)"
    found = [token.text for token in spelled(tokens(sql)) if token.text.strip() and "at" in token.text.lower()]
    assert found == ['"at"', '"at"', "AT", '"at"', "at2"]


def test_what_is_spelled_otherwise_has_the_place_of_what_the_client_wrote() -> None:
    sql = "SELECT nosuch, extract(second FROM other), 'x' LIKE 'a\\_b', after"
    found = {token.text: token.start for token in spelled(tokens(sql))}
    for name in ("nosuch", "other", "after"):
        assert found[name] == sql.index(name)
    assert found["_seconds"] == sql.index("extract")


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("'1.23456'::numeric", "DECIMAL(38, 5)"),
        ("CAST('1e3' AS decimal)", "DECIMAL(38, 0)"),
        ("numeric '-1.5'", "DECIMAL(38, 1)"),
        ("1.50::pg_catalog.numeric", "DECIMAL(38, 2)"),
        ("CAST('1.234' AS DECIMAL(4, 3))::numeric", "DECIMAL(38, 3)"),
        ("x::numeric", "DECIMAL(38, 10)"),
        ("(1.5 + x)::numeric", "DECIMAL(38, 10)"),
        ("'1.5'::text::numeric", "DECIMAL(38, 10)"),
        ("x::numeric(4, 1)", "numeric(4, 1)"),
    ],
)
def test_numeric_has_the_digits_that_are_written(sql: str, kind: str) -> None:
    assert kind in for_duckdb(sql)


@pytest.mark.parametrize("sql", ["'3.7'::int", "cast('' as bigint)", "int4 'x'", "'1e3'::pg_catalog.int8"])
def test_a_text_that_is_no_integer_is_not_rounded(sql: str) -> None:
    with pytest.raises(Failure, match=r"invalid input syntax for type (integer|bigint)") as raised:
        for_duckdb(sql)
    assert (raised.value.sqlstate, raised.value.position) == ("22P02", sql.index("'") + 1)
    same = "' 12'::int, '-1'::text::int, x::int, '{1,2}'::int[], '{1.5}'::numeric[]"
    assert for_duckdb(same) == same


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT sum, max FROM (SELECT sum(a), max(a) m, max(a) FROM (VALUES (1), (2)) v(a)) x", [(3, 2)]),
        ("WITH x AS (SELECT count(*), 1 + 1, lower('A')::text FROM (SELECT 1)) SELECT count, lower FROM x", [(1, "a")]),
        ("SELECT column1, x.column2 FROM (VALUES (1, f(2)), (3, 4)) AS x WHERE column1 = 1", [(1, 2)]),
        ("SELECT \"int4\" FROM (SELECT '1'::int4) x", [(1,)]),
        ("SELECT a FROM (SELECT a FROM (VALUES (1)) v(a)) x", [(1,)]),
        ("SELECT (SELECT max(a) FROM (VALUES (1)) v(a)), ARRAY(SELECT upper('a'))", [(1, ["A"])]),
        ("SELECT count FROM (SELECT count(*) FROM (SELECT 1) UNION ALL SELECT 5) x ORDER BY 1", [(1,), (5,)]),
        (
            "SELECT n, count FROM (SELECT lower(n) AS n, count(*) FROM (VALUES ('A')) v(n) GROUP BY lower(n)) x",
            [("a", 1)],
        ),
    ],
)
def test_what_surrounds_a_subquery_names_its_columns(
    con: duckdb.DuckDBPyConnection, sql: str, rows: list[object]
) -> None:
    con.execute("CREATE OR REPLACE MACRO postgres.catalog.f(x) AS x")
    assert con.execute(for_duckdb(sql)).fetchall() == rows
    con.execute("DROP MACRO postgres.catalog.f")


def test_groups_by_text_of_a_moment_are_one(con: duckdb.DuckDBPyConnection) -> None:
    moments = "(VALUES (DATE '2026-01-31'), (DATE '2026-01-01'), (DATE '2026-02-01')) v(d)"
    for by in ("1", "to_char(d, 'YYYY-MM')", "to_char(v.d, 'YYYY-MM')"):
        sql = f"SELECT to_char(d, 'YYYY-MM'), count(*) FROM {moments} GROUP BY {by} ORDER BY 1"
        assert con.execute(for_duckdb(sql)).fetchall() == [("2026-01", 2), ("2026-02", 1)]
    sql = f"SELECT to_char(sum(day(d)), 'FM999'), to_char(max(d) + 1, 'MM') FROM {moments}"
    assert con.execute(for_duckdb(sql)).fetchall() == [("33", "02")]


def test_no_macro_takes_the_place_of_a_function_that_duckdb_has(con: duckdb.DuckDBPyConnection) -> None:
    """The ready views would call it: DuckDB binds them with the search path of the session."""
    own = {
        name
        for (name,) in con.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() WHERE NOT internal"
        ).fetchall()
    }
    theirs = {name for (name,) in con.execute("SELECT function_name FROM duckdb_functions() WHERE internal").fetchall()}
    assert "btrim" in own
    assert not own & theirs
    used = {word for view in views().values() for word in re.findall(r"(\w+)\s*\(", str(view))}
    assert not own & used


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        (r"'\x0001ff27'::bytea", b"\x00\x01\xff'"),
        (r"E'\\x0001FF'::bytea", b"\x00\x01\xff"),
        (r"E'\\000a\\\\'::bytea", b"\x00a\\"),
        (r"CAST('\x' AS bytea)", b""),
        ("bytea 'abc'", b"abc"),
        (r"'\x41'::bytea::bytea", b"A"),
    ],
)
def test_bytes_that_are_written_out_are_those_of_postgresql(sql: str, shown: bytes) -> None:
    assert duckdb.sql(f"SELECT {for_duckdb(sql)}").fetchall() == [(shown,)]


def test_a_text_that_is_no_bytea_is_refused_where_it_stands() -> None:
    with pytest.raises(Failure, match="invalid input syntax for type bytea") as raised:
        for_duckdb(r"SELECT '\x0'::bytea")
    assert (raised.value.sqlstate, raised.value.position) == ("22P02", 8)
    same = "x::bytea, '\\x00'::text::bytea, 'a' AS bytea"
    assert for_duckdb(same) == same
