"""TLS 1.3 with a raw public key, with a client written from the RFCs, in memory."""

from __future__ import annotations

import hashlib
import random

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.lab.mail import bare
from harness.lab.mail.side import Agreed, TlsError
from harness.world.model import PrivateKey

from .kit import dripped, ec_key, raw_server, rsa_key, shaken, talked
from .rawclient import RAW, SECP256R1, SECP384R1, X25519, ClientError, RawKeyClient


def spki(key: PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "key",
    [ec_key(), ec.generate_private_key(ec.SECP384R1()), rsa_key(), ed25519.Ed25519PrivateKey.generate()],
    ids=["p-256", "p-384", "rsa", "ed25519"],
)
def test_the_bare_key_is_shown_and_proved(key: PrivateKey) -> None:
    server, client = raw_server(key=key), RawKeyClient()
    assert shaken(server, client)
    assert (client.raw, client.key, client.retried) == (True, spki(key), False)
    assert server.agreed == Agreed(
        version="TLSv1.3",
        cipher="TLS_AES_128_GCM_SHA256",
        certificate=hashlib.sha256(spki(key)).hexdigest(),
        marks=("raw public key shown",),
    )
    talked(server, client)


@pytest.mark.parametrize("suite", [0x1301, 0x1302, 0x1303])
@pytest.mark.parametrize("group", [X25519, SECP256R1])
@pytest.mark.parametrize("session", [b"", bytes(32)], ids=["", "for middleboxes"])
def test_every_suite_and_group_works(suite: int, group: int, session: bytes) -> None:
    server, client = raw_server(), RawKeyClient(suites=[0x0A0A, suite], shares=[group], session=session)
    assert shaken(server, client)
    assert (client.suite, client.retried) == (suite, False)
    talked(server, client)


@pytest.mark.parametrize("session", [b"", bytes(32)], ids=["", "for middleboxes"])
@pytest.mark.parametrize("suite", [0x1301, 0x1302])
def test_a_client_with_no_share_of_use_is_asked_again(session: bytes, suite: int) -> None:
    for shares in ([], [SECP384R1]):
        server, client = raw_server(), RawKeyClient(shares=shares, suites=[suite], session=session)
        assert shaken(server, client)
        assert client.retried
        talked(server, client)


def test_groups_may_be_chosen_so_that_every_client_is_asked_again() -> None:
    server, client = raw_server(groups=(bare.SECP384R1,)), RawKeyClient(shares=[X25519])
    assert shaken(server, client)
    assert client.retried


@pytest.mark.parametrize(
    ("client", "alert", "problem"),
    [
        (RawKeyClient(suites=[0x1304]), 40, "no shared cipher"),
        (RawKeyClient(groups=[0x0100], shares=[]), 40, "no suitable key share"),
        (RawKeyClient(schemes=[0x0401]), 40, "no suitable signature algorithm"),
    ],
)
def test_where_nothing_is_agreed_the_client_is_told_by_an_alert(client: RawKeyClient, alert: int, problem: str) -> None:
    server = raw_server()
    server.receive(client.hello())
    with pytest.raises(TlsError, match=problem) as error:
        server.handshake()
    assert not error.value.by_client
    with pytest.raises(ClientError, match=f"alert {alert}"):
        client.receive(server.outgoing())
    assert server.agreed == Agreed()


def test_a_second_hello_without_the_share_that_was_asked_for_ends_it() -> None:
    server, client = raw_server(), RawKeyClient(shares=[])
    server.receive(client.hello())
    assert not server.handshake()
    server.receive(RawKeyClient(shares=[]).hello())
    with pytest.raises(TlsError, match="no suitable key share"):
        server.handshake()
    assert server.outgoing()[-2:] == b"\x02\x2f"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (42, "sslv3 alert bad certificate"),
        (48, "tlsv1 alert unknown ca"),
        (116, "tlsv13 alert certificate required"),
        (99, "tlsv1 alert 99"),
    ],
)
@pytest.mark.parametrize("sealed", [False, True])
def test_an_alert_in_the_handshake_is_told_as_the_clients_word(number: int, words: str, sealed: bool) -> None:  # noqa: FBT001
    server, client = raw_server(), RawKeyClient()
    server.receive(client.hello())
    server.handshake()
    alert = b"\x01" + bytes((number,))
    # The first record that the server sends is its ServerHello.
    client.receive(server.outgoing()[:95])
    server.receive(client.say(alert, kind=21) if sealed else b"\x15\x03\x03\0\x02" + alert)
    with pytest.raises(TlsError) as error:
        server.handshake()
    assert (str(error.value), error.value.by_client) == (words, True)


def test_an_alert_in_the_clear_is_no_alert_once_the_client_has_keys() -> None:
    server, client = raw_server(), RawKeyClient()
    shaken(server, client)
    server.receive(b"\x15\x03\x03\0\x02\x02\x30")
    with pytest.raises(TlsError, match="unprotected record"):
        server.read()


def test_an_alert_after_the_handshake_is_told_as_the_clients_word() -> None:
    server, client = raw_server(), RawKeyClient()
    shaken(server, client)
    server.receive(client.say(b"\x01\x5a", kind=21) + client.say(b"\x01\x30", kind=21))
    with pytest.raises(TlsError, match="tlsv1 alert unknown ca") as error:
        server.read()
    assert error.value.by_client


@pytest.mark.parametrize("wish", [False, True])
def test_keys_are_updated_on_both_sides_when_the_client_wishes(wish: bool) -> None:  # noqa: FBT001
    server, client = raw_server(), RawKeyClient()
    shaken(server, client)
    for _ in range(2):
        server.receive(client.update(wish=wish))
        assert server.read() is None
        answer = server.outgoing()
        assert bool(answer) is wish
        client.receive(answer)
    talked(server, client)


def test_all_four_secrets_are_logged() -> None:
    told: dict[str, tuple[bytes, bytes]] = {}
    client = RawKeyClient()
    shaken(raw_server(log=lambda label, who, secret: told.update({label: (who, secret)})), client)
    assert told == {
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET": (client.random, client.secrets["c hs"]),
        "SERVER_HANDSHAKE_TRAFFIC_SECRET": (client.random, client.secrets["s hs"]),
        "CLIENT_TRAFFIC_SECRET_0": (client.random, client.secrets["c ap"]),
        "SERVER_TRAFFIC_SECRET_0": (client.random, client.secrets["s ap"]),
    }


def test_octets_may_come_one_by_one() -> None:
    server, client = raw_server(), RawKeyClient(session=bytes(32))
    assert dripped(server, client)
    talked(server, client)


def test_whatever_is_changed_in_a_flight_ends_in_an_alert_or_in_nothing() -> None:
    """Every octet of every flight in turn; in a few the server cannot know better and goes on."""
    sizes = [len(RawKeyClient(session=b"s").hello()), 6 + 5 + 36 + 3 + 1 + 16]
    ends = set()
    for number, size in enumerate(sizes):
        for at in range(size):

            def change(which: int, data: bytes, *, number: int = number, at: int = at) -> bytes:
                return data if which != number else data[:at] + bytes((data[at] ^ 0x41,)) + data[at + 1 :]

            server = raw_server()
            try:
                ends.add(str(shaken(server, RawKeyClient(session=b"s"), change=change)))
            except TlsError as error:
                ends.add(str(error))
                assert server.outgoing()
            except (ClientError, InvalidTag, AssertionError, KeyError):
                ends.add("the client noticed")
    assert {"decryption failed or bad record mac", "unexpected record", "length too short", "False"} <= ends


def test_garbage_at_every_point_is_an_error_of_the_client() -> None:
    chance = random.Random("garbage")
    for point in range(4):
        for _ in range(100):
            server, client = raw_server(), RawKeyClient()
            if point > 0:
                server.receive(client.hello())
                server.handshake()
            if point > 1:
                server.receive(client.receive(server.outgoing()))
                assert server.handshake()
            garbage = chance.randbytes(chance.choice((1, 5, 50, 500)))
            if point == 3:
                garbage = client.say(garbage, kind=chance.choice((20, 21, 22, 24)))
            kind = chance.choice((b"", b"\x14\x03\x03", b"\x15\x03\x03", b"\x16\x03\x01", b"\x17\x03\x03"))
            server.receive(garbage if point == 3 or not kind else kind + len(garbage).to_bytes(2, "big") + garbage)
            try:
                assert server.handshake() is (point > 1)
                assert server.read() is None
            except TlsError:
                continue


def test_a_hello_that_no_longer_asks_for_a_bare_key_ends_it() -> None:
    server, client = raw_server(), RawKeyClient(types=[])
    server.receive(client.hello())
    with pytest.raises(TlsError, match="no longer offered"):
        server.handshake()
    assert RAW not in client.types
