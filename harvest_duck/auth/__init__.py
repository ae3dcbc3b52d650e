"""Who asks Harvest: the token of each request, and the sign-in that it comes from.

::

    client ─ credential ─ kept ─┬─ store, lock     keyring, file or memory; one lock for all who share it
                                ├─ tokens    the document that is kept, as values
                                ├─ authority ─ oauth, answers      requests to Harvest ID, and what comes back
                                └─ consent ─ callback, terminal, page      a person, their browser, their terminal

`credential_for` is the way in; `reached` tells which accounts `AccountId=*` stands for.
Facts: https://help.getharvest.com/api-v2/authentication-api/authentication/authentication/
"""

from __future__ import annotations

from harvest_duck.auth.credential import BoundUser, Credential, GivenToken, credential_for
from harvest_duck.auth.reach import reached

__all__ = ["BoundUser", "Credential", "GivenToken", "credential_for", "reached"]
