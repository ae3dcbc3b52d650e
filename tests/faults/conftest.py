"""Options of the fault tests: the number of schedules, or a single one."""

from __future__ import annotations

import pytest
from support.run_size import share

#: The number of schedules; those of a usual run, besides the ones that once failed; the number of tests.
ALL, USUAL, BATCHES = 400, 20, 8


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--seed 17`, which runs one schedule and prints its faults; `--thorough` runs all of them, or a share."""
    parser.addoption("--seed", type=int, help="run only the schedule of faults with this seed, and print it")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Run a single schedule in this process, so that its faults are printed."""
    if config.getoption("--seed", default=None) is not None:
        config.option.numprocesses, config.option.dist = 0, "no"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize tests that use `seeds` with batches of seeds."""
    if "seeds" not in metafunc.fixturenames:
        return
    from faults.scenarios import ONCE_FAILED  # noqa: PLC0415 - pytest reads this file before it knows the path

    config = metafunc.config
    alone = config.getoption("--seed", default=None)
    if alone is not None:
        chosen = [alone]
    else:
        whole = config.getoption("--thorough")
        chosen = sorted({*range(share(ALL) if whole else USUAL), *ONCE_FAILED})
    size = max(USUAL // 2, -(-len(chosen) // BATCHES))
    batches = [chosen[start : start + size] for start in range(0, len(chosen), size)]
    metafunc.parametrize("seeds", batches, ids=[f"{batch[0]}-{batch[-1]}" for batch in batches])
