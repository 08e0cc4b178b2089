"""The ClientHello, read from octets."""

from __future__ import annotations

import ssl

import pytest

from harness.lab.mail.hello import read


def client_hello(*, sni: str | None = None, context: ssl.SSLContext | None = None) -> bytes:
    """The first flight of Python's own client."""
    context = context or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    out = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=sni)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return out.read()


def extension(kind: int, value: bytes) -> bytes:
    return kind.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value


def hello(*extensions: bytes, suites: bytes = b"\xc0\x2b") -> bytes:
    """A hand-made first flight of TLS 1.2."""
    tail = b"".join(extensions)
    body = b"\x03\x03" + bytes(32) + b"\0" + len(suites).to_bytes(2, "big") + suites + b"\x01\0"
    body += len(tail).to_bytes(2, "big") + tail
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message


def test_name_versions_and_suites_are_read() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    found = read(client_hello(sni="mx1.test.example", context=context))
    assert found is not None
    assert found.sni == "mx1.test.example"
    assert found.offered == ("version TLSv1.3", "version TLSv1.2", "suites certificate")


def test_every_beginning_of_a_hello_is_incomplete_and_no_error() -> None:
    whole = client_hello(sni="mx1.test.example")
    assert all(read(whole[:size]) is None for size in range(1, len(whole)))


def test_a_hello_in_many_records_is_joined() -> None:
    message = client_hello(sni="mx1.test.example")[5:]
    pieces = [message[at : at + 7] for at in range(0, len(message), 7)]
    found = read(b"".join(b"\x16\x03\x01" + len(piece).to_bytes(2, "big") + piece for piece in pieces))
    assert found is not None
    assert found.sni == "mx1.test.example"


def test_a_name_is_kept_just_as_it_came() -> None:
    name = b"\x00\x00\x10Mx1.t\xc3\xa9st.dane.."
    found = read(hello(extension(0, len(name).to_bytes(2, "big") + name)))
    assert found is not None
    assert found.sni == "Mx1.t\\xc3\\xa9st.dane.."


def test_the_kinds_of_suites_are_told_apart_and_signals_are_none() -> None:
    found = read(hello(suites=bytes.fromhex("c018 003b 00ff 0a0a 5600 002f")))
    assert found is not None
    assert found.offered == ("version TLSv1.2", "suites anonymous", "suites certificate", "suites null")


def test_a_client_that_takes_bare_keys_says_so() -> None:
    found = read(hello(extension(20, b"\x02\x02\x00")))
    assert found is not None
    assert found.raw_public_key
    assert "raw public key" in found.offered


def test_a_session_ticket_is_told() -> None:
    found = read(hello(extension(35, b"ticket")))
    assert found is not None
    assert "session ticket" in found.offered


def test_an_sslv2_compatible_hello_is_recognised() -> None:
    found = read(b"\x80\x2e\x01\x03\x01")
    assert found is not None
    assert found.offered == ("SSLv2-compatible hello",)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"EHLO c\r\n", "no TLS record"),
        (b"\x15\x03\x01\x00\x02\x02\x28", "no TLS record"),
        (b"\x16\x03\x01\x00\x04\x02\x00\x00\x00", "no ClientHello"),
        (b"\x16\x03\x01\x00\x04\x01\x00\x00\x00", "malformed ClientHello"),
        (b"\x16\x03\x01\x00\x07\x01\x00\x00\x03\x03\x03\x00", "malformed ClientHello"),
    ],
)
def test_what_is_no_client_hello_is_told_and_never_raises(data: bytes, problem: str) -> None:
    found = read(data)
    assert found is not None
    assert found.problem == problem
