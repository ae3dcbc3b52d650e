"""`python -m harvest_duck` is `harvest-duck`."""

from __future__ import annotations

from harvest_duck.cli import main

if __name__ == "__main__":
    main()
