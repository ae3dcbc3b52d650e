"""Paths with places for ids."""

from __future__ import annotations

import pytest

from harvest_duck.catalog.path import filled, ids_in, places

PATH = "/projects/{project_id}/task_assignments/{id}"


def test_places_are_named_in_order() -> None:
    assert places(PATH) == ("project_id", "id")
    assert places("/company") == ()


def test_a_place_is_filled_in_a_path_and_in_a_url() -> None:
    assert filled(PATH, "project_id", 7) == "/projects/7/task_assignments/{id}"
    assert filled(f"https://api.harvestapp.com/v2{PATH}", "id", 3).endswith("{project_id}/task_assignments/3")
    assert filled(PATH, "user_id", 7) == PATH


@pytest.mark.parametrize(
    ("url", "ids"),
    [
        ("https://api.harvestapp.com/v2/projects/7/task_assignments/30", {"project_id": 7, "id": 30}),
        ("/projects/7/task_assignments/30", {"project_id": 7, "id": 30}),
        ("/projects/7/task_assignments", {}),
        ("/projects/{project_id}/task_assignments/{id}", {}),
        ("/projects/7/task_assignments/30/x", {}),
        ("/projects/7/user_assignments/30", {}),
    ],
)
def test_ids_are_found_again_in_a_url(url: str, ids: dict[str, int]) -> None:
    assert ids_in(PATH, url) == ids


def test_a_place_may_be_in_a_query() -> None:
    path = "/pto/balances?user_id={user_id}"
    assert places(path) == ("user_id",)
    assert filled(path, "user_id", 7) == "/pto/balances?user_id=7"
    assert ids_in(path, "https://api.harvestapp.com/v2/pto/balances?user_id=7") == {"user_id": 7}
    assert ids_in(path, "https://api.harvestapp.com/v2/pto/balances") == {}
