from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from harvest_duck.errors import CredentialsError
from harvest_duck.servers.postgres.sign_in.password_file import read, set_password
from harvest_duck.servers.postgres.sign_in.scram import Verifier, verifier

if TYPE_CHECKING:
    from pathlib import Path

VERIFIER = verifier("x", iterations=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path / "users.txt"


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


def test_a_password_is_set_and_replaced_and_never_written(path: Path) -> None:
    set_password(path, "ada", "first password")
    set_password(path, 'the "boss"', "another password")
    set_password(path, "ada", "second password")
    text = path.read_text("utf-8")
    assert [line.partition(' "SCRAM')[0] for line in text.splitlines()] == ['"ada"', '"the ""boss"""']
    assert "password" not in text
    users = read(path)
    assert len(users) == 2
    assert "ada" in users
    assert 'the "boss"' in users
    known = users.verifier("ada")
    assert known == verifier("second password", salt=Verifier.parse(known).salt)
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_other_lines_stay_as_they_are(path: Path) -> None:
    before = f'; the office\n\n"eve"  "{VERIFIER}"\n'
    set_password(written(path, before), "ada", "secret")
    assert path.read_text("utf-8").startswith(before)


def test_a_user_that_there_is_not_has_a_verifier_like_any_other(path: Path) -> None:
    users = read(written(path, f'"eve" "{VERIFIER}"\n'))
    made = users.verifier("mallory")
    assert "mallory" not in users
    assert Verifier.parse(made).iterations == 1
    assert read(path).verifier("mallory") == made


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('"ada" "secret"\n', "line 1: the password of ada is no verifier of SCRAM-SHA-256"),
        ('"ada" "md5acbd18db4cc2f85cedef654fccc4a4d8"\n', "line 1: the password of ada is no verifier"),
        ("\nada:secret\n", 'line 2: a line reads "user" "SCRAM-SHA-256'),
        (f'"ada" "{VERIFIER}"\n"ada" "{VERIFIER}"\n', "line 2: the user ada has a line already"),
        ('"" ""\n', "line 1: a line reads"),
        ("; nobody\n", "has no users: add one with harvest-duck serve --set-password"),
    ],
)
def test_a_file_with_a_plain_password_or_without_users_is_refused(path: Path, text: str, told: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        read(written(path, text))
    assert told in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "md5" not in str(caught.value)


def test_a_file_that_does_not_exist_is_refused(path: Path) -> None:
    with pytest.raises(CredentialsError, match="does not exist: make it with harvest-duck serve --set-password"):
        read(path)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_file_that_others_may_read_is_refused(path: Path, mode: int) -> None:
    written(path, f'"eve" "{VERIFIER}"\n', mode)
    for use in (lambda: read(path), lambda: set_password(path, "ada", "x")):
        with pytest.raises(CredentialsError, match="is open to other users: chmod 600"):
            use()


@pytest.mark.parametrize(
    ("user", "password", "told"),
    [("", "x", "the name"), ("a\nb", "x", "the name"), ("ada", "", "one character"), ("ada", "a\0", "zero byte")],
)
def test_a_name_and_a_password_have_to_be_fit(path: Path, user: str, password: str, told: str) -> None:
    with pytest.raises(CredentialsError, match=told):
        set_password(path, user, password)
    assert not path.exists()


def test_a_broken_file_is_not_written_over(path: Path) -> None:
    written(path, "ada:secret\n")
    with pytest.raises(CredentialsError, match="line 1"):
        set_password(path, "eve", "x")
    assert path.read_text("utf-8") == "ada:secret\n"
