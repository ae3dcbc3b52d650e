"""The fingerprint of rights is another one exactly where the user may see other rows."""

from __future__ import annotations

from typing import Any

from harvest_duck.mirror.rights import fingerprint, sees_everything

MANAGER: dict[str, Any] = {
    "id": 7,
    "access_roles": ["manager", "time_and_expenses_manager"],
    "permissions_claims": ["expenses:read:own"],
    "can_create_projects": False,
    "telephone": "1",
}
ADMINISTRATOR = MANAGER | {"access_roles": ["administrator"]}


def test_what_decides_the_rows_is_in_the_fingerprint() -> None:
    before = fingerprint(MANAGER, [1, 2])
    assert fingerprint(MANAGER, [1, 3]) != before
    assert fingerprint(MANAGER | {"access_roles": ["member"]}, [1, 2]) != before
    assert fingerprint(MANAGER | {"permissions_claims": None}, [1, 2]) != before
    assert fingerprint(MANAGER | {"id": 8}, [1, 2]) != before


def test_what_does_not_is_not() -> None:
    before = fingerprint(MANAGER, [1, 2])
    assert fingerprint(MANAGER | {"telephone": "2"}, [2, 1]) == before
    assert fingerprint(MANAGER | {"access_roles": MANAGER["access_roles"][::-1]}, [1, 2]) == before
    assert len(before) == 16


def test_an_administrator_sees_everything_whatever_they_manage() -> None:
    assert sees_everything(ADMINISTRATOR)
    assert not sees_everything(MANAGER | {"access_roles": None})
    assert fingerprint(ADMINISTRATOR, [1]) == fingerprint(ADMINISTRATOR, [])
