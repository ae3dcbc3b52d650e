"""Run every target on the corpus and on inputs of Hypothesis, without atheris."""

from __future__ import annotations

import pytest
from fuzz.targets import CORPUS, TARGETS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.run_size import share, usually
from support.secret_watch import SEEN

INPUTS = {name: [path.read_bytes() for path in sorted((CORPUS / name).iterdir())] for name in TARGETS}
each_target = pytest.mark.parametrize("name", TARGETS)


@pytest.mark.parametrize(
    "name", usually((f"{path.parent.name}/{path.name}" for path in sorted(CORPUS.glob("*/*"))), every=4)
)
def test_an_input_of_the_corpus_is_read_or_refused(name: str) -> None:
    TARGETS[name.partition("/")[0]]((CORPUS / name).read_bytes())


def test_every_target_has_a_corpus_and_every_corpus_a_target() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)


@each_target
@settings(deadline=None, max_examples=share(40), suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_input_is_read_or_refused(name: str, data: st.DataObject) -> None:
    """Any bytes, and inputs of the corpus in which a part is replaced by another one or by anything."""
    whole = data.draw(st.sampled_from([*INPUTS[name], b""]))
    start, stop = sorted(data.draw(st.tuples(*[st.integers(0, len(whole))] * 2)))
    part = data.draw(st.binary(max_size=40) | st.sampled_from(INPUTS[name]) | st.text(max_size=10).map(_encoded))
    # Each example by itself: a text that one of them takes for a secret may stand in the error of another.
    SEEN.begin()
    TARGETS[name](whole[:start] + part + whole[stop:])
    assert SEEN.leaks() == []
    SEEN.begin()


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
