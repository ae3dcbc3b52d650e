"""Rows as a workbook of Excel with one sheet, by XlsxWriter, in memory that does not grow with the rows.

The limits are those of https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3.
"""

from __future__ import annotations

import io
import traceback
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from harvest_duck.display.cells import text as text_of
from harvest_duck.errors import QueryError
from harvest_duck.formats import unique

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from _typeshed import ReadableBuffer

__all__ = ["require", "write"]

_MOST_ROWS = 1_048_576
_MOST_COLUMNS = 16_384
_MOST_CHARACTERS = 32_767
#: Excel keeps so many digits of a number.
_DIGITS = 15
_TOO_LARGE = 1e308
#: Excel counts days from here, and knows none before; its last moment, as it rounds to a thousandth of a second.
_FIRST_DAY = date(1900, 1, 1)
_LAST_MOMENT = datetime(9999, 12, 31, 23, 59, 59, 999_000)  # noqa: DTZ001 - Excel knows no zones
_FORMATS = {
    date: "yyyy-mm-dd",
    datetime: "yyyy-mm-dd hh:mm:ss",
    time: "hh:mm:ss",
    timedelta: "[h]:mm:ss",
}
_INSTANT = 'yyyy-mm-dd hh:mm:ss "UTC"'


def require() -> None:
    """Raise `QueryError` if the package that writes workbooks is not installed."""
    try:
        import xlsxwriter  # noqa: F401, PLC0415 - an extra
    except ImportError:
        raise QueryError("xlsx needs the extra 'excel': pip install 'harvest-duck[excel]', or choose csv") from None


def write(names: Sequence[str], rows: Iterable[Sequence[Any]], path: Path) -> int:
    """Write the rows below their names to the file at `path`, and return their number.

    Raises `QueryError` where Excel has no room for a row, a column or a text.
    """
    from xlsxwriter import Workbook  # noqa: PLC0415 - an extra
    from xlsxwriter.exceptions import FileCreateError  # noqa: PLC0415 - an extra

    if len(names) > _MOST_COLUMNS:
        raise QueryError(f"a sheet of Excel has {_MOST_COLUMNS:,} columns and not {len(names):,}: select fewer")
    with TemporaryDirectory() as folder, _File(path) as file:
        book = Workbook(file, {"constant_memory": True, "tmpdir": folder})
        try:
            count = _Sheet(book, names).fill(rows)
            book.close()
        except FileCreateError as error:
            # Its traceback has the ZipFile, which is freed here, where its file is open.
            traceback.clear_frames(error.__context__.__traceback__ if error.__context__ else None)
            # It has the error of the system inside (XlsxWriter 3.2 to 3.3).
            raise (error.args[0] if isinstance(error.args[0], OSError) else OSError(str(error))) from None
        finally:
            # An error would leave the temporary files of its sheet open.
            for sheet in book.worksheets():
                sheet._opt_close()  # noqa: SLF001 - `close` does it only where it ends well
    return count


class _File(io.FileIO):
    """A new file that, once a write has failed, takes everything and keeps nothing.

    Python's ZipFile writes its end when it is freed, and shows the traceback of what goes wrong then.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "wb")
        self._failed = False

    def write(self, content: ReadableBuffer, /) -> int:
        """Write all bytes, and return their number."""
        left = memoryview(content)
        size = left.nbytes
        try:
            while left and not self._failed:
                left = left[super().write(left) :]
        except OSError:
            self._failed = True
            raise
        return size


class _Sheet:
    """The sheet of a workbook that is being written, row after row."""

    def __init__(self, book: Any, names: Sequence[str]) -> None:  # noqa: ANN401 - XlsxWriter has no annotations
        self._names = names
        self._sheet = book.add_worksheet()
        self._formats = {kind: book.add_format({"num_format": form}) for kind, form in _FORMATS.items()}
        self._instant = book.add_format({"num_format": _INSTANT})
        bold = book.add_format({"bold": True})
        self._sheet.freeze_panes(1, 0)
        for column, name in enumerate(unique(names)):
            self._text(0, column, name, bold)

    def fill(self, rows: Iterable[Sequence[Any]]) -> int:
        count = 0
        for row in rows:
            count += 1
            if count >= _MOST_ROWS:
                raise QueryError(
                    f"a sheet of Excel has room for {_MOST_ROWS - 1:,} rows below the names: choose csv or parquet, "
                    "or add a LIMIT or a condition"
                )
            for column, value in enumerate(row):
                self._cell(count, column, value)
        return count

    def _cell(self, row: int, column: int, value: Any) -> None:  # noqa: ANN401 - a value of any column
        if isinstance(value, bool):
            self._sheet.write_boolean(row, column, value)
        elif isinstance(value, int | float | Decimal):
            if exact_in_excel(value):
                self._sheet.write_number(row, column, value)
            else:
                self._text(row, column, str(value))
        elif isinstance(value, datetime) and value.tzinfo is not None:
            self._moment(row, column, value.astimezone(UTC).replace(tzinfo=None), self._instant, value)
        elif isinstance(value, date | time | timedelta):
            self._moment(row, column, value, self._formats[type(value)], value)
        elif value is not None:
            self._text(row, column, value if isinstance(value, str) else text_of(value))

    def _moment(self, row: int, column: int, shown: Any, form: Any, value: Any) -> None:  # noqa: ANN401 - any of its kind
        """Write a date or time as Excel has them, or as text where it has none such."""
        early = isinstance(shown, date) and (shown.year, shown.month) < (_FIRST_DAY.year, _FIRST_DAY.month)
        late = isinstance(shown, datetime) and shown > _LAST_MOMENT
        if early or late or (isinstance(shown, timedelta) and shown < timedelta(0)) or getattr(shown, "tzinfo", None):
            self._text(row, column, str(value))
        else:
            self._sheet.write_datetime(row, column, shown, form)

    def _text(self, row: int, column: int, text: str, form: Any = None) -> None:  # noqa: ANN401 - a format of XlsxWriter
        """Write a text that stays one, also where it begins with an equals sign."""
        # Excel counts characters beyond the first 65,536 twice.
        length = len(text) + (sum(each > "\uffff" for each in text) if 2 * len(text) > _MOST_CHARACTERS else 0)
        if length > _MOST_CHARACTERS:
            raise QueryError(
                f"row {row:,}: {self._names[column]} has {length:,} characters, and a cell of Excel "
                f"{_MOST_CHARACTERS:,}: shorten it with left({self._names[column]}, {_MOST_CHARACTERS}), or choose csv"
            )
        self._sheet.write_string(row, column, text, form)


def exact_in_excel(number: float | Decimal) -> bool:
    """Whether Excel has a number, with all its 15 digits or less; of a float it keeps as many as it can."""
    if isinstance(number, float):
        return abs(number) < _TOO_LARGE
    _, digits, exponent = Decimal(number).as_tuple()
    return isinstance(exponent, int) and len("".join(map(str, digits)).strip("0")) <= _DIGITS
