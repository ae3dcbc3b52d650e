"""What the page has in place of the links to its sections where a server shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Where a choice of period, client and person is sent, how old the data is, and where it is read anew.

    The page makes a form of method GET with the fields `from`, `to`, `client` and `person`: days as ISO dates, ids, and
    an empty text for all clients or people. What can be chosen, and what is, are in the figures. A second form, of
    method POST and without fields, has the button that reads Harvest again.
    """

    #: The address that gets the choice.
    action: str
    #: The address that reads Harvest again.
    refresh: str
    #: The age of the data in words: `read 3 minutes ago`.
    age: str
    #: Further fields of the first form: names with values.
    hidden: tuple[tuple[str, str], ...] = ()
    #: A line above the figures: how much is still to be read, or why it could not be.
    notice: str | None = None
    #: The seconds after which a browser asks for the page again, while something is read.
    reload_s: int | None = None
