"""Which proxy a request takes, and what the environment names in vain."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from harvest_duck.connection import resolve
from harvest_duck.errors import ConnectionStringError
from harvest_duck.http.proxy import proxy_for, unread_bundle, unread_proxy

if TYPE_CHECKING:
    from pathlib import Path

API = "https://api.harvestapp.com/v2/clients"
NAMES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that names no proxy and no certificates."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


def chosen(text: str, url: str = API) -> str | None:
    """The address of the proxy that a request takes."""
    found = proxy_for(resolve(f"AccountId=1;APIKey=x;{text}"), url)
    return None if found is None else str(found)


@pytest.mark.parametrize(
    ("name", "value", "proxy"),
    [
        ("HTTPS_PROXY", "http://proxy.example:3128", "http://proxy.example:3128"),
        ("https_proxy", "proxy.example:3128", "http://proxy.example:3128"),
        ("ALL_PROXY", "http://proxy.example", "http://proxy.example"),
        ("all_proxy", "https://proxy.example:8443", "https://proxy.example:8443"),
        ("HTTP_PROXY", "http://proxy.example", None),
    ],
)
def test_proxy_auto_detect_takes_what_the_environment_names(
    name: str, value: str, proxy: str | None, environ: pytest.MonkeyPatch
) -> None:
    environ.setenv(name, value)
    assert chosen("ProxyAutoDetect=true") == proxy
    assert chosen("") is None
    unread = unread_proxy(resolve("AccountId=1;APIKey=x"), API)
    assert (unread.variable if unread else None) == (name if proxy else None)
    assert unread_proxy(resolve("AccountId=1;APIKey=x;ProxyAutoDetect=true"), API) is None


def test_the_variable_of_https_comes_before_that_of_all(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("ALL_PROXY", "http://all.example")
    environ.setenv("HTTPS_PROXY", "http://https.example")
    assert chosen("ProxyAutoDetect=true") == "http://https.example"


@pytest.mark.parametrize("hosts", ["api.harvestapp.com", ".harvestapp.com", "*"])
def test_no_proxy_names_hosts_that_are_reached_without(hosts: str, environ: pytest.MonkeyPatch) -> None:
    environ.setenv("HTTPS_PROXY", "http://proxy.example")
    environ.setenv("NO_PROXY", hosts)
    assert chosen("ProxyAutoDetect=true") is None
    assert unread_proxy(resolve("AccountId=1;APIKey=x"), API) is None


def test_this_machine_is_reached_without_a_proxy(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("ALL_PROXY", "http://proxy.example")
    assert chosen("ProxyAutoDetect=true", "http://127.0.0.1:8181/v2/clients") is None
    assert chosen("ProxyServer=proxy.example", "http://localhost:8181/v2/clients") is None


def test_a_proxy_of_the_connection_comes_before_that_of_the_environment(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("HTTPS_PROXY", "http://other.example")
    assert chosen("ProxyServer=own.example;ProxyAutoDetect=true") == "http://own.example"
    assert unread_proxy(resolve("AccountId=1;APIKey=x;ProxyServer=own.example"), API) is None


@pytest.mark.parametrize("value", ["socks5://t0ken-that-nobody-may-see@proxy.example", "http://[", "http://"])
def test_a_proxy_of_another_kind_is_an_error_without_its_text(value: str, environ: pytest.MonkeyPatch) -> None:
    environ.setenv("ALL_PROXY", value)
    with pytest.raises(ConnectionStringError) as raised:
        chosen("ProxyAutoDetect=true")
    assert str(raised.value) == (
        "the proxy that ALL_PROXY names is no http or https URL: correct it, or give ProxyServer and ProxyPort"
    )


def test_certificates_of_other_programs_are_not_read(environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plain = resolve("AccountId=1;APIKey=x")
    assert unread_bundle(plain) is None
    environ.setenv("CURL_CA_BUNDLE", os.devnull)
    assert unread_bundle(plain) == "CURL_CA_BUNDLE"
    environ.setenv("REQUESTS_CA_BUNDLE", os.devnull)
    assert unread_bundle(plain) == "REQUESTS_CA_BUNDLE"
    own = tmp_path / "own.pem"
    own.touch()
    assert unread_bundle(resolve(f"AccountId=1;APIKey=x;SSLServerCert={own}")) is None
