"""`harvest-duck query --chart`: a picture for people, or an error of one line."""

from __future__ import annotations

import pytest
from support.command import run

SHAPE = "a chart takes two columns, a label or a time and then a number; "


def test_each_result_is_a_picture_and_values_stay_exact(connection: str) -> None:
    sql = (
        "SELECT 'a' AS what, 1.50::DECIMAL(18,4) AS hours UNION ALL SELECT 'b', -0.75; FROM (VALUES (1, 2)) AS t(n, m)"
    )
    ended = run("query", "--chart", sql, connection=connection)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (
        ended.stdout
        == """\
what     hours
────────────────────────────────────────────────────────────────────────────────
a       1.5000                        │█████████████████████████████████████████
b      -0.7500   ▐████████████████████│
(2 rows)

n   m
────────────────────────────────────────────────────────────────────────────────
1   2   ████████████████████████████████████████████████████████████████████████
(1 row)
"""
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["SELECT 1, 2; SELECT 3"], f"harvest-duck: statement 2, line 1: {SHAPE}this result has 1: 3\n"),
        (["SELECT 1, 2", "--format", "csv"], "Error: --chart draws on standard output: leave out --format.\n"),
        (["SELECT 1, 2", "-o", "hours.csv"], "Error: --chart draws on standard output: leave out -o FILE.\n"),
        (["SELECT 1, 2", "--explain"], "Error: --chart draws on standard output: leave out --explain.\n"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line(arguments: list[str], message: str, connection: str) -> None:
    ended = run("query", "--chart", *arguments, connection=connection)
    assert ended.returncode in {1, 2}
    assert ended.stderr.endswith(message)
