"""The rights of the user whose token reads: with other rights other rows are visible, although none of them changed.

Source: https://support.getharvest.com/hc/en-us/articles/360048687451-Team-permissions
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: What of a user decides which rows they see.
_RIGHTS = ("id", "access_roles", "permissions_claims", "can_create_projects")
_ADMINISTRATOR = "administrator"


def sees_everything(me: Mapping[str, Any]) -> bool:
    """Whether the user of the record `me` sees all rows, whatever projects and people are assigned to them."""
    return _ADMINISTRATOR in (me["access_roles"] or ())


def fingerprint(me: Mapping[str, Any], managed_projects: Iterable[int]) -> str:
    """Return a text that is another one where the user of the record `me` may see other rows.

    `managed_projects` are the projects that the user manages. They count for nothing for who sees everything.
    """
    held = {name: sorted(me[name]) if isinstance(me[name], list) else me[name] for name in _RIGHTS}
    projects = [] if sees_everything(me) else sorted(managed_projects)
    written = json.dumps([held, projects], sort_keys=True)
    return hashlib.sha256(written.encode()).hexdigest()[:16]
