"""Each method of a dataset of Arrow, tried on one of Harvest and on one in memory that has the same rows.

A program of its own tries them, because C++ may end the process: it prints each name before it tries, and what came.
"""

from __future__ import annotations

import faulthandler
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyarrow import acero

import harvest_duck
from harvest_duck.errors import HarvestDuckError

__all__ = ["OF_CPP", "OF_DATASETS", "OF_FRAGMENTS", "OF_SCANNERS", "REFUSED", "public", "tried"]

TABLE = "clients"
#: One row for each client, to join with.
_OTHER = pa.table({"name": ["Fjord Seafood", "nobody"], "rank": [1, 2]})
_KEPT = pc.field("is_active") & (pc.field("name") > "B")
_TWICE = {"twice": pc.field("id") + pc.field("id"), "lower": pc.utf8_lower(pc.field("name"))}

Case = Callable[[Any], Any]


def _fragment(rows: ds.Dataset) -> Any:
    (found,) = rows.get_fragments()
    return found


OF_DATASETS: Mapping[str, Case] = {
    "count_rows": lambda rows: (rows.count_rows(), rows.count_rows(filter=_KEPT), rows.filter(_KEPT).count_rows()),
    "filter": lambda rows: rows.filter(_KEPT).filter(pc.field("id") > 0).to_table(columns=["name"]),
    "get_fragments": lambda rows: [each.to_table() for each in rows.get_fragments(filter=_KEPT)],
    "head": lambda rows: [rows.head(number, columns=["id"], filter=_KEPT) for number in (0, 1, 3, 99)],
    "join": lambda rows: sorted(
        rows.join(ds.dataset(_OTHER), "name", join_type="inner").to_table().to_pylist(), key=str
    ),
    "join_asof": lambda rows: rows.sort_by("id").join_asof(ds.dataset(_ids(rows)), "id", [], 0).count_rows(),
    "partition_expression": lambda rows: str(rows.partition_expression),
    "replace_schema": lambda rows: rows.replace_schema(rows.schema).to_table(),
    "scanner": lambda rows: rows.scanner(columns=_TWICE, filter=_KEPT, batch_size=2, use_threads=False).to_table(),
    "schema": lambda rows: rows.schema,
    "sort_by": lambda rows: rows.sort_by([("is_active", "descending"), ("id", "ascending")]).to_table(),
    "take": lambda rows: [rows.take([2, 0, 0]), rows.take(pa.array([1], pa.int32()), columns=["name"])],
    "to_batches": lambda rows: pa.Table.from_batches(rows.to_batches(columns=["id", "id", "name"], filter=_KEPT)),
    "to_table": lambda rows: [
        rows.to_table(columns=some) for some in (None, [], ["name"], _TWICE, {"one": pc.scalar(1)})
    ],
    "without columns": lambda rows: [rows.to_table(columns=none, filter=_KEPT).num_rows for none in ([], {})],
    "batch_size": lambda rows: {each.num_rows for each in rows.to_batches(batch_size=1)},
    "a column by its number": lambda rows: rows.to_table(columns={"id": pc.field(0)}, filter=pc.field(0) > 0),
    "a constant for a filter": lambda rows: [_constant(rows, value).to_table() for value in (True, False, None)],
    "not in a list": lambda rows: rows.to_table(filter=~pc.field("name").isin(["Fjord Seafood"])),
}
OF_FRAGMENTS: Mapping[str, Case] = {
    "count_rows": lambda rows: _fragment(rows).count_rows(filter=_KEPT),
    "head": lambda rows: _fragment(rows).head(2, columns=["id"]),
    "partition_expression": lambda rows: str(_fragment(rows).partition_expression),
    "physical_schema": lambda rows: _fragment(rows).physical_schema,
    "scanner": lambda rows: _fragment(rows).scanner(rows.schema, columns=_TWICE, filter=_KEPT).to_table(),
    "take": lambda rows: _fragment(rows).take([1], columns=["id"]),
    "to_batches": lambda rows: pa.Table.from_batches(_fragment(rows).to_batches(columns=["id"])),
    "to_table": lambda rows: _fragment(rows).to_table(schema=rows.schema, columns=["id"], filter=_KEPT),
}
OF_SCANNERS: Mapping[str, Case] = {
    "count_rows": lambda rows: rows.scanner(filter=_KEPT).count_rows(),
    "dataset_schema": lambda rows: rows.scanner(columns=["id"]).dataset_schema,
    "head": lambda rows: rows.scanner(columns=_TWICE).head(2),
    "projected_schema": lambda rows: [rows.scanner(columns=some).projected_schema for some in (None, ["name"], _TWICE)],
    "scan_batches": lambda rows: pa.Table.from_batches(each.record_batch for each in rows.scanner().scan_batches()),
    "take": lambda rows: rows.scanner(filter=_KEPT).take([1]),
    "to_batches": lambda rows: pa.Table.from_batches(rows.scanner(columns=["id"]).to_batches()),
    "to_reader": lambda rows: rows.scanner(columns=_TWICE, filter=_KEPT).to_reader().read_all(),
    "to_table": lambda rows: rows.scanner(columns=["id"]).to_table(),
    "twice": lambda rows: [scanner.to_table() for scanner in [rows.scanner()] * 2],
}
#: What is refused, by an error of ours.
REFUSED: Mapping[str, Case] = {
    "another schema": lambda rows: rows.replace_schema(pa.schema([("id", pa.int64())])),
    "an unknown column": lambda rows: rows.to_table(columns=["nope"]),
    "an unknown column of a filter": lambda rows: rows.to_table(filter=pc.field("nope") == 1),
    "an unknown column of an expression": lambda rows: rows.to_table(columns={"a": pc.field("nope")}),
    "a column that cannot be computed": lambda rows: rows.to_table(columns={"a": pc.field("name") + 1}),
    "a value that cannot be computed": lambda rows: rows.to_table(columns={"a": pc.field("name").cast(pa.int64())}),
    "columns that are no list": lambda rows: rows.scanner(columns="id"),
    "a column that is no expression": lambda rows: rows.scanner(columns={"a": 1}),
    "a filter that is none": lambda rows: rows.scanner(filter="id > 1"),
    "a filter of None": lambda rows: rows.filter(None),
    "no filter beside one": lambda rows: rows.filter(_KEPT).scanner(filter=object()),
    "a filter of another type": lambda rows: rows.filter(pc.field("id") == "x").to_table(),
    "a batch of no row": lambda rows: rows.to_table(batch_size=0),
    "a row that is not there": lambda rows: rows.take([10**6]),
    "a row before the first": lambda rows: rows.take([-1]),
    "an unknown column to sort by": lambda rows: rows.sort_by("nope"),
    "an unknown column to join by": lambda rows: rows.join(ds.dataset(_OTHER), "nope"),
}
#: What reads a dataset in C++, where there is nothing of Harvest to read.
OF_CPP: Mapping[str, Case] = {
    "Scanner.from_dataset": lambda rows: ds.Scanner.from_dataset(rows).to_table(),
    "Scanner.from_dataset.head": lambda rows: ds.Scanner.from_dataset(rows, filter=_KEPT).head(1),
    "Scanner.from_dataset.count_rows": lambda rows: ds.Scanner.from_dataset(rows).count_rows(),
    "Scanner.from_dataset.to_batches": lambda rows: list(ds.Scanner.from_dataset(rows).to_batches()),
    "Scanner.from_dataset.to_reader": lambda rows: ds.Scanner.from_dataset(rows).to_reader().read_all(),
    "a union": lambda rows: ds.dataset([rows, rows]).to_table(),
    "the right of a join": lambda rows: ds.dataset(_OTHER).join(rows, "name"),
    "the right of an asof join": lambda rows: ds.dataset(_ids(rows)).join_asof(rows, "id", [], 0),
    "a plan of Acero": lambda rows: acero.Declaration("scan", acero.ScanNodeOptions(rows)).to_table(),
    "a child": lambda rows: rows.children[0].to_table(),
    "a fragment of C++": lambda rows: next(ds.Dataset.get_fragments(rows)).to_table(),
    "sort_by of the base": lambda rows: ds.Dataset.sort_by(rows, "id"),
}


def _ids(rows: ds.Dataset) -> pa.Table:
    return rows.to_table(columns=["id"]).sort_by("id")


def _constant(rows: ds.Dataset, value: bool | None) -> Any:
    """A scan by a condition that is a scalar for ours, as DataFusion gives it."""
    held = pa.scalar(value, pa.bool_() if value is not None else None)
    ours = type(rows).__module__.startswith("harvest_duck")
    return rows.scanner(filter=held if ours else pc.scalar(pa.scalar(value, pa.bool_())), columns=["id"])


def public(kind: type) -> set[str]:
    """The public methods and properties of a class of pyarrow, without those that make an object of it."""
    return {name for name in dir(kind) if not name.startswith("_") and not name.startswith("from_")}


def tried() -> None:
    """Try all of them, and write a line for each that says what came."""
    faulthandler.enable()
    rows = harvest_duck.dataset(TABLE)
    held = ds.dataset(rows.to_table())
    for group, cases in {"dataset": OF_DATASETS, "fragment": OF_FRAGMENTS, "scanner": OF_SCANNERS}.items():
        for name, case in cases.items():
            _tell(f"{group} {name}: ")
            found, wanted = case(rows), case(held)
            _tell("same\n" if found == wanted else f"{found!r} and not {wanted!r}\n")
    for name, case in {**REFUSED, **OF_CPP}.items():
        _tell(f"{name}: ")
        _tell(f"{_refusal(case, rows)}\n")


def _tell(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _refusal(case: Case, rows: ds.Dataset) -> str:
    try:
        return f"no error but {case(rows)}"
    except (HarvestDuckError, OSError) as error:
        return f"{type(error).__name__}, {error}"
