"""Fuzz one target with atheris, guided by coverage: `python tests/fuzz/run.py connection -max_total_time=60`.

It needs `pip install -e '.[fuzz]'`. The arguments after the target are those of libFuzzer. New inputs are written to
`build/fuzz/<target>/`; once the defect is fixed an input belongs to `tests/fuzz/corpus/<target>/`, which the test suite
runs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

_HERE = Path(__file__).parent
sys.path.insert(0, str(_HERE.parent))

with atheris.instrument_imports(include=["harvest_duck", "urllib", "json", "email"]):
    from fuzz.targets import CORPUS, TARGETS


def main() -> None:
    """Fuzz the target that the command line names."""
    name, *options = sys.argv[1:] or ["none"]
    if name not in TARGETS:
        sys.exit(f"there is no target {name}: choose one of {', '.join(TARGETS)}")
    found = Path("build", "fuzz", name)
    found.mkdir(parents=True, exist_ok=True)
    # New inputs go to the first folder; the corpus is only read.
    atheris.Setup(
        [sys.argv[0], str(found), str(CORPUS / name), f"-artifact_prefix={found}/crash-", *options], TARGETS[name]
    )
    atheris.Fuzz()


main()
