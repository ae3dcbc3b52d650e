from __future__ import annotations

import base64
import json

import pytest
from support.paths import TESTS
from support.wire_client import Scram

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.sign_in.scram import Exchange, Verifier, made_up, verifier

CERTIFICATE = b"c" * 32
UNEXPECTED = "unexpected SCRAM channel-binding attribute in client-final-message"
BOUND = "p=tls-server-end-point,,"
#: pg_authid.rolpassword of PostgreSQL 15, by the passwords of its roles.
OF_POSTGRES: dict[str, str] = json.loads((TESTS / "data" / "postgres_verifiers.json").read_text("utf-8"))


@pytest.mark.parametrize("password", OF_POSTGRES)
def test_a_verifier_is_that_of_postgresql(password: str) -> None:
    stored = OF_POSTGRES[password]
    assert verifier(password, salt=Verifier.parse(stored).salt) == stored


def test_two_verifiers_of_a_password_differ() -> None:
    assert verifier("x", iterations=1) != verifier("x", iterations=1)


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "md5abc", "SCRAM-SHA-256$", "SCRAM-SHA-256$4096:AAAA$AAAA:AAAA", "SCRAM-SHA-256$0:AAAA$A:A",
        OF_POSTGRES["correct horse"].replace("4096", "-1"), OF_POSTGRES["correct horse"].replace("4096", "٤"),
        OF_POSTGRES["correct horse"] + "x", OF_POSTGRES["correct horse"].replace("$J4", "$é4"),
        OF_POSTGRES["correct horse"].replace("uI4BhSg9nKChuHFLwprltw==", ""),
    ],
)  # fmt: skip
def test_anything_else_is_no_verifier(text: str) -> None:
    with pytest.raises(ValueError, match=r"base64|no verifier"):
        Verifier.parse(text)


def initial(client: Scram, mechanism: str = "SCRAM-SHA-256") -> bytes:
    """SASLInitialResponse."""
    first = client.first()
    return mechanism.encode() + b"\0" + len(first).to_bytes(4, "big") + first


def exchange(channel_binding: bytes | None = None) -> Exchange:
    return Exchange(OF_POSTGRES["correct horse"], user="ada", channel_binding=channel_binding)


@pytest.mark.parametrize("header", ["n,,", "y,,"])
def test_who_knows_the_password_is_let_in(header: str) -> None:
    server, client = exchange(), Scram("correct horse", header=header)
    assert server.mechanisms == ("SCRAM-SHA-256",)
    client.check(server.final(client.final(server.first(initial(client)))))


def test_the_exchange_is_that_of_the_rfc() -> None:
    """RFC 7677, section 3, with its nonce of the server."""
    known = verifier("pencil", salt=base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
    server = Exchange(known, user="user")
    first = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    server.first(b"SCRAM-SHA-256\0" + len(first).to_bytes(4, "big") + first)
    nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    server._nonce, server._challenge = nonce, f"r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    final = server.final(f"c=biws,r={nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=".encode())
    assert final == b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def test_over_tls_the_proof_may_include_the_certificate() -> None:
    server, client = exchange(CERTIFICATE), Scram("correct horse", header=BOUND)
    client.binding += CERTIFICATE
    assert server.mechanisms == ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256")
    client.check(server.final(client.final(server.first(initial(client, "SCRAM-SHA-256-PLUS")))))


def test_over_tls_a_client_may_know_nothing_of_it() -> None:
    server, client = exchange(CERTIFICATE), Scram("correct horse", header="n,,")
    client.check(server.final(client.final(server.first(initial(client)))))


def refusal(
    client: Scram, mechanism: str = "SCRAM-SHA-256", *, channel_binding: bytes | None = None
) -> tuple[str, str, str | None]:
    server = exchange(channel_binding)
    with pytest.raises(Failure) as caught:
        server.final(client.final(server.first(initial(client, mechanism))))
    assert caught.value.fatal
    assert caught.value.message.isprintable()
    return caught.value.sqlstate, caught.value.message, caught.value.detail


def test_another_password_is_refused() -> None:
    assert refusal(Scram("wrong")) == ("28P01", 'password authentication failed for user "ada"', None)


def test_another_certificate_is_refused() -> None:
    client = Scram("correct horse", header=BOUND)
    client.binding += b"m" * 32
    told = refusal(client, "SCRAM-SHA-256-PLUS", channel_binding=CERTIFICATE)
    assert told[:2] == ("28000", "SCRAM channel binding check failed")


def test_a_client_that_was_not_told_of_channel_binding_is_refused() -> None:
    told = refusal(Scram("correct horse", header="y,,"), channel_binding=CERTIFICATE)
    assert told[:2] == ("28000", "SCRAM channel binding negotiation error")


@pytest.mark.parametrize(
    ("header", "mechanism", "channel_binding", "told"),
    [
        (BOUND, "SCRAM-SHA-256-PLUS", None, "client selected an invalid SASL authentication mechanism"),
        ("n,,", "SCRAM-SHA-1", None, "client selected an invalid SASL authentication mechanism"),
        (BOUND, "SCRAM-SHA-256", CERTIFICATE, "malformed SCRAM message"),
        ("n,,", "SCRAM-SHA-256-PLUS", CERTIFICATE, "malformed SCRAM message"),
        ("p=tls-unique,,", "SCRAM-SHA-256-PLUS", CERTIFICATE, "unsupported SCRAM channel-binding type 'tls-unique'"),
        ("x,,", "SCRAM-SHA-256", None, "malformed SCRAM message"),
        ("n,a=eve,", "SCRAM-SHA-256", None, "client uses authorization identity, but it is not supported"),
        ("n,,m=1,", "SCRAM-SHA-256", None, "client requires an unsupported SCRAM extension"),
        ("n,,x,", "SCRAM-SHA-256", None, "malformed SCRAM message"),
    ],
)
def test_what_the_client_says_has_to_fit(header: str, mechanism: str, channel_binding: bytes | None, told: str) -> None:
    said = refusal(Scram("correct horse", header=header), mechanism, channel_binding=channel_binding)
    assert (said[0] in {"08P01", "0A000"}, said[1]) == (True, told)


@pytest.mark.parametrize("nonce", ["a b", "é", "\x01"])
def test_a_nonce_is_printable(nonce: str) -> None:
    assert refusal(Scram("x", nonce=nonce))[:2] == ("08P01", "non-printable characters in SCRAM nonce")


@pytest.mark.parametrize("body", [b"", b"SCRAM-SHA-256", b"SCRAM-SHA-256\0\0\0", b"SCRAM-SHA-256\0\0\0\0\x01",
                                  b"SCRAM-SHA-256\0\xff\xff\xff\xff", b"SCRAM-SHA-256\0\0\0\0\0",
                                  b"SCRAM-SHA-256\0\0\0\0\x02\xff\xff", b"SCRAM-SHA-256\0\0\0\0\x02a\0"])  # fmt: skip
def test_a_malformed_first_message_is_refused(body: bytes) -> None:
    with pytest.raises(Failure) as caught:
        exchange().first(body)
    assert (caught.value.sqlstate, caught.value.fatal) == ("08P01", True)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (lambda final: final.replace(b"c=biws", b"c=eSws"), UNEXPECTED),
        (lambda final: final.replace(b",r=", b",r=x"), "invalid SCRAM response"),
        (lambda final: final.replace(b",p=", b",q="), "malformed SCRAM message"),
        (lambda final: final.replace(b"c=", b""), "malformed SCRAM message"),
        (lambda final: final + b"!", "malformed SCRAM message"),
        (lambda final: final[:-8], "malformed SCRAM message"),
        (lambda final: final[:-4] + b"AAA=", 'password authentication failed for user "ada"'),
        (lambda _: b"", "malformed SCRAM message"),
    ],
)  # fmt: skip
def test_a_final_message_that_was_changed_is_refused(changed: object, told: str) -> None:
    server, client = exchange(), Scram("correct horse")
    final = client.final(server.first(initial(client)))
    with pytest.raises(Failure) as caught:
        server.final(changed(final))  # type: ignore[operator]
    assert (caught.value.message, caught.value.fatal) == (told, True)


def test_a_proof_is_good_for_one_exchange() -> None:
    client = Scram("correct horse")
    final = client.final(exchange().first(initial(client)))
    other = exchange()
    other.first(initial(client))
    with pytest.raises(Failure, match="invalid SCRAM response"):
        other.final(final)


def test_a_user_that_there_is_not_has_a_verifier_that_stays_the_same() -> None:
    like = Verifier.parse(verifier("x", iterations=7, salt=b"s" * 40))
    made = Verifier.parse(made_up("eve", secret=b"k", like=like))
    assert (made.iterations, len(made.salt)) == (7, 40)
    assert made == Verifier.parse(made_up("eve", secret=b"k", like=like))
    assert made.salt != Verifier.parse(made_up("mallory", secret=b"k", like=like)).salt
    assert Verifier.parse(made_up("eve", secret=b"k")).iterations == 4096


def test_a_verifier_is_not_shown() -> None:
    known = Verifier.parse(OF_POSTGRES["correct horse"])
    assert "VXgX" not in repr(known)
