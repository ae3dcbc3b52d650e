"""How client and server prove to each other that they know a password: SCRAM-SHA-256 of RFC 5802 and 7677.

The checks and what is said of them are those of PostgreSQL 15 (auth-scram.c). The server keeps a verifier, from which
the password cannot be computed. Over TLS the proof can include the server's certificate (-PLUS, RFC 5929), so that
nobody between the two can pass it on.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.sign_in.saslprep import prepared
from harvest_duck.text import escaped

__all__ = ["Exchange", "Verifier", "made_up", "verifier"]

_PLAIN, _PLUS = "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"
#: What PostgreSQL 15 takes; a password of a random word or more needs no more.
_ITERATIONS = 4096
_SALT_BYTES = 16
_NONCE_BYTES = 18
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class Verifier:
    """By what a password is known: the form of pg_authid.rolpassword."""

    iterations: int
    salt: bytes
    stored_key: bytes
    server_key: bytes

    def __str__(self) -> str:
        salt, stored, server = (
            base64.b64encode(part).decode() for part in (self.salt, self.stored_key, self.server_key)
        )
        return f"{_PLAIN}${self.iterations}:{salt}${stored}:{server}"

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """Return the verifier that a text is; raises ValueError if it is none."""
        scheme, _, rest = text.partition("$")
        counted, _, keys = rest.partition("$")
        iterations, _, salt = counted.partition(":")
        stored, _, server = keys.partition(":")
        if scheme != _PLAIN or not (iterations.isascii() and iterations.isdigit() and 0 < int(iterations) < 1 << 31):
            raise ValueError("no verifier of SCRAM-SHA-256")
        parts = [_decoded(part) for part in (salt, stored, server)]
        if not parts[0] or any(len(key) != _KEY_BYTES for key in parts[1:]):
            raise ValueError("no verifier of SCRAM-SHA-256")
        return cls(int(iterations), *parts)


def verifier(password: str, *, iterations: int = _ITERATIONS, salt: bytes | None = None) -> str:
    """Return the verifier of a password, with a salt of its own unless one is given."""
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", prepared(password), salt, iterations)
    stored = hashlib.sha256(_hmac(salted, b"Client Key")).digest()
    return str(Verifier(iterations, salt, stored, _hmac(salted, b"Server Key")))


def made_up(user: str, *, secret: bytes, like: Verifier | None = None) -> str:
    """Return a verifier that no password has, for a user that there is not: always the same, as if there were one."""
    salt, stored, server = (
        _hmac(secret, what + user.encode("utf-8", "surrogateescape")) for what in (b"s", b"k", b"v")
    )
    iterations, length = (_ITERATIONS, _SALT_BYTES) if like is None else (like.iterations, len(like.salt))
    return str(Verifier(iterations, (salt * (1 + length // len(salt)))[:length], stored, server))


class Exchange:
    """One exchange of messages: `first`, then `final`. Both raise a Failure that ends the session.

    `channel_binding` is the hash of the server's certificate where the session runs in TLS, else None.
    """

    def __init__(self, verifier: str, *, user: str, channel_binding: bytes | None = None) -> None:
        self._verifier = Verifier.parse(verifier)
        self._user = user
        self._channel_binding = channel_binding
        self._header = self._bare = self._nonce = self._challenge = ""
        self._bound = False

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """The names of what the server offers, the best one first."""
        return (_PLAIN,) if self._channel_binding is None else (_PLUS, _PLAIN)

    def first(self, body: bytes) -> bytes:
        """Return server-first-message, an answer to SASLInitialResponse."""
        mechanism, text = self._initial(body)
        self._bound = mechanism == _PLUS
        flag, _, rest = text.partition(",")
        identity, _, self._bare = rest.partition(",")
        self._check_flag(flag)
        if identity:
            raise _failure("0A000", "client uses authorization identity, but it is not supported")
        self._header = f"{flag},{identity},"
        if self._bare.startswith("m="):
            raise _failure("0A000", "client requires an unsupported SCRAM extension")
        name, nonce = (*self._bare.split(","), "")[:2]
        # The name is that of the first message of the session: libpq sends none here, others a star.
        if not (name.startswith("n=") and nonce.startswith("r=")):
            raise _malformed("The name or the nonce is missing.")
        if not (_is_printable(nonce[2:])):
            raise _failure("08P01", "non-printable characters in SCRAM nonce")
        self._nonce = nonce[2:] + base64.b64encode(secrets.token_bytes(_NONCE_BYTES)).decode()
        salt = base64.b64encode(self._verifier.salt).decode()
        self._challenge = f"r={self._nonce},s={salt},i={self._verifier.iterations}"
        return self._challenge.encode()

    def final(self, body: bytes) -> bytes:
        """Return server-final-message, an answer to SASLResponse: the proof that the server knows the verifier."""
        without, comma, proof = _text(body).rpartition(",p=")
        binding, nonce = (*without.split(","), "")[:2]
        if not (comma and binding.startswith("c=") and nonce.startswith("r=")):
            raise _malformed("The binding, the nonce or the proof is missing.")
        self._check_binding(binding[2:])
        if not hmac.compare_digest(nonce[2:].encode(), self._nonce.encode()):
            raise _failure("08P01", "invalid SCRAM response", "Nonce does not match.")
        try:
            proven = _decoded(proof)
        except ValueError:
            raise _malformed("Malformed proof in client-final-message.") from None
        if len(proven) != _KEY_BYTES:
            raise _malformed("Malformed proof in client-final-message.")
        signed = f"{self._bare},{self._challenge},{without}".encode()
        key = bytes(a ^ b for a, b in zip(proven, _hmac(self._verifier.stored_key, signed), strict=True))
        if not hmac.compare_digest(hashlib.sha256(key).digest(), self._verifier.stored_key):
            raise _failure("28P01", f'password authentication failed for user "{escaped(self._user)}"')
        return b"v=" + base64.b64encode(_hmac(self._verifier.server_key, signed))

    def _initial(self, body: bytes) -> tuple[str, str]:
        """Return the mechanism that the client chose, and its first message."""
        name, zero, rest = body.partition(b"\0")
        if not zero or name.decode("latin-1") not in self.mechanisms:
            raise _failure("08P01", "client selected an invalid SASL authentication mechanism")
        if len(rest) < 4 or int.from_bytes(rest[:4], "big") != len(rest) - 4:  # noqa: PLR2004
            raise _malformed("Message length does not match input length.")
        return name.decode(), _text(rest[4:])

    def _check_flag(self, flag: str) -> None:
        """Raise a Failure if what the client says of channel binding does not go with what it chose."""
        if flag == "y" and self._channel_binding is not None and not self._bound:
            # It did not see that the server offers it: somebody between the two took it out.
            raise _failure(
                "28000",
                "SCRAM channel binding negotiation error",
                "The client supports SCRAM channel binding but thinks the server does not. "
                "However, this server does support channel binding.",
            )
        if flag.startswith("p=") != self._bound:
            said = "includes" if flag.startswith("p=") else "does not include"
            chosen = _PLUS if self._bound else f"{_PLAIN} without channel binding"
            raise _malformed(f"The client selected {chosen}, but the SCRAM message {said} channel binding data.")
        if self._bound and flag != "p=tls-server-end-point":
            raise _failure("08P01", f"unsupported SCRAM channel-binding type {flag[2:]!a}")
        if flag not in ("n", "y") and not self._bound:
            raise _malformed(f"Unexpected channel-binding flag {flag[:10]!a}.")

    def _check_binding(self, given: str) -> None:
        """Raise a Failure if the client saw another certificate, or another header, than the server."""
        expected = self._header.encode() + ((self._channel_binding or b"") if self._bound else b"")
        if hmac.compare_digest(given.encode(), base64.b64encode(expected)):
            return
        if self._bound:
            raise _failure("28000", "SCRAM channel binding check failed")
        raise _failure("08P01", "unexpected SCRAM channel-binding attribute in client-final-message")


def _text(raw: bytes) -> str:
    """Return the text of a message, which has no bytes below a space."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise _malformed("It is no UTF-8.") from None
    if "\0" in text or not text:
        raise _malformed("Message length does not match input length." if text else "The message is empty.")
    return text


def _is_printable(nonce: str) -> bool:
    """Return whether a text has printable characters of ASCII alone, and one at least: `c-nonce` of RFC 5802."""
    return bool(nonce) and all("!" <= char <= "~" for char in nonce)


def _decoded(text: str) -> bytes:
    """Return the bytes that base64 stands for; raises ValueError."""
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("no base64") from None


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _malformed(detail: str) -> Failure:
    return _failure("08P01", "malformed SCRAM message", detail)


def _failure(sqlstate: str, message: str, detail: str | None = None) -> Failure:
    return Failure(sqlstate, message, detail=detail, fatal=True)
