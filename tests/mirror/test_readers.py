"""Other processes open and query a copy while it is synced: none is refused, and each sees one sync or the next."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.clocks import PATIENCE_S
from support.run_size import share
from support.synced import Synced

if TYPE_CHECKING:
    from pathlib import Path

#: Opens, and the syncs that a reader has to see.
OPENS, SYNCS = share(200), max(2, share(6))
#: Reads two values that each sync changes together.
_READER = """
import json, sys
import duckdb

path, opens, syncs, client, entry = sys.argv[1], *map(int, sys.argv[2:])
done, refused, seen = 0, [], set()
while done < opens or len(seen) < syncs:
    done += 1
    try:
        with duckdb.connect(path, read_only=True) as con:
            query = "SELECT (SELECT address FROM clients WHERE id = ?), (SELECT notes FROM time_entries WHERE id = ?)"
            seen.add(con.execute(query, [client, entry]).fetchone())
    except duckdb.Error as error:
        refused.append(str(error))
print(json.dumps([refused, sorted(seen)]))
"""


@pytest.mark.thorough
@pytest.mark.takes_a_share
def test_readers_are_never_refused_and_see_one_sync_or_the_next(tmp_path: Path) -> None:
    with Synced(1, tmp_path, ("time_entries", "clients")) as synced:
        account = synced.history.account
        client, entry = account.records("clients")[0]["id"], account.records("time_entries")[0]["id"]
        number = 0

        def sync() -> None:
            nonlocal number
            number += 1
            account.edit("clients", client, {"address": f"sync {number}"})
            account.edit("time_entries", entry, {"notes": f"sync {number}"})
            synced.sync()

        sync()
        arguments = [str(synced.path), *map(str, (OPENS, SYNCS, client, entry))]
        with subprocess.Popen([sys.executable, "-c", _READER, *arguments], stdout=subprocess.PIPE, text=True) as reader:
            try:
                while reader.poll() is None:
                    sync()
                output, _ = reader.communicate(timeout=PATIENCE_S)
            finally:
                reader.kill()
    refused, seen = json.loads(output)
    assert refused == []
    assert all(address == notes for address, notes in seen)
    assert len(seen) >= SYNCS
