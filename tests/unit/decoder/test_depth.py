"""What nests deeper than any answer is left out of a body, and the rest stays as it is."""

from __future__ import annotations

import json

import pytest

from harvest_duck.decoder.depth import shallow


def nested(depth: int, inside: str = "1") -> str:
    """An array in an array, and so on."""
    return "[" * depth + inside + "]" * depth


@pytest.mark.parametrize(
    "text", ['{"a": 1}', nested(100), '"[[[["', f'"{"[" * 200}"', f'"\\"{"[" * 200}"', "", "]]]", '"']
)
def test_what_is_shallow_stays(text: str) -> None:
    assert shallow(text.encode()) == text.encode()


@pytest.mark.parametrize("deep", [nested(101), nested(5000), f"{nested(200)}, {nested(200)}", nested(150, '"]]]\\"]"')])
def test_what_is_deep_is_null(deep: str) -> None:
    body = f'{{"before": [1], "deep": [{deep}], "after": "]"}}'
    found = json.loads(shallow(body.encode()))
    assert (found["before"], found["after"]) == ([1], "]")
    value = found["deep"]
    for _ in range(99):
        value = value[0]
    assert value is None


def test_objects_are_as_deep_as_arrays() -> None:
    body = '{"a":' * 150 + "1" + "}" * 150
    assert shallow(body.encode()) == ('{"a":' * 100 + "null" + "}" * 100).encode()


@pytest.mark.parametrize("rest", ["", "]" * 40])
def test_what_does_not_close_stays_open(rest: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        json.loads(shallow(("[" * 150 + rest).encode()))
