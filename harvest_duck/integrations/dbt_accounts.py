"""The accounts that a configuration of the dbt plugin names; apart from it, so that it needs no dbt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harvest_duck.connection import resolve
from harvest_duck.errors import ConnectionStringError

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

#: Where an option is wrong, as errors name it.
_PLACE = "profiles.yml, plugin harvest_duck.integrations.dbt"
_DEFAULT_NAME = "harvest"
_OPTIONS = ("connection", "name", "attach")


@dataclass(frozen=True, slots=True)
class AttachedAccount:
    """A connection string, which its repr does not show, and the catalog that its tables are in."""

    connection: str = field(repr=False)
    name: str


def attached_accounts(config: Mapping[str, Any], settings: Container[str] = ()) -> list[AttachedAccount]:
    """Return the accounts that a configuration names, first the one that functions without a name read.

    dbt-duckdb adds the `settings` of the profile to the configuration of each plugin (1.11.1). Raises
    `ConnectionStringError` for an option that there is not, a value that is no text, a name that stands twice, and a
    connection string that cannot be used.
    """
    _check_options([option for option in config if option not in settings], _PLACE)
    attach = config.get("attach") or []
    if not isinstance(attach, list) or not all(isinstance(each, dict) for each in attach):
        raise ConnectionStringError(f"{_PLACE}: attach has to be a list of items with connection and name")
    found = [_account(config, _PLACE, _DEFAULT_NAME), *_others(attach)]
    names = [each.name.lower() for each in found]
    for each in found:
        if names.count(each.name.lower()) > 1:
            raise ConnectionStringError(
                f"{_PLACE}: {each.name} is the name of two accounts: give each a name of its own"
            )
        if each.connection:
            resolve(each.connection).require_credentials()
    return found


def _others(attach: list[dict[str, Any]]) -> Iterator[AttachedAccount]:
    """Return the accounts of `attach`, which have no default."""
    for number, item in enumerate(attach, start=1):
        place = f"{_PLACE}: item {number} of attach"
        _check_options([*item], place, without=("attach",))
        for option in ("connection", "name"):
            if not item.get(option):
                raise ConnectionStringError(f"{place} needs {option}, as in {{connection: DSN=europe, name: europe}}")
        yield _account(item, place)


def _check_options(options: list[str], place: str, *, without: Container[str] = ()) -> None:
    """Raise `ConnectionStringError` for an option that there is not."""
    known = [option for option in _OPTIONS if option not in without]
    for option in options:
        if option not in known:
            raise ConnectionStringError(f"{place} has no option {option}; its options are {', '.join(known)}")


def _account(config: Mapping[str, Any], place: str, default_name: str = "") -> AttachedAccount:
    """Return the account of `connection` and `name`; raises `ConnectionStringError` where one is no text."""
    values = {"connection": config.get("connection") or "", "name": config.get("name") or default_name}
    for option, value in values.items():
        if not isinstance(value, str):
            raise ConnectionStringError(f"{place}: {option} has to be text; put it into quotes")
    return AttachedAccount(**values)
