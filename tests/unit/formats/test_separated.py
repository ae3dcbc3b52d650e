"""CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pytest

from harvest_duck.formats import Format
from harvest_duck.formats.text_output import pieces

#: What OWASP lists, in full width too, and after blanks (https://owasp.org/www-community/attacks/CSV_Injection).
RUN = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\x00=1",
    "\uff1d1",
    "\uff0b1",
    "\uff0d1",
    "\uff201",
]
#: Others, of which one has what would end a cell where semicolons divide them.
HARMLESS = ["", "a", "1-1", "a;=1+1", 'say "=1"', "a,=b", "'=1", "x\n=1"]


@pytest.mark.parametrize("form", [Format.CSV, Format.TSV])
def test_no_text_begins_as_a_formula_does_and_every_other_stays(form: Format) -> None:
    rows = pa.table({"text": [*RUN, *HARMLESS, None], "number": pa.array([-1] * (len(RUN) + len(HARMLESS) + 1))})
    written = "".join(
        text for _, text in pieces(rows.to_reader(), form, "UTC", on_terminal=False, spreadsheet_safe=True)
    )
    header, *found = csv.reader(io.StringIO(written, newline=""), delimiter="," if form is Format.CSV else "\t")
    assert header == ["text", "number"]
    assert found == [[text, "-1"] for text in [*(f"'{text}" for text in RUN), *HARMLESS, ""]]
    # So that a spreadsheet that divides at other characters keeps a text together; NULL stays nothing.
    delimiter = "," if form is Format.CSV else "\t"
    assert f'"a;=1+1"{delimiter}-1\n' in written
    assert written.endswith(f"\n{delimiter}-1\n")
