"""Who plays the server's side for which client, and that the rest of the lab sees no difference."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from harness.journal import Accepted, Handshake, HarnessFault, Left, Spoke
from harness.lab.mail import Contexts, MailHosts
from harness.lab.mail.division import dialect, left_to_openssl, old_suites
from harness.lab.recorder import Recorder
from harness.scenario.mailhosts import Smtp, Tls
from harness.world.model import Credentials, MailServer

from .bare.oldclient import RC4_SHA, SSL3, TLS12, OldClient
from .bare.rawclient import X509, RawKeyClient
from .kit import Client, Lab, certificate, lab, run, server, talk, trusting

pytestmark = pytest.mark.loopback

RAW = Tls(raw_public_key=True)
RC4 = Tls(versions=("1.2",), ciphers="RC4")
ANCIENT = Tls(versions=("ssl3",))


@pytest.fixture(scope="module")
def shown() -> Credentials:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return Credentials(private_key=key, chain=(certificate("leaf", key),))


def met(served: MailServer, conversation: Callable[[Client], object]) -> Lab:
    async def main() -> Lab:
        async with lab(served) as running:
            await talk(running, conversation)
        return running

    return run(main)


def begun(client: Client) -> None:
    client.reply()
    client.say("EHLO client.example")
    assert client.say("STARTTLS").startswith("220")


def secured(client: Client, tls: RawKeyClient | OldClient) -> None:
    begun(client)
    client.send(tls.hello())
    while not tls.complete:
        client.send(tls.receive(client.sock.recv(65536)))


def said(client: Client, tls: RawKeyClient | OldClient, line: bytes) -> bytes:
    before = len(tls.said)
    client.send(tls.say(line + b"\r\n"))
    while not tls.said.endswith(b"\r\n") or len(tls.said) == before:
        tls.receive(client.sock.recv(65536))
    return tls.said[before:]


def delivered(client: Client, tls: RawKeyClient | OldClient) -> None:
    secured(client, tls)
    envelope = (b"EHLO c", b"MAIL FROM:<a@sender.example>", b"RCPT TO:<b@test.example>", b"DATA")
    for line in (*envelope, b"Subject: x\r\n\r\nx\r\n."):
        assert said(client, tls, line)[:1] in (b"2", b"3")
    assert said(client, tls, b"QUIT")[:3] == b"221"


CLIENTS = pytest.mark.parametrize(
    ("manners", "make", "version", "cipher"),
    [
        (RAW, lambda: RawKeyClient(name="mx1.test.example"), "TLSv1.3", "TLS_AES_128_GCM_SHA256"),
        (RC4, lambda: OldClient(version=TLS12, suites=(RC4_SHA,)), "TLSv1.2", "RC4-SHA"),
        (ANCIENT, lambda: OldClient(version=SSL3), "SSLv3", "AES128-SHA"),
    ],
    ids=["raw public key", "rc4", "ssl3"],
)
Make = Callable[[], RawKeyClient | OldClient]


@CLIENTS
def test_a_delivery_is_told_as_any_other(
    shown: Credentials, manners: Tls, make: Make, version: str, cipher: str
) -> None:
    tls = make()
    running = met(server(shown=shown, tls=manners), lambda client: delivered(client, tls))
    shake = running.one(Handshake)
    assert (shake.completed, shake.error, shake.version, shake.cipher) == (True, "", version, cipher)
    assert len(shake.certificate) == 64
    assert shake.sni == getattr(tls, "name", "")
    assert running.one(Accepted).tls
    assert [spoke.tls for spoke in running.all(Spoke)] == [False] * 3 + [True] * 6
    assert (running.one(Left).after, running.one(Left).by) == ("QUIT", "client")
    assert not running.all(HarnessFault)


@CLIENTS
def test_misbehaving_servers_misbehave_in_it_too(
    shown: Credentials, manners: Tls, make: Make, version: str, cipher: str
) -> None:
    def conversation(client: Client) -> None:
        tls = make()
        secured(client, tls)
        said(client, tls, b"EHLO c")
        said(client, tls, b"MAIL FROM:<a@b>")

    running = met(server(shown=shown, tls=manners, smtp=Smtp(mail_reply="450 4.3.0 later")), conversation)
    assert running.all(Spoke)[-1].reply == "450 4.3.0 later"
    assert (running.one(Handshake).version, running.one(Handshake).cipher) == (version, cipher)


@CLIENTS
def test_an_alert_after_the_handshake_is_a_second_event_and_the_clients_leave(
    shown: Credentials, manners: Tls, make: Make, version: str, cipher: str
) -> None:
    def conversation(client: Client) -> None:
        tls = make()
        secured(client, tls)
        client.send(tls.say(b"\x02\x2a", kind=21))
        client.rest()

    running = met(server(shown=shown, tls=manners), conversation)
    first, second = running.all(Handshake)
    assert (first.completed, first.error) == (True, "")
    assert (second.completed, second.error) == (True, "sslv3 alert bad certificate")
    assert (second.version, second.cipher) == (version, cipher)
    assert (running.one(Left).after, running.one(Left).by) == ("handshake", "client")


@CLIENTS
def test_a_client_that_hangs_up_in_the_handshake_is_told_of(
    shown: Credentials, manners: Tls, make: Make, version: str, cipher: str
) -> None:
    def conversation(client: Client) -> None:
        begun(client)
        client.send(make().hello())
        assert client.sock.recv(5)

    running = met(server(shown=shown, tls=manners), conversation)
    shake = running.one(Handshake)
    assert not shake.completed
    assert shake.error.endswith("by the client")
    assert (shake.version, shake.cipher) == (version, cipher)


@CLIENTS
@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x03\x00\x04junk",
        b"\x17\x03\x03\x00\x20" + bytes(32),
        b"QUIT\r\n",
        b"\x15\x03\x03\x00\x01\x00",
    ],
    ids=["handshake", "data", "text", "alert"],
)
@pytest.mark.parametrize("point", [0, 1, 2])
def test_garbage_ends_the_connection_with_an_event_and_is_no_fault_of_ours(
    shown: Credentials, manners: Tls, make: Make, version: str, cipher: str, garbage: bytes, point: int
) -> None:
    def conversation(client: Client) -> None:
        tls = make()
        if point == 2:
            secured(client, tls)
        else:
            begun(client)
        if point == 1:
            client.send(tls.hello())
            assert client.sock.recv(5)
        client.send(garbage)
        client.sock.shutdown(1)
        try:
            client.rest()
        except ConnectionResetError:
            return

    running = met(server(shown=shown, tls=manners), conversation)
    last = running.all(Handshake)[-1]
    assert (last.completed, bool(last.error)) == (point == 2, True)
    assert len(running.all(Left)) == 1
    assert not running.all(HarnessFault)
    if point == 2:
        assert (last.version, last.cipher) == (version, cipher)


@CLIENTS
def test_the_secrets_are_in_the_key_log(
    shown: Credentials, manners: Tls, make: Make, version: str, cipher: str, tmp_path: Path
) -> None:
    tls = make()
    contexts = Contexts()
    contexts.log_keys(tmp_path / "keys.log")
    served = server(shown=shown, tls=manners)

    async def main() -> None:
        hosts = MailHosts(lambda _: served, Recorder(), addresses=("127.5.0.1",), device="", contexts=contexts)
        async with hosts:
            running = Lab(hosts, hosts._recorder)  # noqa: SLF001
            await talk(running, lambda client: delivered(client, tls))

    run(main)
    lines = (tmp_path / "keys.log").read_text().splitlines()
    assert {line.split()[1] for line in lines} == {tls.random.hex()}
    labels = [line.split()[0] for line in lines]
    if isinstance(tls, RawKeyClient):
        assert labels == [
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            "CLIENT_TRAFFIC_SECRET_0",
            "SERVER_TRAFFIC_SECRET_0",
        ]
    else:
        assert lines == [f"CLIENT_RANDOM {tls.random.hex()} {tls.master.hex()}"]
    assert (version, cipher) != ("", "")


@pytest.mark.parametrize("types", [(), (X509,)], ids=["says nothing", "wants a certificate"])
def test_a_client_that_does_not_ask_for_a_bare_key_is_served_by_openssl(
    shown: Credentials, types: tuple[int, ...]
) -> None:
    tls = RawKeyClient(types=types, session=bytes(32))
    running = met(server(shown=shown, tls=RAW), lambda client: delivered(client, tls))
    assert tls.certificates == (shown.chain[0].public_bytes(Encoding.DER),)
    assert "raw public key shown" not in running.one(Handshake).offered


def test_a_client_that_asks_for_a_bare_key_gets_a_certificate_where_the_server_has_no_other(
    shown: Credentials,
) -> None:
    tls = RawKeyClient(session=bytes(32))
    running = met(server(shown=shown), lambda client: delivered(client, tls))
    assert not tls.raw
    assert "raw public key" in running.one(Handshake).offered


def test_a_client_of_tls_1_3_is_served_by_openssl_beside_old_suites(shown: Credentials) -> None:
    running = met(
        server(shown=shown, tls=Tls(ciphers="RC4")),
        lambda client: (client.starttls(context=trusting()), client.deliver()),
    )
    assert running.one(Handshake).version == "TLSv1.3"


def test_a_client_of_tls_1_2_is_offered_nothing_but_old_suites_beside_tls_1_3(shown: Credentials) -> None:
    def conversation(client: Client) -> None:
        context = trusting()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(ssl.SSLError, match="handshake failure"):
            client.starttls(context=context)

    running = met(server(shown=shown, tls=Tls(ciphers="RC4")), conversation)
    assert running.one(Handshake).error == "no shared cipher"


@pytest.mark.parametrize("manners", [RAW, RC4, ANCIENT, Tls(ciphers="3DES"), Tls(versions=("ssl3", "1.2"))])
def test_everything_can_be_prepared(shown: Credentials, manners: Tls) -> None:
    Contexts().prepare(server(shown=shown, tls=manners), sni=None)


@pytest.mark.parametrize(
    ("manners", "openssl", "spoken"),
    [
        (Tls(), ("1.2", "1.3"), [None, None, None, None]),
        (Tls(ciphers="AES128-SHA"), ("1.2", "1.3"), [None, None, None, None]),
        (Tls(ciphers="RC4"), ("1.3",), ["1.2", "1.2", "1.2", "1.2"]),
        (Tls(versions=("1.0", "1.1"), ciphers="RC4"), (), ["1.0", "1.0", "1.1", "1.1"]),
        (Tls(versions=("ssl3",)), (), ["ssl3", "ssl3", "ssl3", "ssl3"]),
        (Tls(versions=("ssl3", "1.2")), ("1.2",), ["ssl3", "ssl3", "ssl3", None]),
        (Tls(versions=("ssl3", "1.3")), ("1.3",), ["ssl3", "ssl3", "ssl3", "ssl3"]),
        (Tls(versions=("1.3",)), ("1.3",), [None, None, None, None]),
    ],
)
def test_the_line_between_the_two_lies_where_openssl_ends(
    manners: Tls, openssl: tuple[str, ...], spoken: list[str | None]
) -> None:
    assert left_to_openssl(manners) == openssl
    assert [dialect(manners, client=version) for version in (0x0300, 0x0301, 0x0302, 0x0303)] == spoken
    assert bool(old_suites(manners)) is (manners.ciphers == "RC4")
