"""Files for secrets: what is not the user's alone is refused, and a write happens in full or not at all."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share

from harvest_duck.errors import CredentialsError
from harvest_duck.runtime import private_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(os.name != "posix", reason="owners, modes and links are those of POSIX")
root = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files away")

OTHER_USER = 54321
SECRET = "1234567.pt.Secret"
#: Everything that touches a file by its name.
TOUCHES: dict[str, Callable[[Path], object]] = {
    "read": private_file.read,
    "write": lambda path: private_file.write(path, "new"),
    "remove": private_file.remove,
}
touches = pytest.mark.parametrize("touch", TOUCHES.values(), ids=TOUCHES)


def put(path: Path, content: str | bytes = SECRET, *, mode: int = 0o600) -> Path:
    """A file of that content and mode, in a directory that is closed if it is new."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


def mode_of(path: Path) -> int:
    """The permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def tree(directory: Path) -> dict[str, bytes | None]:
    """Every path below the directory, with the content of files."""
    return {
        str(path.relative_to(directory)): path.read_bytes() if path.is_file() else None for path in directory.rglob("*")
    }


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """The umask of this process, set and reset."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def refusal(call: Callable[[], object]) -> str:
    """The one line with which it is refused, which holds nothing of the content."""
    with pytest.raises(CredentialsError) as caught:
        call()
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert "Secret" not in message
    return message


# What comes back


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
@settings(deadline=None)
def test_what_is_written_is_read(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "round" / "trip.json"
    private_file.write(path, text)
    assert private_file.read(path) == text


def test_there_is_no_file(tmp_path: Path) -> None:
    put(tmp_path / "file")
    for path in (tmp_path / "none", tmp_path / "no" / "directory" / "none", tmp_path / "file" / "below"):
        assert private_file.read(path) is None
        assert private_file.remove(path) is False


def test_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    private_file.write(Path("token"), "x")
    assert private_file.read(Path("token")) == "x"
    assert private_file.remove(Path("token")) is True
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_of_ones_own_is_read(tmp_path: Path, mode: int) -> None:
    assert private_file.read(put(tmp_path / "token", mode=mode)) == SECRET


def test_exactly_a_mebibyte_is_read(tmp_path: Path) -> None:
    text = "ä" * (1 << 19)
    private_file.write(tmp_path / "token", text)
    assert private_file.read(tmp_path / "token") == text


# What is refused


@touches
@pytest.mark.parametrize("dangling", [False, True])
def test_a_link_is_refused(tmp_path: Path, touch: Callable[[Path], object], dangling: bool) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    if not dangling:
        put(target)
    link.symlink_to(target)
    before = tree(tmp_path)
    assert refusal(lambda: touch(link)) == f"{link} is a symbolic link: put the file itself there"
    assert tree(tmp_path) == before
    assert link.is_symlink()


@touches
@pytest.mark.parametrize("kind", ["directory", "pipe", "socket", "device"])
def test_what_is_no_regular_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, touch: Callable[[Path], object], kind: str
) -> None:
    path = tmp_path / "token"
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        match kind:
            case "directory":
                path.mkdir()
            case "pipe":
                os.mkfifo(path)
            case "socket":
                listening.bind(path.name)
            case "device":
                path = Path("/dev/null")
        kind_before = stat.S_IFMT(path.lstat().st_mode)
        assert refusal(lambda: touch(path)) == f"{path} is no regular file: move it away"
        assert stat.S_IFMT(path.lstat().st_mode) == kind_before


@pytest.mark.parametrize("bit", [0o040, 0o020, 0o010, 0o004, 0o002, 0o001])
def test_a_file_open_to_others_is_refused(tmp_path: Path, bit: int) -> None:
    path = put(tmp_path / "token", mode=0o600 | bit)
    assert refusal(lambda: private_file.read(path)) == f"{path} is open to other users: chmod 600 {path}"


def test_the_command_can_be_pasted(tmp_path: Path) -> None:
    path = put(tmp_path / "my token's file", mode=0o644)
    command = refusal(lambda: private_file.read(path)).partition(": ")[2]
    subprocess.run(["/bin/sh", "-c", command], check=True)
    assert private_file.read(path) == SECRET


@root
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path / "token")
    os.chown(path, OTHER_USER, -1)
    assert refusal(lambda: private_file.read(path)) == (
        f"{path} belongs to another user: move it away, or make it your own"
    )


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path / "token", SECRET + "x" * (1 << 20))
    assert refusal(lambda: private_file.read(path)) == (
        f"{path} is larger than 1 MiB, which no file of harvest_duck is: move it away"
    )


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path / "token", b"Secret\xff")
    assert refusal(lambda: private_file.read(path)) == f"{path} is no UTF-8 text: move it away"


@touches
def test_what_the_system_refuses(tmp_path: Path, touch: Callable[[Path], object]) -> None:
    assert "File name too long" in refusal(lambda: touch(tmp_path / ("x" * 300)))


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="Linux has a regular file that cannot be read")
def test_a_file_that_cannot_be_read() -> None:
    assert refusal(lambda: private_file.read(Path("/proc/self/mem"))) == (
        "/proc/self/mem cannot be read: Input/output error"
    )


def test_a_name_with_a_line_break_stays_on_one_line(tmp_path: Path) -> None:
    path = put(tmp_path / "to\nken", mode=0o644)
    assert r"to\nken" in refusal(lambda: private_file.read(path))


# Writing


@pytest.mark.parametrize("mask", [0, 0o022, 0o077, 0o777])
def test_modes_are_the_same_under_any_umask(tmp_path: Path, mask: int) -> None:
    path = tmp_path / "a" / "b" / "token"
    with umask(mask):
        private_file.write(path, SECRET)
    assert [mode_of(each) for each in (path, path.parent, path.parent.parent)] == [0o600, 0o700, 0o700]
    assert private_file.read(path) == SECRET


def test_a_wide_file_becomes_a_closed_one(tmp_path: Path) -> None:
    path = put(tmp_path / "token", "old", mode=0o666)
    private_file.write(path, SECRET)
    assert mode_of(path) == 0o600


def test_whoever_has_the_old_file_open_sees_nothing_of_the_new_one(tmp_path: Path) -> None:
    path = put(tmp_path / "token", "old", mode=0o666)
    with path.open() as opened:
        private_file.write(path, SECRET)
        assert opened.read() == "old"


def test_directories_that_are_there_keep_their_mode(tmp_path: Path) -> None:
    directory = tmp_path / "shown"
    directory.mkdir()
    directory.chmod(0o755)
    private_file.write(directory / "deep" / "token", SECRET)
    assert (mode_of(directory), mode_of(directory / "deep")) == (0o755, 0o700)


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o720, 0o702])
def test_a_directory_that_others_write_is_refused(tmp_path: Path, mode: int) -> None:
    directory = tmp_path / "shared"
    directory.mkdir()
    directory.chmod(mode)
    for call in (
        lambda: private_file.write(directory / "token", SECRET),
        lambda: private_file.make_directory(directory),
    ):
        assert refusal(call) == (
            f"{directory} can be written by other users, who could put another file there: chmod go-w {directory}"
        )
    assert tree(tmp_path) == {"shared": None}


def test_a_directory_like_tmp_is_fine(tmp_path: Path) -> None:
    directory = tmp_path / "shared"
    directory.mkdir()
    directory.chmod(0o1777)
    private_file.write(directory / "token", SECRET)
    assert private_file.read(directory / "token") == SECRET


@root
@pytest.mark.parametrize("mode", [0o700, 0o1777])
def test_a_directory_of_another_user_is_refused(tmp_path: Path, mode: int) -> None:
    directory = tmp_path / "theirs"
    directory.mkdir()
    directory.chmod(mode)
    os.chown(directory, OTHER_USER, -1)
    for call in (
        lambda: private_file.write(directory / "token", SECRET),
        lambda: private_file.make_directory(directory),
    ):
        assert refusal(call) == f"{directory} belongs to another user: keep the file in a directory of your own"
    assert tree(tmp_path) == {"theirs": None}


@root
def test_a_user_may_write_where_root_owns_the_directory() -> None:
    """A directory of root's such as /tmp will do for anybody; what root closed to others will not."""
    with tempfile.TemporaryDirectory() as folder:
        shared, closed = Path(folder), put(Path(folder) / "closed" / "token")
        shared.chmod(0o1777)
        code = f"""
import os
from pathlib import Path
from harvest_duck.runtime import private_file
from harvest_duck.errors import CredentialsError
os.setuid({OTHER_USER})
private_file.write(Path({str(shared / "token")!r}), "x")
print(private_file.read(Path({str(shared / "token")!r})))
for call in (private_file.read, lambda path: private_file.write(path, "x"), private_file.remove):
    try:
        call(Path({str(closed)!r}))
    except CredentialsError as error:
        print(error)
"""
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.stdout.splitlines() == [
        "x",
        f"{closed} cannot be read: Permission denied",
        f"{closed} cannot be written: Permission denied",
        f"{closed} cannot be removed: Permission denied",
    ], ended.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Secret\ud800", "the text has characters that UTF-8 lacks"),
        ("x" * (1 << 20) + "x", "the text is larger than 1 MiB"),
    ],
    ids=["surrogate", "large"],
)
def test_a_text_that_could_not_be_read_back_is_not_written(tmp_path: Path, text: str, says: str) -> None:
    path = put(tmp_path / "token", "old")
    assert refusal(lambda: private_file.write(path, text)) == f"{path} cannot be written: {says}"
    assert tree(tmp_path) == {"token": b"old"}


def test_a_file_in_place_of_a_directory(tmp_path: Path) -> None:
    path = put(tmp_path / "token", "old") / "below"
    assert refusal(lambda: private_file.write(path, SECRET)) == f"{path} cannot be written: Not a directory"
    assert refusal(lambda: private_file.make_directory(path)) == f"{path} cannot be made: Not a directory"
    assert tree(tmp_path) == {"token": b"old"}


def test_a_write_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    """The disk is full, as far as the process can tell: files may not grow beyond a few bytes."""
    path = put(tmp_path / "token", "old")
    code = f"""
import resource
from pathlib import Path
from harvest_duck.runtime import private_file
from harvest_duck.errors import CredentialsError
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
for path in ({str(path)!r}, {str(tmp_path / "new" / "deep" / "token")!r}):
    try:
        private_file.write(Path(path), {SECRET * 10!r})
    except CredentialsError as error:
        print(error)
"""
    ended = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, check=False)
    assert ended.stdout.splitlines() == [
        f"{path} cannot be written: File too large",
        f"{tmp_path / 'new' / 'deep' / 'token'} cannot be written: File too large",
    ], ended.stderr
    assert tree(tmp_path) == {"token": b"old"}


@pytest.mark.takes_a_share
def test_a_reader_sees_the_old_text_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "token"
    texts = {letter * 200_000 for letter in "ab"}
    private_file.write(path, min(texts))
    seen: set[str | None] = set()

    def watch() -> None:
        while not done.is_set():
            seen.add(private_file.read(path))

    done = threading.Event()
    watching = threading.Thread(target=watch)
    watching.start()
    for _ in range(max(10, share(50))):
        for text in texts:
            private_file.write(path, text)
    done.set()
    watching.join()
    assert seen <= texts
    assert list(tmp_path.iterdir()) == [path]


# Removing and directories


def test_a_file_is_removed_once(tmp_path: Path) -> None:
    path = put(tmp_path / "token", mode=0o644)
    assert private_file.remove(path) is True
    assert private_file.remove(path) is False
    assert tree(tmp_path) == {}


def test_a_directory_is_made_for_the_user_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with umask(0):
        private_file.make_directory(tmp_path / "a" / "b")
        private_file.make_directory(tmp_path / "a" / "b")
    assert [mode_of(tmp_path / each) for each in (".", "a", "a/b")] == [0o755, 0o700, 0o700]
