"""Options of the tests of faults: how many schedules there are, or which one."""

from __future__ import annotations

import pytest

#: Schedules in all, of which a usual run takes the first ones and those that once failed; in so many tests.
ALL, USUAL, BATCHES = 1000, 60, 20


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--all-seeds` runs every schedule, `--seed 17` one of them, whose faults are printed."""
    parser.addoption("--all-seeds", action="store_true", help=f"run all {ALL} schedules of faults")
    parser.addoption("--seed", type=int, help="run the schedule of faults with this seed alone, and print it")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Run one schedule in this very process, so that what is printed can be seen."""
    if config.getoption("--seed", default=None) is not None:
        config.option.numprocesses, config.option.dist = 0, "no"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The seeds of a batch, for tests that ask for `seeds`."""
    if "seeds" not in metafunc.fixturenames:
        return
    from faults.scenarios import ONCE_FAILED  # noqa: PLC0415 - pytest reads this file before it knows the path

    config = metafunc.config
    alone = config.getoption("--seed", default=None)
    if alone is not None:
        chosen = [alone]
    else:
        whole = config.getoption("--all-seeds", default=False)
        chosen = sorted({*range(ALL if whole else USUAL), *ONCE_FAILED})
    size = max(USUAL // 4, -(-len(chosen) // BATCHES))
    batches = [chosen[start : start + size] for start in range(0, len(chosen), size)]
    metafunc.parametrize("seeds", batches, ids=[f"{batch[0]}-{batch[-1]}" for batch in batches])
