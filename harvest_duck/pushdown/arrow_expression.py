"""Arrow expressions as the steps of their pickled form, rewritten to nest less deep where they are deep.

Arrow walks an expression by recursion. DuckDB 1 sends a list of 10,000 ids as that many terms joined by OR, each nested
in the next, and Arrow crashes the process: a level takes 1 KB of stack to evaluate and 300 bytes to pickle (pyarrow 18
to 26). So an expression is pickled on a large stack. In a deep one, comparisons of a column with many constants become
a list, AND and OR of many terms are cut into parts, and what is still too deep is refused. The meaning stays the same:
AND and OR are associative, and the list is NULL for NULL, as the comparisons are.

The steps are `call` with a name, the terms, `options`, `end`; a term is a call, a `literal` or a reference to a column.

Source: https://github.com/apache/arrow/blob/apache-arrow-18.1.0/cpp/src/arrow/compute/expression.cc, `Serialize`
"""

from __future__ import annotations

import os
import threading
from collections import defaultdict, deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from harvest_duck.errors import QueryError
from harvest_duck.pushdown.flatbuffer import metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: Enough for a chain of 800,000 terms; memory is used only as far as the stack grows.
_STACK_BYTES = 256 * 2**20
#: The levels that fit on the stack of any thread, at 1 KB each.
_DEEPEST = 1000
#: Types whose values are in a list exactly if they equal one of its values, unlike NaN.
_LISTED = frozenset({pa.int64(), pa.string(), pa.date32(), pa.timestamp("us", "UTC"), pa.decimal128(18, 4)})
#: The most terms of an AND or OR that stay in one part.
_TOGETHER = 32
#: The comparison whose terms a list replaces, by the function that joins them.
_JOINS = {"and_kleene": "not_equal", "or_kleene": "equal"}
_NUMBERED = frozenset({"literal", "options"})

Step = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Serialised:
    """The steps of an expression, and the constants that they refer to by number, each as an array of one value."""

    steps: Sequence[Step]
    constants: Sequence[pa.Array]


def serialised(expression: pc.Expression) -> Serialised:
    """Return the steps of an expression; ArrowException or ValueError if Arrow cannot pickle it."""
    found: Future[Any] = Future()

    def pickled() -> None:
        try:
            found.set_result(expression.__reduce__())
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            found.set_exception(error)

    try:
        _start(threading.Thread(target=pickled, name="harvest-duck filter", daemon=True))
    except RuntimeError:
        # Python 3.12 starts no thread once the main thread has ended.
        pickled()
    return _read(found.result())


def shallow(written: Serialised, schema: pa.Schema) -> Serialised:
    """An expression over the columns of `schema` that means the same as `written` and fits any stack.

    Returns `written` itself where it is not deep. Raises `QueryError` for one that cannot be made less deep.
    """
    if _depth(written.steps) <= _DEEPEST:
        return written
    whole, constants = _Flat(written.constants, schema).read(written.steps)
    if whole.depth > _DEEPEST:
        raise QueryError(f"a condition is nested {whole.depth:,} deep, and at most {_DEEPEST} can be read: simplify it")
    return compact(list(whole.written()), constants)


_sizing = threading.Lock()


def _forked() -> None:
    global _sizing  # noqa: PLW0603 - a thread of the parent may hold its own
    _sizing = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def _start(thread: threading.Thread) -> None:
    """Start the thread with the large stack; the stack size is a setting of the whole process."""
    with _sizing:
        before = threading.stack_size(_STACK_BYTES)
        try:
            thread.start()
        finally:
            threading.stack_size(before)


def _read(pickled: Any) -> Serialised:  # noqa: ANN401 - as pyarrow gives it
    _, (body,) = pickled
    # An Arrow IPC file: eight bytes of "ARROW1", then the first message.
    steps = metadata(pa.ipc.read_message(body.slice(8)).metadata.to_pybytes())
    return Serialised(steps, pa.ipc.open_file(body).get_batch(0).columns)


def deserialised(written: Serialised) -> pc.Expression:
    """The expression with these steps."""
    # A batch without columns has no row, and Arrow wants one.
    constants = list(written.constants) or [pa.nulls(1)]
    fields = [pa.field(str(number), constant.type) for number, constant in enumerate(constants)]
    schema = pa.schema(fields, metadata=pa.KeyValueMetadata(written.steps))
    batch = pa.RecordBatch.from_arrays(constants, schema=schema)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, schema) as file:
        file.write_batch(batch)
    unpickle, _ = pc.scalar(value=True).__reduce__()
    return unpickle(sink.getvalue())


def compact(steps: Sequence[Step], constants: Sequence[pa.Array]) -> Serialised:
    """The expression with these steps, and of `constants` those that they number."""
    used = sorted({int(text) for step, text in steps if step in _NUMBERED})
    places = {str(number): str(place) for place, number in enumerate(used)}
    renumbered = [(step, places[text] if step in _NUMBERED else text) for step, text in steps]
    return Serialised(renumbered, [constants[number] for number in used])


def _depth(steps: Iterable[Step]) -> int:
    deepest = depth = 0
    for step, _ in steps:
        depth += 1 if step == "call" else -1 if step == "end" else 0
        deepest = max(deepest, depth)
    return deepest


@dataclass(slots=True)
class _Term:
    """A call with its terms and, as steps, its options; without a function, the steps of a literal or a reference."""

    steps: list[Step] = field(default_factory=list)
    function: str = ""
    terms: deque[_Term] = field(default_factory=deque)
    depth: int = 0

    def written(self) -> Iterator[Step]:
        """Yield the steps of the term, with AND and OR as calls of two terms each."""
        waiting: list[_Term | Step] = [self]
        while waiting:
            part = waiting.pop()
            if isinstance(part, tuple):
                yield part
            elif part.function:
                parts: list[_Term | Step] = [
                    ("call", part.function),
                    *_operands(part),
                    *part.steps,
                    ("end", part.function),
                ]
                waiting.extend(reversed(parts))
            else:
                yield from part.steps


def _operands(term: _Term) -> Iterable[_Term]:
    """Return the terms that the call has in Arrow: AND and OR have two, with many terms cut into parts."""
    many = len(term.terms)
    if term.function not in _JOINS or many <= 2:  # noqa: PLR2004 - what a call joins
        return term.terms
    terms = list(term.terms)
    if many > _TOGETHER:
        size = _part_size(many)
        parts = (_joined(term.function, terms[start : start + size]) for start in range(0, many, size))
        # Arrow flattens joins within the same join into one chain, but not through a double inversion.
        terms = [_inverted(_inverted(part)) for part in parts]
    return _joined(term.function, terms[:-1]), terms[-1]


def _part_size(many: int) -> int:
    size = _TOGETHER
    while many > size * _TOGETHER:
        size *= _TOGETHER
    return size


def _levels(many: int) -> int:
    """Return how much deeper than its terms a join of so many terms is."""
    if many <= _TOGETHER:
        return many - 1
    size = _part_size(many)
    return -(-many // size) + 1 + _levels(size)


def _joined(function: str, terms: Sequence[_Term]) -> _Term:
    return terms[0] if len(terms) == 1 else _Term(function=function, terms=deque(terms))


def _inverted(term: _Term) -> _Term:
    return _Term(function="invert", terms=deque([term]), depth=term.depth + 1)


class _Flat:
    """One walk over steps that flattens an AND within an AND, and an OR within an OR."""

    def __init__(self, constants: Sequence[pa.Array], schema: pa.Schema) -> None:
        self._constants = [*constants]
        self._types = {column.name: column.type for column in schema}

    def read(self, steps: Sequence[Step]) -> tuple[_Term, list[pa.Array]]:
        """Return the whole expression, and its constants together with those of new lists."""
        open_calls = [_Term()]
        ahead = iter(steps)
        for step in ahead:
            match step:
                case ("call", function):
                    open_calls.append(_Term(function=function))
                case ("options", _):
                    open_calls[-1].steps.append(step)
                case ("end", _):
                    call = self._ended(open_calls.pop())
                    open_calls[-1].terms.append(call)
                case ("nested_field_ref", names):
                    open_calls[-1].terms.append(_Term([step, *(next(ahead) for _ in range(int(names)))]))
                case _:
                    open_calls[-1].terms.append(_Term([step]))
        return self._closed(open_calls[0].terms[0]), self._constants

    def _ended(self, call: _Term) -> _Term:
        terms: deque[_Term] = deque()
        for term in call.terms:
            if term.function == call.function and call.function in _JOINS:
                terms = _appended(terms, term.terms)
            else:
                terms.append(self._closed(term))
        call.terms = terms
        return call

    def _closed(self, term: _Term) -> _Term:
        """Return the complete term, with lists in place of comparisons, and its depth set."""
        if not term.function:
            return term
        if term.function in _JOINS:
            term = self._listed(term)
        levels = _levels(len(term.terms)) if term.function in _JOINS else 1
        term.depth = levels + max((each.depth for each in term.terms), default=0)
        return term

    def _listed(self, term: _Term) -> _Term:
        """Return the AND or OR with a list in place of the comparisons of each column."""
        wanted = _JOINS[term.function]
        compared: dict[str, list[int]] = defaultdict(list)
        others: list[_Term] = []
        for each in term.terms:
            found = self._comparison(each) if each.function == wanted else None
            if found is None:
                others.append(each)
            else:
                compared[found[0]].append(found[1])
        lists = [self._lookup(name, numbers) for name, numbers in compared.items()]
        return _joined(term.function, [*(map(_inverted, lists) if wanted == "not_equal" else lists), *others])

    def _comparison(self, term: _Term) -> tuple[str, int] | None:
        """Return the compared column and the number of the constant, None where a list could mean something else."""
        match sorted(each.steps[0] for each in term.terms if len(each.steps) == 1):
            case [("field_ref", name), ("literal", text)]:
                constant = self._constants[int(text)]
                if constant.type == self._types.get(name) and constant.type in _LISTED and not constant.null_count:
                    return name, int(text)
        return None

    def _lookup(self, name: str, numbers: Sequence[int]) -> _Term:
        """Return a list in the form in which DuckDB 2 sends it, which is NULL for NULL."""
        column, values = pc.field(name), pa.concat_arrays([self._constants[number] for number in numbers])
        written = _read(pc.if_else(column.is_valid(), column.isin(values), None).__reduce__())
        before = len(self._constants)
        self._constants.extend(written.constants)
        steps = [(step, str(before + int(text)) if step in _NUMBERED else text) for step, text in written.steps]
        return _Term(steps, depth=2)


def _appended(terms: deque[_Term], more: deque[_Term]) -> deque[_Term]:
    """Return both in their order, by moving the shorter one."""
    if len(terms) >= len(more):
        terms.extend(more)
        return terms
    more.extendleft(reversed(terms))
    return more
