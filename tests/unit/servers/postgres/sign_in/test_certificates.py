from __future__ import annotations

import hashlib
import ssl
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from harvest_duck.errors import CredentialsError
from harvest_duck.servers.postgres.sign_in.certificates import server_context, tls_server_end_point

if TYPE_CHECKING:
    from pathlib import Path

NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])


def made(path: Path, key: Any, algorithm: hashes.HashAlgorithm | None) -> bytes:
    """Write a certificate that signs itself, and its key; returns it in DER."""
    now = datetime(2026, 1, 1, tzinfo=timezone.utc)  # noqa: UP017
    builder = x509.CertificateBuilder(NAME, NAME, key.public_key(), 4711, now, now + timedelta(days=9000))
    certificate = builder.sign(key, algorithm)
    path.write_bytes(certificate.public_bytes(Encoding.PEM) + written(key))
    return certificate.public_bytes(Encoding.DER)


def written(key: Any, encryption: KeySerializationEncryption | None = None) -> bytes:
    encoded: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())
    return encoded


@pytest.mark.parametrize(
    ("algorithm", "hashed"),
    [(hashes.SHA256(), "sha256"), (hashes.SHA384(), "sha384"), (hashes.SHA512(), "sha512")],
    ids=["sha256", "sha384", "sha512"],
)
def test_the_hash_is_that_of_the_certificates_signature(
    tmp_path: Path, algorithm: hashes.HashAlgorithm, hashed: str
) -> None:
    path = tmp_path / "server.pem"
    encoded = made(path, ec.generate_private_key(ec.SECP256R1()), algorithm)
    assert tls_server_end_point(path) == hashlib.new(hashed, encoded).digest()


def test_a_signature_without_a_hash_cannot_be_bound_to(tmp_path: Path) -> None:
    made(tmp_path / "server.pem", ed25519.Ed25519PrivateKey.generate(), None)
    assert tls_server_end_point(tmp_path / "server.pem") is None


def test_certificate_and_key_may_stand_in_one_file(tmp_path: Path) -> None:
    made(tmp_path / "server.pem", ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    context = server_context(tmp_path / "server.pem")
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_files_that_are_not_fit_are_named(tmp_path: Path) -> None:
    certificate, key = tmp_path / "server.pem", tmp_path / "key.pem"
    with pytest.raises(CredentialsError, match=r"server\.pem cannot be read: No such file"):
        server_context(certificate)
    made(certificate, ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    other = ec.generate_private_key(ec.SECP256R1())
    key.write_bytes(written(other))
    with pytest.raises(
        CredentialsError, match=r"server\.pem with .*key\.pem cannot be used for TLS: key values mismatch"
    ):
        server_context(certificate, key)
    key.write_bytes(written(other, BestAvailableEncryption(b"secret")))
    with pytest.raises(CredentialsError, match="the key of the certificate is under a password"):
        server_context(certificate, key)
    key.write_text("no key")
    with pytest.raises(CredentialsError, match="cannot be used for TLS"):
        server_context(certificate, key)
