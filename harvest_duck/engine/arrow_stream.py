"""Record batches for DuckDB as an Arrow C stream, whose errors are one line.

pyarrow exports a reader over an iterator of Python as such a stream, and describes an error of that iterator by its
whole traceback. So the stream is pyarrow's, with one of its five functions replaced: `get_last_error`, which gives the
sentence of the error alone. That costs 5 µs for each stream, and 0.1 µs for each batch beside the 1.5 µs of pyarrow
(Python 3.11 to 3.13, pyarrow 26, 2026-11). `get_next` as a function of Python could lose rows: a callback of ctypes
that Ctrl-C ends before its first line returns anything, 0 with Python 3.13, which means success.

The layout is that of https://arrow.apache.org/docs/format/CStreamInterface.html.
"""

from __future__ import annotations

import ctypes
import re
import traceback
from concurrent.futures import CancelledError
from functools import partial
from itertools import chain
from pathlib import PurePath
from typing import TYPE_CHECKING

import pyarrow as pa

from harvest_duck.errors import HarvestDuckError
from harvest_duck.text import one_line, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

#: What is said of an end that is no error of ours: a signal that Python heard on the way into our iterator, or the end
#: of the process.
_INTERRUPTED = "Query interrupted"
#: The most characters that are shown of an error of somebody else.
_LONGEST = 300
#: What DuckDB puts around a sentence; 1.4 and 1.5 have one prefix for all streams, 2.0 one for each kind of source.
_AROUND = re.compile(
    r"Invalid Input Error: "
    r"(?:arrow_scan: get_next failed\(\): |reading the [^\n]*? failed: )?"
    r"(?P<sentence>[^\n]*)(?:\n\nLINE \d+: .*)?",
    re.DOTALL,
)
_GET_LAST_ERROR = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
_address_in_capsule = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)


class _ArrowArrayStream(ctypes.Structure):
    _fields_ = (
        ("get_schema", ctypes.c_void_p),
        ("get_next", ctypes.c_void_p),
        ("get_last_error", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    )


def sentence(error: BaseException) -> str:
    """Return one line about an error that ended a scan; one that we did not raise on purpose names its place."""
    if isinstance(error, HarvestDuckError | InterruptedError):
        text = str(error)
        return text if text.isprintable() else one_line(text)
    if isinstance(error, KeyboardInterrupt):
        return type(error).__name__
    if isinstance(error, CancelledError):
        return _INTERRUPTED
    told = shortened(one_line("".join(traceback.format_exception_only(error))), _LONGEST)
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({'/'.join(PurePath(frames[-1].filename).parts[-3:])}, line {frames[-1].lineno})" if frames else ""
    return f"a fault of harvest_duck: {told}{place}; please report it"


def sentence_in(text: str) -> str:
    """Return the sentence of ours in a text of DuckDB, without what it puts around; another text is returned as it is.

    That is a prefix where a scan failed, and, where a macro of ours refused its arguments, the place in the SQL.
    """
    found = _AROUND.fullmatch(text.strip())
    return found["sentence"] if found else text


class BatchStream:
    """The stream of `batches` with the columns of `schema`, which DuckDB takes once.

    Iterating begins when DuckDB asks for the first batch, so that every error of it leaves by the stream; `failed`
    returns the line to show for one. When DuckDB releases the stream, on any thread, the iterator is freed, and a
    generator thereby closed.
    """

    def __init__(
        self,
        schema: pa.Schema,
        batches: Iterable[pa.RecordBatch],
        failed: Callable[[BaseException], str] = sentence,
    ) -> None:
        self._last_error = _LastError()
        told = _Told(batches, failed, self._last_error)
        self._readers = [pa.RecordBatchReader.from_batches(schema, told)]

    def _export_to_c(self, address: int) -> None:
        """Make the structure at `address` this stream; DuckDB 1 calls it."""
        self._readers.pop()._export_to_c(address)  # noqa: SLF001 - the name by which libraries of Arrow call it
        self._last_error.replace(address)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return a capsule with this stream; DuckDB 2 calls it."""
        capsule = self._readers.pop().__arrow_c_stream__(requested_schema)
        self._last_error.replace(_address_in_capsule(capsule, b"arrow_array_stream"))
        return capsule


class _LastError:
    """The function `get_last_error` of one stream: it returns the address of the latest sentence."""

    def __init__(self) -> None:
        self._addresses: dict[str, int] = {}
        self.tell(_INTERRUPTED)
        # No function of Python: that would hear pending signals before its first line, and an error in a callback of
        # ctypes leaves what it returns undefined. Its argument, the stream, takes the place of the default of `get`.
        self._function = _GET_LAST_ERROR(partial(self._addresses.get, "sentence"))

    def tell(self, text: str) -> None:
        """Return `text` from now on."""
        self._buffer = ctypes.create_string_buffer(text.encode(errors="replace"))
        self._addresses["sentence"] = ctypes.addressof(self._buffer)

    def replace(self, address: int) -> None:
        """Give the stream at `address` this function."""
        function = ctypes.cast(self._function, ctypes.c_void_p).value
        _ArrowArrayStream.from_address(address).get_last_error = function


class _Told:
    """The batches, with each error told to `last_error`; the stream keeps both alive."""

    def __init__(
        self, batches: Iterable[pa.RecordBatch], failed: Callable[[BaseException], str], last_error: _LastError
    ) -> None:
        self._batches = chain.from_iterable([batches])
        self._failed = failed
        self._last_error = last_error
        self._over = False

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self

    def __next__(self) -> pa.RecordBatch:
        if self._over:
            raise RuntimeError
        try:
            return next(self._batches)
        except StopIteration:
            raise
        except BaseException as error:  # noqa: BLE001 - a stream has no other way out
            self._over = True
            self._last_error.tell(self._failed(error))
        raise RuntimeError
