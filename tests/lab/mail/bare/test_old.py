"""SSL 3.0 and TLS 1.2 with RSA key exchange, with a client written from the RFCs, in memory."""

from __future__ import annotations

import random

import pytest

from harness.lab.mail.bare import OLD_SUITES, named
from harness.lab.mail.side import Agreed, TlsError

from .kit import dripped, old_server, rsa_key, shaken, talked
from .oldclient import AES, DES3, RC4_MD5, RC4_SHA, SSL3, TLS12, OldClient
from .rawclient import ClientError

VERSIONS = pytest.mark.parametrize("version", [SSL3, TLS12], ids=["ssl3", "tls1.2"])


@VERSIONS
@pytest.mark.parametrize("suite", [AES, DES3, RC4_SHA, RC4_MD5])
@pytest.mark.parametrize("size", [1024, 2048])
def test_every_suite_works(version: int, suite: int, size: int) -> None:
    server, client = old_server(version, size=size), OldClient(version=version, suites=(0x1301, suite))
    assert shaken(server, client)
    (known,) = [each for each in OLD_SUITES if each.number == suite]
    assert server.agreed.cipher == known.name
    assert server.agreed.version == {SSL3: "SSLv3", TLS12: "TLSv1.2"}[version]
    assert len(server.agreed.certificate) == 64
    talked(server, client)


@VERSIONS
def test_renegotiation_info_is_answered_where_it_is_asked_for(version: int) -> None:
    for safe in (False, True):
        client = OldClient(version=version, safe=safe)
        assert shaken(old_server(version), client)
        assert client.extensions == (bytes.fromhex("0005ff01000100") if safe else b"")


@VERSIONS
def test_a_client_with_none_of_the_suites_is_sent_handshake_failure(version: int) -> None:
    server, client = old_server(version, suites=named("RC4")), OldClient(version=version, suites=(AES, DES3))
    with pytest.raises(TlsError, match="no shared cipher") as error:
        shaken(server, client)
    assert not error.value.by_client
    with pytest.raises(ClientError, match="alert 40"):
        client.receive(server.outgoing())
    assert server.agreed == Agreed()


def test_a_client_that_is_too_old_is_sent_protocol_version() -> None:
    server, client = old_server(TLS12), OldClient(version=SSL3)
    with pytest.raises(TlsError, match="unsupported protocol"):
        shaken(server, client)
    assert server.outgoing().endswith(b"\x02\x46")


def test_a_newer_client_is_spoken_to_in_ssl_3() -> None:
    server = old_server(SSL3)
    server.receive(OldClient(version=TLS12).hello())
    assert not server.handshake()
    assert server.outgoing().startswith(b"\x16\x03\x00")
    server.receive(b"\x15\x03\x00\x00\x02\x02\x46")
    with pytest.raises(TlsError, match="tlsv1 alert protocol version") as error:
        server.handshake()
    assert error.value.by_client


@VERSIONS
def test_renegotiation_is_refused(version: int) -> None:
    server, client = old_server(version), OldClient(version=version)
    shaken(server, client)
    server.receive(client.hello())
    if version == SSL3:
        with pytest.raises(TlsError, match="no renegotiation"):
            server.read()
    else:
        assert server.read() is None
    with pytest.raises(ClientError, match="alert 40" if version == SSL3 else "alert 100"):
        client.receive(server.outgoing())


@VERSIONS
def test_empty_records_and_warnings_change_nothing(version: int) -> None:
    server, client = old_server(version), OldClient(version=version, suites=(DES3,))
    shaken(server, client)
    server.receive(client.say(b"") + client.say(b"\x01\x5a", kind=21) + client.say(b"x"))
    assert server.read() == b"x"
    server.receive(client.say(b"\x02\x2e", kind=21))
    with pytest.raises(TlsError, match="sslv3 alert certificate unknown") as error:
        server.read()
    assert error.value.by_client


@VERSIONS
def test_the_master_secret_is_logged(version: int) -> None:
    told: list[tuple[str, bytes, bytes]] = []
    client = OldClient(version=version)
    shaken(old_server(version, log=lambda *words: told.append(words)), client)
    assert told == [("CLIENT_RANDOM", client.random, client.master)]


@VERSIONS
def test_octets_may_come_one_by_one(version: int) -> None:
    server, client = old_server(version), OldClient(version=version)
    assert dripped(server, client)
    talked(server, client)


@VERSIONS
def test_a_close_within_the_handshake_is_told_as_the_clients_word(version: int) -> None:
    server = old_server(version)
    server.receive(OldClient(version=version).hello() + b"\x15" + version.to_bytes(2, "big") + b"\0\x02\x01\0")
    with pytest.raises(TlsError, match="close notify") as error:
        server.handshake()
    assert error.value.by_client


@VERSIONS
@pytest.mark.parametrize("suite", [AES, RC4_SHA])
def test_whatever_is_changed_in_a_flight_ends_in_an_alert_or_in_nothing(version: int, suite: int) -> None:
    """Every octet of every flight in turn. Only what no version protects is changed without an end: the versions in
    the headers of records before keys are there."""
    flights: list[bytes] = []

    def keep(_: int, data: bytes) -> bytes:
        flights.append(data)
        return data

    shaken(old_server(version), OldClient(version=version, suites=(suite,)), change=keep)
    ends: dict[str, list[tuple[int, int]]] = {}
    for number, flight in enumerate(flights):
        for at in range(len(flight)):

            def change(which: int, data: bytes, *, number: int = number, at: int = at) -> bytes:
                return data if which != number else data[:at] + bytes((data[at] ^ 0x41,)) + data[at + 1 :]

            server = old_server(version)
            try:
                end = str(shaken(server, OldClient(version=version, suites=(suite,)), change=change))
            except TlsError as error:
                end = str(error)
            except (ClientError, AssertionError):
                end = "the client noticed"
            ends.setdefault(end, []).append((number, at))
    expected = {
        "decryption failed or bad record mac",
        "unexpected record",
        "length too short",
        "no shared cipher",
        "False",
    }
    assert expected <= ends.keys()
    change_cipher_spec = flights[1].rindex(b"\x14" + version.to_bytes(2, "big") + b"\0\1\1")
    assert ends["True"] == [(0, 2), (1, 2), (1, change_cipher_spec + 2)]


@VERSIONS
def test_garbage_at_every_point_is_an_error_of_the_client(version: int) -> None:
    chance = random.Random(f"garbage {version}")
    for point in range(4):
        for _ in range(100):
            server, client = old_server(version), OldClient(version=version, suites=(chance.choice((AES, RC4_MD5)),))
            if point > 0:
                server.receive(client.hello())
                server.handshake()
            if point > 1:
                flight = client.receive(server.outgoing())
                cut = len(flight) if point == 3 else flight.index(b"\x14" + version.to_bytes(2, "big") + b"\0\1\1") + 6
                server.receive(flight[:cut])
                assert server.handshake() is (point == 3)
            garbage = chance.randbytes(chance.choice((1, 5, 48, 500)))
            kind = chance.choice((b"", b"\x14", b"\x15", b"\x16", b"\x17"))
            if point == 3 and kind:
                garbage, kind = client.say(garbage, kind=kind[0]), b""
            server.receive(
                kind + version.to_bytes(2, "big") + len(garbage).to_bytes(2, "big") + garbage if kind else garbage
            )
            try:
                if server.handshake():
                    while server.read():
                        assert point == 3
            except TlsError:
                continue


def test_a_wrong_premaster_secret_is_noticed_no_sooner_than_at_finished() -> None:
    """RFC 5246 section 7.4.7.1: what is wrong with it is nobody's to learn."""
    for encrypted in (bytes(5), bytes(128), b"\xff" * 128):
        server = old_server(TLS12)
        server.receive(OldClient(version=TLS12).hello())
        server.handshake()
        body = len(encrypted).to_bytes(2, "big") + encrypted
        message = b"\x10" + len(body).to_bytes(3, "big") + body
        server.receive(b"\x16\x03\x03" + len(message).to_bytes(2, "big") + message)
        assert not server.handshake()
        server.receive(b"\x14\x03\x03\0\x01\x01" + b"\x16\x03\x03\0\x40" + bytes(64))
        with pytest.raises(TlsError, match="bad record mac"):
            server.handshake()
    assert rsa_key(1024).key_size == 1024
