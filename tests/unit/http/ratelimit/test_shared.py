"""Rate limits that processes keep together: exactly, whoever dies, and alone where nothing can be shared."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import time
from bisect import bisect_left
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.program import python
from support.run_size import share
from support.virtual import Job, Sent, VirtualClock, most_within, run, served

import harvest_duck
from harvest_duck.http.ratelimit import lock_files
from harvest_duck.http.ratelimit.ledger import UNDER_WAY, Corrupt, Ledger, Place
from harvest_duck.http.ratelimit.lock_files import Presence, Unavailable
from harvest_duck.http.ratelimit.participant import LOOK_S, Participant
from harvest_duck.http.ratelimit.shared import SharedWindow
from harvest_duck.sandbox import ADMINISTRATOR_TOKEN, MAIN_ID
from harvest_duck.scanner.client_pool import pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from harvest_duck.sandbox import Sandbox

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")


class Rate(NamedTuple):
    """The number of one process, and what it asks for."""

    requests: int
    window_s: int
    jobs: list[Job]


class Process:
    """What stands for a process: a member that holds a file of its own, and all that it was told."""

    def __init__(self, folder: Path, now: Callable[[], float], name: str = "a") -> None:
        self.presence = Presence(folder)
        self.member = Participant(folder / f"{name}.window", self.presence, now)
        self.told: list[str] = []

    def window(self, requests: int, window_s: float) -> SharedWindow:
        """A window of this process, in virtual time."""
        return SharedWindow(requests, window_s, VirtualClock(), self.member, self.told.append)


async def together(folder: Path, rates: list[Rate]) -> tuple[list[Sent], list[list[Sent]]]:
    """What processes send that share a ledger: all in the order in which it was sent, and that of each."""
    done: list[Sent] = []
    each: list[list[Sent]] = []
    processes = [Process(folder, VirtualClock().now) for _ in rates]

    async def one(process: Process, rate: Rate) -> list[Sent]:
        mine: list[Sent] = []
        window = process.window(rate.requests, rate.window_s)
        async with asyncio.TaskGroup() as group:
            for job in rate.jobs:
                group.create_task(alone(window, job, mine))
        return mine

    async def alone(window: SharedWindow, job: Job, mine: list[Sent]) -> None:
        mine.extend(sent for sent in await served(window, [job]))

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(*pair)) for pair in zip(processes, rates, strict=True)]
    for process, task in zip(processes, tasks, strict=True):
        assert process.told == []
        process.presence.end()
        each.append(task.result())
        done += task.result()
    return done, each


def sent_by(*rates: Rate) -> tuple[list[Sent], list[list[Sent]]]:
    """As `together`, in virtual time and a directory of their own."""
    with TemporaryDirectory() as folder:
        return run(together(Path(folder) / "limits", list(rates)))


jobs = st.lists(st.builds(Job, st.integers(0, 30), st.integers(0, 20)), min_size=1, max_size=10)
shares = st.lists(jobs, min_size=2, max_size=4)


@pytest.mark.thorough
@pytest.mark.uncounted
@settings(deadline=None, max_examples=share(100))
@given(st.integers(1, 6), st.integers(1, 15), shares)
def test_no_window_ever_holds_more_requests_of_all_processes_than_allowed(
    requests: int, window_s: int, asked: list[list[Job]]
) -> None:
    done, each = sent_by(*[Rate(requests, window_s, share) for share in asked])
    assert [len(share) for share in each] == [len(share) for share in asked]
    assert most_within(window_s, done) <= requests


@pytest.mark.uncounted
@settings(deadline=None, max_examples=share(100))
@given(st.integers(1, 6), st.integers(1, 15), shares)
def test_a_request_waits_only_where_the_window_of_all_is_full(
    requests: int, window_s: int, asked: list[list[Job]]
) -> None:
    """Until it was sent, as many others as are allowed were under way, or answered less than a window before."""
    done, _ = sent_by(*[Rate(requests, window_s, share) for share in asked])
    for late in done:
        if late.sent > late.asked:
            others = [other for other in done if other is not late and other.sent < late.sent]
            assert sum(other.answered + window_s >= late.sent for other in others) >= requests


@settings(deadline=None, max_examples=share(60))
@given(st.lists(st.tuples(st.integers(1, 6), jobs), min_size=2, max_size=3), st.integers(1, 15))
def test_each_number_is_kept_while_the_requests_of_all_are_counted(
    asked: list[tuple[int, list[Job]]], window_s: int
) -> None:
    """Whoever sends finds fewer requests in the window than its own number."""
    done, each = sent_by(*[Rate(requests, window_s, share) for requests, share in asked])
    assert most_within(window_s, done) <= max(requests for requests, _ in asked)
    for (requests, jobs_asked), times in zip(asked, each, strict=True):
        assert len(times) == len(jobs_asked)
        for late in times:
            earlier = [other for other in done if other.sent < late.sent]
            assert sum(other.answered + window_s > late.sent for other in earlier) < requests


@settings(deadline=None, max_examples=share(60))
@given(st.lists(st.builds(Rate, st.integers(1, 6), st.integers(1, 15), jobs), min_size=2, max_size=3))
def test_windows_of_any_lengths_all_come_to_their_end(rates: list[Rate]) -> None:
    """And each holds no more of the requests of its own process than its number."""
    _, each = sent_by(*rates)
    for rate, times in zip(rates, each, strict=True):
        assert len(times) == len(rate.jobs)
        assert most_within(rate.window_s, times) <= rate.requests


def test_processes_have_their_turns_one_after_the_other() -> None:
    """However many requests one of them has waiting."""
    _, each = sent_by(*[Rate(1, 10, [Job(start, 0)] * 3) for start in (0, 1, 2)])
    assert [[one.sent for one in share] for share in each] == [[0, 30, 60], [10, 40, 70], [20, 50, 80]]


def test_a_lower_limit_has_its_turn_while_a_higher_one_is_used_up() -> None:
    """It waits for a window of its own, and then the other lets it in."""
    greedy = [Job(second, 0) for second in range(100)]
    _, (low, high) = sent_by(Rate(2, 10, [Job(5, 0), Job(5, 0)]), Rate(4, 10, greedy))
    assert max(one.sent for one in low) <= 5 + 2 * (10 + 10)
    assert max(one.sent for one in high) >= 240


def test_a_longer_window_holds_nobody_up() -> None:
    _, (_, short) = sent_by(Rate(1, 900, [Job(1, 0), Job(1, 0)]), Rate(2, 10, [Job(0, 0)] * 20))
    assert [one.sent for one in short] == [second for second in range(0, 100, 10) for _ in range(2)]


def test_a_pause_of_one_process_is_one_of_all(tmp_path: Path) -> None:
    async def work() -> list[float]:
        one, other = (Process(tmp_path / "limits", VirtualClock().now).window(10, 15) for _ in range(2))
        one.pause(30)
        return [sent.sent for sent in await served(other, [Job(5, 0), Job(31, 0)])]

    assert run(work()) == [30, 31]


def test_whoever_gives_up_waiting_takes_no_room_and_no_turn(tmp_path: Path) -> None:
    async def work() -> list[float]:
        one, two, three = (Process(tmp_path / "limits", VirtualClock().now).window(1, 15) for _ in range(3))
        async with asyncio.TaskGroup() as group:
            first = group.create_task(served(one, [Job(0, 0)]))
            given_up = group.create_task(served(two, [Job(1, 0)]))
            third = group.create_task(served(three, [Job(2, 0)]))
            await asyncio.sleep(14)
            given_up.cancel()
        return [sent.sent for done in (first, third) for sent in done.result()]

    assert run(work()) == [0, 15]


def test_whoever_is_cancelled_while_room_is_taken_gives_it_back(tmp_path: Path) -> None:
    """The thread has taken it already; the task hears of its end first."""

    async def work() -> float:
        one, other = (Process(tmp_path / "limits", VirtualClock().now).window(1, 15) for _ in range(2))

        async def hold() -> None:
            async with one.slot():
                raise AssertionError

        task = asyncio.ensure_future(hold())
        while one._participant._entries == set():  # noqa: ASYNC110 - of the task alone
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        (sent,) = await served(other, [Job(1, 0)])
        return sent.sent

    assert run(work()) == 1


class Told:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.moment = 1000.0

    def now(self) -> float:
        """The moment that was set."""
        return self.moment


@pytest.fixture
def clock() -> Told:
    """A clock that is set by hand."""
    return Told()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The directory of what is shared; it is not there yet."""
    return tmp_path / "limits"


def took(process: Process, requests: int = 1, window_s: float = 10) -> float:
    """The seconds that a process would have to wait for room, which it has where there are none."""
    return process.member.take(process.member.enter(window_s), requests, 0)


HOLDING = """
import sys, time
from pathlib import Path
from harvest_duck.http.ratelimit.lock_files import Presence
from harvest_duck.http.ratelimit.participant import Participant
folder = Path(sys.argv[1])
member = Participant(folder / "a.window", Presence(folder), time.monotonic)
assert [member.take(member.enter(10), 3, 0) for _ in range(3)] == [0, 0, 0]
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_process_that_is_killed_counts_for_one_window_more(folder: Path) -> None:
    """From the moment on when it is known to be dead, a second later at most where somebody asks."""
    offset = 0.0
    mine = Process(folder, lambda: time.monotonic() + offset)
    command = [sys.executable, "-c", HOLDING, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        offset = 1000
        assert took(mine, requests=3) == 10, "its requests are under way as long as it lives"
        assert took(mine, requests=4) == 0
        other.kill()
    offset = 1001.5
    assert took(mine, requests=4) > 9, "its requests may have been counted until now"
    offset = 1012
    assert took(mine, requests=2) == 0, "my own one is under way still"
    assert took(mine, requests=2) > 0
    assert len(list(folder.glob("*.process"))) == 1, "the dead one has left nothing"


FORKING = """
import os, sys
from pathlib import Path
from harvest_duck.http.ratelimit.lock_files import Presence
presence = Presence(Path(sys.argv[1]))
presence.hold()
if os.fork() == 0:
    os.close(1)
    sys.stdin.read()
    os._exit(0)
print(presence.owner, flush=True)
os._exit(0)
"""


@posix
def test_a_forked_child_does_not_make_its_dead_parent_seem_alive(folder: Path) -> None:
    command = [sys.executable, "-c", FORKING, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        owner = int(parent.stdout.read())
        assert parent.wait() == 0
        assert not Presence(folder).alive(owner)


def test_a_ledger_that_is_removed_admits_nobody_until_all_have_looked_and_is_complete_then(
    folder: Path, clock: Told
) -> None:
    one, other, third = (Process(folder, clock.now) for _ in range(3))
    assert took(one, requests=3) == took(other, requests=3) == took(third, requests=3) == 0
    assert not one.member.looks_again()
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert took(third, requests=99) == 2 * LOOK_S
    for each in (one, other):
        assert each.member.looks_again()
        each.member.publish()
        assert not each.member.looks_again()
    clock.moment += 2 * LOOK_S
    assert took(third, requests=3) > 0
    assert took(third, requests=4) == 0
    assert str(third.member.lost) == f"{third.member.path}, was removed or cut off"


def test_a_process_that_has_ended_counts_in_a_ledger_that_is_made_again(folder: Path, clock: Told) -> None:
    """As the others saw it last."""
    one, other = Process(folder, clock.now), Process(folder, clock.now)
    assert took(one, requests=2) == took(other, requests=2) == 0
    one.presence.end()
    other.member.path.unlink()
    other.member.publish()
    clock.moment += 2 * LOOK_S
    assert took(other, requests=2) > 0
    assert took(other, requests=3) == 0


def test_a_file_that_is_removed_when_nothing_in_it_counts_any_more_is_not_told(folder: Path, clock: Told) -> None:
    process = Process(folder, clock.now)
    entry = process.member.enter(10)
    assert process.member.take(entry, 1, 0) == 0
    entry.answered = clock.moment
    process.member.publish()
    clock.moment += 90_000
    process.member.path.unlink()
    took(process)
    assert process.member.lost is None


def is_gone(path: Path) -> None:
    """A program cleans up."""
    for each in path.parent.iterdir():
        each.unlink()
    path.parent.rmdir()


def is_emptied(path: Path) -> None:
    """A program cuts the file off."""
    path.write_bytes(b"")


def is_zeroed(path: Path) -> None:
    """A crash of the machine left the length and not the content."""
    path.write_bytes(path.read_bytes()[:64] + bytes(path.stat().st_size - 64))


def is_overwritten(path: Path) -> None:
    """A program writes something of its own there."""
    path.write_bytes(b"something else, " * 40)


def is_replaced(path: Path) -> None:
    """A program puts an older copy in its place."""
    path.unlink()
    path.touch(mode=0o600)


LOSSES = [is_gone, is_emptied, is_zeroed, is_overwritten, is_replaced]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
@pytest.mark.parametrize("at", [0.5, 7, 12.5])
def test_a_ledger_that_is_lost_lets_no_more_through(loss: Callable[[Path], None], at: float, folder: Path) -> None:
    """Three processes with ten requests each, of which six fit into a window; the second is idle when it happens."""

    async def work() -> tuple[list[Sent], list[str]]:
        processes = [Process(folder, VirtualClock().now) for _ in range(3)]
        windows = [each.window(6, 10) for each in processes]
        asked = [[Job(0, 1)] * 10, [Job(0, 1)] * 2 + [Job(9, 1)] * 8, [Job(2, 3)] * 10]

        async def lose() -> None:
            await asyncio.sleep(at)
            loss(processes[0].member.path)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(served(*pair)) for pair in zip(windows, asked, strict=True)]
            group.create_task(lose())
        return [sent for task in tasks for sent in task.result()], [told for each in processes for told in each.told]

    done, told = run(work())
    assert len(done) == 30
    assert most_within(10, done) <= 6
    assert told
    assert all("while it was in use" in each and str(folder) in each for each in told)


@pytest.mark.parametrize(("seconds", "alone"), [(8, False), (15, False), (45, True)])
def test_a_lock_that_a_stranger_keeps_lets_no_more_through(
    seconds: int, folder: Path, monkeypatch: pytest.MonkeyPatch, *, alone: bool
) -> None:
    """From before the first request on; three processes with limits of nine wait, and then take three each."""
    monkeypatch.setattr(lock_files, "_PATIENCE_S", 0.0)

    async def work() -> tuple[list[Sent], list[str]]:
        processes = [Process(folder, VirtualClock().now) for _ in range(3)]

        async def keep() -> None:
            with lock_files.locked(processes[0].member.path):
                await asyncio.sleep(seconds)

        async with asyncio.TaskGroup() as group:
            group.create_task(keep())
            tasks = [group.create_task(served(each.window(9, 15), [Job(1, 1)] * 20)) for each in processes]
        return [sent for task in tasks for sent in task.result()], [told for each in processes for told in each.told]

    done, told = run(work())
    assert len(done) == 60
    assert most_within(15, done) <= 9
    assert bool(told) == alone
    assert min(sent.sent for sent in done) < 22


def test_what_is_left_from_before_the_machine_was_started_counts_for_nothing(folder: Path, clock: Told) -> None:
    before = Process(folder, clock.now)
    entry = before.member.enter(10)
    assert before.member.take(entry, 1, 0) == 0
    entry.answered = clock.moment
    before.member.pause(clock.moment + 900)
    before.member.publish()
    clock.moment = 5
    assert took(Process(folder, clock.now)) == 0


def test_those_who_wait_behind_have_room_in_the_same_exchange_as_far_as_it_goes(folder: Path, clock: Told) -> None:
    one, other = Process(folder, clock.now), Process(folder, clock.now)
    assert took(other, requests=4) == 0
    first, *behind = (one.member.enter(10) for _ in range(5))
    behind[0].sent = False  # given up before there was room
    assert one.member.take(first, 4, 0, behind) == 0
    assert [each.admitted for each in (first, *behind)] == [True, True, True, True, False]
    assert took(other, requests=4) > 0
    late = one.member.enter(10)
    assert one.member.take(behind[-1], 4, 0, [late]) > 0
    assert not late.admitted, "who waits behind one that has to wait has no room either"


@pytest.mark.thorough
def test_a_ledger_does_not_grow(folder: Path, clock: Told) -> None:
    process = Process(folder, clock.now)
    for _ in range(500):
        entry = process.member.enter(10)
        assert process.member.take(entry, 1000, 0) == 0
        entry.answered = clock.moment
    most = process.member.path.stat().st_size
    clock.moment += 10
    for _ in range(2000):
        entry = process.member.enter(10)
        assert process.member.take(entry, 10, 0) == 0
        entry.answered = clock.moment
        clock.moment += 1.5
    assert process.member.path.stat().st_size < most / 4
    assert len(process.member._entries) < 20


def test_an_answer_that_was_told_too_late_to_count_frees_the_room(folder: Path, clock: Told) -> None:
    """The ledger was out of reach for longer than a window."""
    one, other = Process(folder, clock.now), Process(folder, clock.now)
    entry = one.member.enter(10)
    assert one.member.take(entry, 1, 0) == 0
    entry.answered = clock.moment
    clock.moment += 50
    assert took(other) > 0
    one.member.publish()
    assert took(Process(folder, clock.now)) == 0


def test_what_nobody_used_for_a_day_is_removed(folder: Path, clock: Told) -> None:
    used, unused = Process(folder, clock.now, "used"), Process(folder, clock.now, "unused")
    assert took(used) == took(unused) == 0
    (folder / "mine.txt").touch()
    for path in folder.iterdir():
        os.utime(path, (time.time() - 90_000,) * 2)
    unused.presence._release()
    recent = Process(folder, clock.now, "recent")
    assert took(recent) == 0
    recent.presence._release()
    assert took(used) > 0
    os.utime(used.member.path)
    lock_files.remove_unused(folder)
    there = [f"{process.presence.owner:016x}.process" for process in (used, recent)]
    assert {path.name for path in folder.iterdir()} == {"mine.txt", "used.window", "recent.window", *there}


@posix
def test_what_is_shared_is_for_the_user_alone(folder: Path, clock: Told) -> None:
    assert took(Process(folder, clock.now)) == 0
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def is_file(folder: Path) -> None:
    """Another program has a file where the directory should be."""
    folder.write_text("x")


def is_link(folder: Path) -> None:
    """The file leads elsewhere."""
    folder.mkdir()
    (folder / "elsewhere").touch()
    (folder / "a.window").symlink_to(folder / "elsewhere")


def is_open(folder: Path) -> None:
    """Others can write to it."""
    folder.mkdir()
    (folder / "a.window").touch()
    (folder / "a.window").chmod(0o666)


def is_directory(folder: Path) -> None:
    """It is no file."""
    (folder / "a.window").mkdir(parents=True)


async def hindered(obstacle: Callable[[Path], None], folder: Path) -> tuple[list[Sent], list[Sent]]:
    """What two processes send that can share nothing and are told so."""
    obstacle(folder)
    one, other = (Process(folder, VirtualClock().now) for _ in range(2))
    pair = (served(each.window(2, 10), [Job(0, 1)] * 5) for each in (one, other))
    found = await asyncio.gather(*pair)
    assert [str(folder) in told for told in (*one.told, *other.told)] == [True] * len(one.told + other.told)
    assert one.told
    assert other.told
    return found[0], found[1]


def test_where_nothing_can_be_shared_each_process_keeps_the_limit_for_itself(folder: Path) -> None:
    for done in run(hindered(is_file, folder)):
        assert [sent.sent for sent in done] == [0, 0, 11, 11, 22]


@posix
@pytest.mark.parametrize("obstacle", [is_link, is_open, is_directory], ids=lambda obstacle: obstacle.__name__)
def test_where_a_file_cannot_be_used_each_process_takes_its_part(
    obstacle: Callable[[Path], None], folder: Path
) -> None:
    """The other files of the directory tell how many there are."""
    one, other = run(hindered(obstacle, folder))
    assert most_within(10, one + other) <= 2
    assert len(one) == len(other) == 5


def test_sharing_begins_when_it_can_and_knows_what_was_sent_before(folder: Path) -> None:
    is_file(folder)
    remove = folder.unlink

    async def work() -> list[float]:
        one, other = (Process(folder, VirtualClock().now) for _ in range(2))
        await served(one.window(3, 100), [Job(0, 0)] * 2)
        remove()
        await asyncio.sleep(40)
        return [sent.sent for sent in await served(other.window(3, 100), [Job(0, 0)] * 2)]

    assert run(work()) == [40, 100]


def test_a_pause_holds_where_nothing_is_shared(folder: Path) -> None:
    is_file(folder)

    async def work() -> list[float]:
        window = Process(folder, VirtualClock().now).window(1, 10)
        async with asyncio.TaskGroup() as group:
            done = group.create_task(served(window, [Job(0, 0), Job(1, 0)]))
            await asyncio.sleep(5)
            window.pause(30)
        return [sent.sent for sent in done.result()]

    assert run(work()) == [0, 35]


@pytest.mark.skipif(sys.platform == "win32", reason="locks otherwise")
def test_a_file_system_without_locks_is_told(folder: Path, clock: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int, _operation: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(Unavailable, match=r"\.process: No locks available"):
        took(Process(folder, clock.now))


def test_a_lock_that_somebody_keeps_is_not_waited_for_long(
    folder: Path, clock: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock_files, "_PATIENCE_S", 0.0)
    process = Process(folder, clock.now)
    with lock_files.locked(process.member.path), pytest.raises(Unavailable, match="kept it locked"):
        took(process)
    assert took(process) == 0


FULL = """
import resource, sys, time
from pathlib import Path
from harvest_duck.http.ratelimit.lock_files import Presence, Unavailable
from harvest_duck.http.ratelimit.participant import Participant
folder = Path(sys.argv[1])
member = Participant(folder / "a.window", Presence(folder), time.monotonic)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    print(member.take(member.enter(10), 3, 0))
except Unavailable as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(member.take(member.enter(10), 3, 0))
"""


@posix
@pytest.mark.parametrize("size", [0, 70])
def test_a_full_disk_is_told_and_harms_nothing_once_there_is_space(size: int, folder: Path) -> None:
    command = [sys.executable, "-c", FULL, str(folder), str(size)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    first, then = ended.stdout.splitlines()
    assert first == f"{folder / 'a.window'}: File too large"
    assert then in {"0", "0.0"}


@settings(deadline=None)
@given(st.binary(max_size=300) | st.binary(max_size=300).map(b"hdquota1".__add__), st.floats(0, 1e9))
def test_whatever_a_file_holds_it_is_a_ledger_or_corrupt(content: bytes, now: float) -> None:
    place = Place(1, 1, UNDER_WAY, 15.0)
    with suppress(Corrupt):
        ledger = Ledger(content, now)
        ledger.answer_dead(lambda _owner: False, 1)
        wait_s = ledger.admit(place, 100, now)
        assert wait_s >= 0
        assert all(len(piece) % 32 == 0 for _, piece in ledger.changes())


SCAN = """
import os
from pathlib import Path
import harvest_duck
with harvest_duck.connect() as con:
    for sql in (
        "SELECT * FROM harvest.clients",
        "SELECT * FROM harvest.roles",
        "SELECT * FROM harvest.report_time_clients WHERE from_date = '2026-01-01' AND to_date = '2026-01-31'",
    ):
        assert con.execute(sql).fetchall(), sql
print(*sorted(path.suffix for path in Path(os.environ["HARVEST_DUCK_CONFIG_DIR"], "limits").glob("*")))
"""


def scanned(connection: str, configuration: Path, *flags: str, code: str = SCAN) -> subprocess.CompletedProcess[str]:
    """Scans in a process with a configuration directory of its own."""
    environment = os.environ | {"HARVEST_DUCK_CONNECTION": connection, "HARVEST_DUCK_CONFIG_DIR": str(configuration)}
    interpreter, *program = python(code)
    command = [interpreter, *flags, *program]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=120)


@pytest.mark.thorough
def test_nothing_of_the_token_is_in_what_is_shared(sandbox: Sandbox, tmp_path: Path) -> None:
    ended = scanned(sandbox.connection_string(), tmp_path)
    assert (ended.stdout, ended.stderr) == (".process .window .window\n", ""), "one for reports, one for all else"
    left = list((tmp_path / "limits").iterdir())
    assert {path.suffix for path in left} == {".window"}, "a process that has ended leaves none of its own"
    shown = "".join(f"{path.name}{path.read_bytes()!r}" for path in left)
    assert ADMINISTRATOR_TOKEN not in shown
    assert str(MAIN_ID) not in shown


@pytest.mark.thorough
def test_without_a_limit_nothing_is_shared(connection: str, tmp_path: Path) -> None:
    ended = scanned(connection, tmp_path)
    assert (ended.stdout, ended.stderr) == ("\n", "")
    assert not (tmp_path / "limits").exists()


@pytest.mark.parametrize(
    "flags", [[], pytest.param(["-W", "error"], marks=pytest.mark.thorough)], ids=["seen", "errors"]
)
def test_a_user_is_told_once_where_nothing_can_be_shared(flags: list[str], sandbox: Sandbox, tmp_path: Path) -> None:
    """And has the rows."""
    is_file(tmp_path / "limits")
    log = tmp_path / "log"
    ended = scanned(f"{sandbox.connection_string()};Logfile={log};Verbosity=1", tmp_path, *flags)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.count("UnsharedLimitWarning: the rate limits are kept for this process alone") == (not flags)
    assert log.read_text().count("the rate limits are kept for this process alone") == 1


def test_equal_credentials_have_one_name_in_every_process_and_others_another() -> None:
    """Python hashes texts differently in each."""
    code = (
        "from harvest_duck.connection import Secret\nfrom harvest_duck.http.ratelimit.shared import _name\n"
        "from harvest_duck.auth.sign_ins import Wanted\nfrom harvest_duck.catalog.model import Limit\n"
        "print(_name(('u', Secret('t'), Limit.GENERAL)), _name(('u', Secret('t'), Limit.REPORTS)),"
        "_name(('u', Secret('s'), Limit.GENERAL)), *(_name(('u', ('w', Wanted('a', 'b', None, frozenset(ids))), 1))"
        " for ids in ((1, 2, 3), (3, 2))))"
    )
    one, other = (scanned("", Path("unused"), code=code).stdout.split() for _ in range(2))
    assert one == other
    *names, first, second = one
    assert len({*names, first}) == 4
    assert first == second, "the accounts that a sign-in reaches do not tell it from others"


ASKING = """
import os, sys, time
import harvest_duck
until = time.monotonic() + 4
while time.monotonic() < until:
    for _ in harvest_duck.scan("time_entries", os.environ["HARVEST_DUCK_CONNECTION"], columns=["id"]):
        if time.monotonic() >= until:
            break
"""


@pytest.mark.thorough
def test_four_processes_together_keep_one_limit(sandbox: Sandbox, tmp_path: Path) -> None:
    connection = f"{sandbox.connection_string()};RateLimit=20/1;Pagesize=20"
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda _: scanned(connection, tmp_path, code=ASKING), range(4)))
    assert [(each.returncode, each.stderr) for each in ended] == [(0, "")] * 4
    times = [request.time for request in sandbox.requests]
    assert max(bisect_left(times, at + 1) - place for place, at in enumerate(times)) <= 20


class Waiting(Told):
    """A clock that is set by the sleeps."""

    async def sleep(self, seconds: float) -> None:
        """Be there at once."""
        self.moment += seconds
        await asyncio.sleep(0)


def test_a_clock_that_is_not_the_machines_shares_nothing(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool(), "clock", Waiting())
    with TemporaryDirectory() as folder:
        monkeypatch.setenv("HARVEST_DUCK_CONFIG_DIR", folder)
        assert harvest_duck.scan("clients", f"{sandbox.connection_string()};Pagesize=100").read_all().num_rows
        assert os.listdir(folder) == []  # noqa: PTH208 - a text
