"""The files of a report: which are asked for, whether they say already what would be written, and writing them all."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pyarrow as pa

from harvest_duck.display.file_size import file_size
from harvest_duck.formats import compression_of, targets
from harvest_duck.report_page import fingerprint, mail
from harvest_duck.report_page.figures import figures
from harvest_duck.report_page.fingerprint import Form
from harvest_duck.report_page.mail import Addresses
from harvest_duck.report_page.page import page
from harvest_duck.report_page.values import json_text
from harvest_duck.text import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import duckdb

    from harvest_duck.report_page.copy import Copy
    from harvest_duck.report_page.model import Figures

__all__ = ["Addresses", "File", "asked_for", "kept", "summary_lines", "write"]

_PAGE = Path("report.html")
_NOBODY = Addresses()
_WHAT = {Form.PAGE: "report", Form.JSON: "figures", Form.MAIL: "mail"}


@dataclass(frozen=True, slots=True)
class File:
    """A place, and the form of the report there."""

    target: Path
    form: Form


def asked_for(target: Path | None, mail_target: Path | None, *, as_json: bool) -> list[File]:
    """Return the files that the options of the command ask for.

    The page is left out where the mail alone is asked for, which has it attached. Raises UsageError where two of them
    would be one, and `QueryError` where one cannot be written.
    """
    files = []
    if as_json:
        files.append(File(target or targets.STANDARD_OUTPUT, Form.JSON))
    elif target is not None or mail_target is None:
        files.append(File(target or _PAGE, Form.PAGE))
    if mail_target is not None:
        files.append(File(mail_target, Form.MAIL))
    for file in files:
        # Raises before anything is asked of Harvest.
        targets.is_streamed(file.target)
    places = {None if targets.is_standard_output(file.target) else targets.place(file.target) for file in files}
    if len(places) < len(files):
        raise click.UsageError("The mail needs a place of its own: give -o and --eml different files.")
    return files


def kept(files: Sequence[File]) -> list[File]:
    """Return the files that are there afterwards, rather than sent on."""
    return [file for file in files if not targets.is_streamed(file.target)]


def write(
    copy: Copy,
    files: Sequence[File],
    given: Mapping[str, str],
    addresses: Addresses = _NOBODY,
    *,
    if_changed: bool = False,
) -> list[tuple[File, int]]:
    """Write the report of a copy to all files, or to none of those that are kept; return their sizes.

    `given` are the arguments of `Options.of` that the copy was read for. With `if_changed` there are none where all
    that are kept have what would be written.
    """
    mark = fingerprint.of(copy.digest, given)
    marks = dict.fromkeys(Form, mark) | {Form.MAIL: fingerprint.of(mark, addresses.given) if addresses.given else mark}
    if if_changed and all(_mark(file) == marks[file.form] for file in kept(files)):
        return []
    made = figures(copy, copy.options)
    contents = [_content(file.form, made, marks[file.form], addresses) for file in files]
    with ExitStack() as all_whole:
        for file, content in zip(files, contents, strict=True):
            all_whole.enter_context(targets.opened(file.target)).write(content)
    return [(file, len(content)) for file, content in zip(files, contents, strict=True)]


def summary_lines(con: duckdb.DuckDBPyConnection, written: Sequence[tuple[File, int]]) -> Iterator[str]:
    """The lines that say what was written, how large it is, and how many requests that took."""
    ((requests,),) = con.execute("SELECT count(*) FROM harvest_requests() WHERE source = 'harvest'").fetchall()
    by = f"by {requests:,} {'request' if requests == 1 else 'requests'}"
    if not written:
        yield f"nothing has changed in Harvest, and nothing is written, {by}"
    for file, size in written:
        if not targets.is_standard_output(file.target):
            yield f"{_WHAT[file.form]} written to {escaped(file.target)}, {file_size(size)}, {by}"


def _content(form: Form, made: Figures, mark: str, addresses: Addresses) -> bytes:
    match form:
        case Form.PAGE:
            return fingerprint.in_page(page(made), mark).encode()
        case Form.JSON:
            return fingerprint.in_json(json_text(made), mark).encode()
        case Form.MAIL:
            return mail.message(made, fingerprint.in_page(page(made), mark), mark, addresses)


def _mark(file: File) -> str | None:
    """The mark of the report that a file has, None where it has none, is cut off or cannot be read, or is not there."""
    try:
        with pa.input_stream(targets.place(file.target), compression=compression_of(file.target)) as stream:
            return fingerprint.found_in(stream.read(), file.form)
    except OSError:
        return None
