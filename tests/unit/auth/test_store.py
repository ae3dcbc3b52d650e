"""Where sign-ins are kept, and what is refused there."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.errors
import pytest
from support.sign_in import kept, signed_in

import harvest_duck
from harvest_duck.auth import requests
from harvest_duck.auth.lock import Lock, locked
from harvest_duck.auth.sign_ins import parse
from harvest_duck.auth.store import Store, store_for
from harvest_duck.connection import resolve
from harvest_duck.errors import ConnectionStringError, CredentialsError, LoginRequired
from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox

APP = "AccountId=1;AuthScheme=OAuth;InitiateOAuth=REFRESH;OAuthClientId=app"


class Ring(keyring.backend.KeyringBackend):
    """A keyring in memory, as good as those of systems; `fault` is raised by every call while it is set."""

    priority = 5  # type: ignore[assignment]
    name = "test ring"

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.fault: Exception | None = None

    def _check(self) -> None:
        if self.fault is not None:
            raise self.fault

    def get_password(self, service: str, username: str) -> str | None:
        """The entry, None where there is none."""
        self._check()
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep an entry."""
        self._check()
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Forget an entry."""
        self._check()
        del self.entries[service, username]


@pytest.fixture
def ring() -> Iterator[Ring]:
    """The keyring of the system, as far as the test goes."""
    backend, before = Ring(), keyring.get_keyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


def store(text: str = "") -> Store:
    """The store of a connection."""
    connection = resolve(f"{APP};{text}", environ={})
    return store_for(connection, requests.wanted(connection))


@pytest.fixture(params=["file", "own file", "memory", "keyring"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store of each kind, empty."""
    match request.param:
        case "file":
            return store(f"OAuthSettingsLocation={tmp_path / 'sub' / 'tokens.json'}")
        case "memory":
            return store(f"OAuthSettingsLocation=memory://{tmp_path}")
        case "keyring":
            request.getfixturevalue("ring")
    return store()


def test_what_is_written_is_read_until_it_is_cleared(any_store: Store) -> None:
    assert any_store.read() is None
    for text in ("one", "two äöü", "3" * 100_000):
        any_store.write(text)
        assert any_store.read() == text
    any_store.clear()
    any_store.clear()
    assert any_store.read() is None


@pytest.mark.parametrize("name", ["lock", "asking"])
def test_one_at_a_time_holds_a_lock(any_store: Store, name: str) -> None:
    """Among tasks and threads."""
    inside, most = 0, 0
    lock: Lock = getattr(any_store, name)

    async def enter() -> None:
        nonlocal inside, most
        async with locked(lock, where="here", within_s=30):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    async def several() -> None:
        await asyncio.gather(*(enter() for _ in range(5)))

    threads = [threading.Thread(target=lambda: asyncio.run(several())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_lock_that_stays_held_is_an_error_after_its_time(any_store: Store) -> None:
    async def twice() -> None:
        lock = any_store.lock
        async with locked(lock, where="here", within_s=1), locked(lock, where="here", within_s=0.1):
            pass

    with pytest.raises(CredentialsError, match="another program has been using the sign-ins in here for 0 s"):
        asyncio.run(twice())
    assert any_store.lock.try_lock(), "the first one gave it back"
    any_store.lock.unlock()


def test_a_process_that_dies_gives_the_lock_back(tmp_path: Path) -> None:
    location = f"OAuthSettingsLocation={tmp_path / 'tokens.json'}"
    program = f"""
import os, sys
from harvest_duck.auth import requests
from harvest_duck.auth.store import store_for
from harvest_duck.connection import resolve
connection = resolve({f"{APP};{location}"!r}, environ={{}})
store = store_for(connection, requests.wanted(connection))
print(store.lock.try_lock(), flush=True)
sys.stdin.readline()
os.kill(os.getpid(), 9)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        assert not store(location).lock.try_lock()
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.close()
        process.wait(30)
    again = store(location)
    assert again.lock.try_lock()
    again.lock.unlock()


def test_each_application_and_host_has_a_file_of_its_own(config: Path) -> None:
    places = {store(text).where for text in ("", "OAuthClientSecret=x", "BaseURL=https://x.example")}
    other = resolve(APP.replace("=app", "=b"), environ={})
    places.add(store_for(other, requests.wanted(other)).where)
    assert len(places) == 3
    assert all(place.startswith(str(config / "oauth")) for place in places)


def test_a_path_may_begin_with_home_and_hold_variables_where_nobody_else_wrote_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A string may be of somebody else, who would read the variables in an error."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PLACE", "kept")
    location = "OAuthSettingsLocation=~/$PLACE/tokens.json"
    assert store(location).where == str(tmp_path / "$PLACE" / "tokens.json")
    own = resolve("", environ={"HARVEST_DUCK_CONNECTION": f"{APP};{location}"})
    assert own.oauth.settings_location == str(tmp_path / "kept" / "tokens.json")


@pytest.mark.parametrize("location", ["/", ".", "~nobody-of-that-name/x"])
def test_what_can_be_no_file_is_refused(location: str) -> None:
    with pytest.raises(ConnectionStringError, match="OAuthSettingsLocation has to be the path of a file, or memory://"):
        store(f"OAuthSettingsLocation={location}")


def test_no_file_of_another_program_is_touched(connection: str, tmp_path: Path) -> None:
    """A lock beside `index` must not be git's, and where nothing is kept nothing is made."""
    text = connection.replace("GETANDREFRESH", "REFRESH")
    with pytest.raises(LoginRequired):
        harvest_duck.scan("clients", f"{text};OAuthSettingsLocation={tmp_path / 'none' / 'index'}").read_all()
    assert not (tmp_path / "none").exists()
    signed_in(f"{text};OAuthSettingsLocation={tmp_path / 'index'}")
    made = {path.name for path in tmp_path.iterdir()} - {"config"}
    assert made == {"index", "index.harvest_duck.lock", "index.harvest_duck.asking.lock"}


def test_the_keyring_is_used_where_there_is_one(ring: Ring, connection: str, config: Path) -> None:
    signed_in(connection)
    ((service, _),) = ring.entries
    assert service == "harvest_duck"
    (sign_in,) = parse(next(iter(ring.entries.values())), where="the ring")
    assert sign_in.user == "Ada Moreau"
    assert harvest_duck.scan("clients", connection).read_all().num_rows > 0
    written = [path for path in config.rglob("*") if path.is_file()]
    assert all(path.name.endswith(".lock") and path.stat().st_size == 0 for path in written)
    assert harvest_duck.logout(connection).signed_out == ("Ada Moreau",)
    assert ring.entries == {}


@pytest.mark.parametrize("priority", [0, 0.5])
def test_a_keyring_that_is_not_fit_for_secrets_is_not_used(ring: Ring, config: Path, priority: float) -> None:
    ring.priority = priority  # type: ignore[assignment]
    assert store().where.startswith(str(config))


@pytest.mark.parametrize("fault", [keyring.errors.KeyringLocked("holds secret-text"), RuntimeError("secret-text")])
def test_a_keyring_that_fails_is_told_without_what_it_says(ring: Ring, fault: Exception) -> None:
    """Nothing is kept elsewhere unasked."""
    ring.fault = fault
    calls: list[Callable[[], object]] = [store().read, lambda: store().write("secret-text"), store().clear]
    for call in calls:
        with pytest.raises(CredentialsError) as failed:
            call()
        assert str(failed.value).startswith("the keyring (test ring) cannot be ")
        assert str(failed.value).endswith(": unlock it, or set OAuthSettingsLocation to a file")
        assert "secret-text" not in str(failed.value)
        assert failed.value.__cause__ is None


def test_a_keyring_that_is_chosen_and_not_there_is_told(tmp_path: Path) -> None:
    program = (
        "from harvest_duck.connection import resolve; from harvest_duck.auth import requests; "
        "from harvest_duck.auth.store import store_for; "
        f"c = resolve({APP!r}, environ={{}})\n"
        "try: store_for(c, requests.wanted(c))\nexcept PermissionError as e: print(e)"
    )
    for backend in ("keyring.backends.nowhere.Keyring", "keyring.backends.macOS.Keyring"):
        environ = dict(os.environ) | {"PYTHON_KEYRING_BACKEND": backend, "HARVEST_DUCK_CONFIG_DIR": str(tmp_path)}
        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environ, check=True)
        assert ended.stdout.startswith("the keyring that PYTHON_KEYRING_BACKEND or keyringrc.cfg chooses cannot be use")


@pytest.fixture
def file(connection: str, tmp_path: Path) -> tuple[str, Path]:
    """A connection with somebody signed in, and the file that it is kept in."""
    path = tmp_path / "tokens.json"
    text = f"{connection.replace('GETANDREFRESH', 'REFRESH')};OAuthSettingsLocation={path}"
    signed_in(text)
    return text, path


def refused(harvest: Sandbox, text: str) -> str:
    """What is said when the store cannot be trusted; nothing is sent."""
    harvest.clear_log()
    with pytest.raises(CredentialsError) as failed:
        harvest_duck.scan("clients", text).read_all()
    assert harvest.requests == []
    assert "sandbox-" not in str(failed.value)
    return str(failed.value)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
@pytest.mark.parametrize("mode", [0o666, 0o622, 0o620, 0o602, 0o644, 0o640, 0o604])
def test_a_file_that_others_can_touch_is_not_read(file: tuple[str, Path], harvest: Sandbox, mode: int) -> None:
    text, path = file
    path.chmod(mode)
    assert refused(harvest, text) == f"{path} is open to other users: chmod 600 {path}"
    path.chmod(0o600)
    assert harvest_duck.scan("clients", text).read_all().num_rows == len(harvest.records(MAIN_ID, "clients"))


@pytest.mark.skipif(os.name != "posix", reason="Windows has few links")
def test_a_link_in_its_place_is_not_followed(file: tuple[str, Path], harvest: Sandbox, tmp_path: Path) -> None:
    """Neither to read somebody's tokens, nor to write ours where the link leads."""
    text, path = file
    elsewhere = tmp_path / "elsewhere.json"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    before = elsewhere.read_text()
    assert "is a symbolic link" in refused(harvest, text)
    with pytest.raises(CredentialsError, match="is a symbolic link"):
        signed_in(text)
    assert elsewhere.read_text() == before
    elsewhere.unlink()
    with pytest.raises(CredentialsError, match="is a symbolic link"):
        signed_in(text)
    assert not elsewhere.exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_user_is_not_read(file: tuple[str, Path], harvest: Sandbox) -> None:
    text, path = file
    os.chown(path, 65534, -1)
    assert "belongs to another user" in refused(harvest, text)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
def test_a_directory_in_which_others_can_put_a_file_is_not_used(file: tuple[str, Path], tmp_path: Path) -> None:
    text, path = file
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    elsewhere = shared / "tokens.json"
    with pytest.raises(CredentialsError) as failed:
        signed_in(text.replace(str(path), str(elsewhere)))
    assert str(failed.value) == (
        f"{shared} can be written by other users, who could put another file there: chmod go-w {shared}"
    )
    assert list(shared.iterdir()) == []
    assert path.exists()


def test_something_else_in_its_place_is_neither_used_nor_overwritten(file: tuple[str, Path], harvest: Sandbox) -> None:
    """OAuthSettingsLocation may be a mistake, or of somebody who wants another file gone."""
    text, path = file
    path.write_text("precious")
    assert f"{path} holds something else than sign-ins of harvest_duck" in refused(harvest, text)
    with pytest.raises(CredentialsError, match="holds something else"):
        signed_in(text)
    assert path.read_text() == "precious"


def test_tokens_kept_for_harvest_never_go_to_another_host(
    file: tuple[str, Path], harvest: Sandbox, small_other: Sandbox
) -> None:
    """Whoever writes the connection string cannot have somebody's tokens sent to a host of their own."""
    text, path = file
    for name, url in (
        ("BaseURL", small_other.base_url),
        ("IdURL", small_other.id_url),
        ("OAuthAuthorizationURL", f"{small_other.id_url}/oauth2/authorize"),
        ("OAuthAccessTokenURL", f"{small_other.id_url}/api/v2/oauth2/token"),
        ("OAuthRefreshTokenURL", f"{small_other.id_url}/api/v2/oauth2/token"),
    ):
        pairs = dict(pair.split("=", 1) for pair in text.split(";")) | {name: url}
        with pytest.raises(CredentialsError, match="nobody who reaches account 1000001 is signed in"):
            harvest_duck.scan("clients", ";".join(f"{key}={value}" for key, value in pairs.items())).read_all()
    assert small_other.requests == []
    assert len(kept(path)) == 1
    assert harvest_duck.scan("clients", text).read_all().num_rows > 0
    assert len(harvest.requests) > 0
