"""The server's certificate: TLS for its sessions, and the hash of it that SCRAM binds a password's proof to."""

from __future__ import annotations

import hashlib
import ssl
from typing import TYPE_CHECKING, NoReturn

from harvest_duck.errors import CredentialsError
from harvest_duck.text import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["server_context", "tls_server_end_point"]

_LONG_FORM = 0x80
#: The hash in a signature's algorithm (RFC 3279, 4055, 5758); what is weaker than SHA-256 is replaced by it (RFC 5929).
_HASHES = {
    "1.2.840.113549.1.1.4": "sha256",
    "1.2.840.113549.1.1.5": "sha256",
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
    "1.2.840.113549.1.1.14": "sha224",
    "1.2.840.10045.4.1": "sha256",
    "1.2.840.10045.4.3.1": "sha224",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
}


def server_context(certificate: Path, key: Path | None = None) -> ssl.SSLContext:
    """Return how the server speaks TLS, with the certificates and the key in files of PEM.

    Raises CredentialsError for files that cannot be read, do not belong together, or have a key under a password.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Clients of PostgreSQL 17 ask for it.
    context.set_alpn_protocols(["postgresql"])
    try:
        context.load_cert_chain(certificate, key, password=_ask_nobody)
    except CredentialsError:
        raise
    except ssl.SSLError as error:
        told = (error.reason or "no certificate and key in PEM").replace("_", " ").lower()
        raise CredentialsError(f"{_files(certificate, key)} cannot be used for TLS: {told}") from None
    except OSError as error:
        raise CredentialsError(f"{_files(certificate, key)} cannot be read: {error.strerror}") from error
    return context


def _ask_nobody() -> NoReturn:
    raise CredentialsError(
        "the key of the certificate is under a password: give a key without one, readable for you alone"
    )


def _files(certificate: Path, key: Path | None) -> str:
    return escaped(certificate) if key is None else f"{escaped(certificate)} with {escaped(key)}"


def tls_server_end_point(certificate: Path) -> bytes | None:
    """Return the hash of the first certificate in a file of PEM, by RFC 5929.

    It is None where the RFC names no hash, as for Ed25519: no client can bind to such a certificate.
    """
    text = certificate.read_text("ascii", "replace")
    first, last = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    encoded = ssl.PEM_cert_to_DER_cert(text[text.index(first) : text.index(last) + len(last)])
    name = _HASHES.get(_signature_algorithm(encoded))
    return None if name is None else hashlib.new(name, encoded).digest()


def _signature_algorithm(encoded: bytes) -> str:
    """Return the object identifier of the algorithm by which a certificate in DER is signed."""
    _, certificate = next(_elements(encoded))
    # Certificate of RFC 5280, section 4.1: what is signed, the algorithm, the signature.
    _, (_, algorithm), _ = _elements(certificate)
    _, identifier = next(_elements(algorithm))
    numbers = [0]
    for byte in identifier[1:]:
        numbers[-1] = numbers[-1] << 7 | byte & 0x7F
        if not byte & _LONG_FORM:
            numbers.append(0)
    return ".".join(map(str, (*divmod(identifier[0], 40), *numbers[:-1])))


def _elements(encoded: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the tag and the content of each element of DER, one after the other."""
    at = 0
    while at < len(encoded):
        tag, length = encoded[at], encoded[at + 1]
        at += 2
        if length & _LONG_FORM:
            count = length & ~_LONG_FORM
            length = int.from_bytes(encoded[at : at + count], "big")
            at += count
        yield tag, encoded[at : at + length]
        at += length
