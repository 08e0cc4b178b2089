"""TLS manners: what is really on the wire, and what cannot be put there."""

from __future__ import annotations

import re
import ssl
import subprocess
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from harness.journal import Accepted, Handshake, HarnessFault, Left
from harness.scenario.mailhosts import Tls
from harness.world.model import Credentials, MailServer

from .kit import Client, Lab, certificate, credentials, lab, run, server, talk, trusting
from .test_hello import hello

pytestmark = pytest.mark.loopback


def shaken(
    *servers: MailServer, conversation: Callable[[Client], object] = lambda client: client.starttls().close()
) -> Lab:
    """What the lab knows after this conversation with each of the servers in turn."""

    async def main() -> Lab:
        async with lab(*servers) as running:
            for number in range(1, len(servers) + 1):
                await talk(running, conversation, address=f"127.5.0.{number}")
        return running

    return run(main)


def showcerts(port: int, *extra: str) -> list[bytes]:
    """The certificates on the wire as `openssl s_client` sees them, in order, DER."""
    command = ["openssl", "s_client", "-starttls", "smtp", "-showcerts", "-connect", f"127.5.0.1:{port}", *extra]
    done = subprocess.run(command, input=b"QUIT\r\n", capture_output=True, timeout=30, check=False)
    part = done.stdout.partition(b"Certificate chain")[2].partition(b"Server certificate")[0]
    found = re.findall(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", part, re.DOTALL)
    return [x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER) for pem in found]


def issued(*, with_root: bool = True, backwards: bool = False, stranger: bool = False) -> Credentials:
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]
    root = certificate("Root", keys[0])
    middle = certificate("Middle", keys[1], issuer="Root", issuer_key=keys[0])
    leaf = certificate("leaf", keys[2], issuer="Middle", issuer_key=keys[1], names=["mx1.test.example"])
    others = [middle, *([root] if with_root else [])]
    if backwards:
        others.reverse()
    if stranger:
        others.insert(0, certificate("Stranger", ec.generate_private_key(ec.SECP256R1())))
    return Credentials(private_key=keys[2], chain=(leaf, *others))


@pytest.mark.parametrize(
    "shown",
    [
        credentials(),
        issued(),
        issued(with_root=False),
        issued(backwards=True),
        issued(stranger=True),
    ],
    ids=["self-signed", "with root", "without root", "backwards", "with a stranger"],
)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_chain_goes_out_exactly_as_the_world_says(shown: Credentials, version: ssl.TLSVersion) -> None:
    seen: list[list[bytes]] = []

    def conversation(client: Client) -> None:
        context = trusting()
        context.maximum_version = version
        tls = client.starttls(context=context)
        chain = tls._sslobj.get_unverified_chain()  # type: ignore[attr-defined]  # noqa: SLF001
        seen.append([ssl.PEM_cert_to_DER_cert(each.public_bytes(1)) for each in chain])

    shaken(server(shown=shown), conversation=conversation)
    assert seen == [[each.public_bytes(Encoding.DER) for each in shown.chain]]


def test_openssl_sees_the_same_chain() -> None:
    shown = issued(backwards=True)

    def conversation(client: Client) -> None:
        found = showcerts(client.sock.getpeername()[1])
        expected = [each.public_bytes(Encoding.DER) for each in shown.chain]
        assert found == expected

    shaken(server(shown=shown), conversation=conversation)


def test_a_chain_of_forty_kilobytes_arrives() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    big = Credentials(
        private_key=key,
        chain=(certificate("leaf", key), *(certificate(f"ca{n}", key, padding=10_000) for n in range(4))),
    )
    running = shaken(server(shown=big))
    assert running.all(Handshake)[0].completed


def test_sni_selects_the_certificate_and_is_recorded() -> None:
    default, special = credentials("default.example"), credentials("special.example")
    asked: list[str | None] = []

    def choose(name: str | None) -> Credentials:
        asked.append(name)
        return special if name == "special.example" else default

    def conversation(client: Client) -> None:
        name = names.pop(0)
        tls = client.starttls(sni=name)
        seen.append(tls.getpeercert(binary_form=True))

    names: list[str | None] = ["special.example", None, "other.example"]
    seen: list[bytes | None] = []

    async def main() -> Lab:
        async with lab(server(shown=choose)) as running:
            for _ in range(3):
                await talk(running, conversation)
        return running

    running = run(main)
    ders = [each.chain[0].public_bytes(Encoding.DER) for each in (special, default, default)]
    assert seen == ders
    assert asked == ["special.example", None, "other.example"]
    handshakes = running.all(Handshake)
    assert [e.sni for e in handshakes] == ["special.example", "", "other.example"]
    assert handshakes[0].certificate != handshakes[1].certificate == handshakes[2].certificate


@pytest.mark.parametrize(
    ("versions", "spoken"),
    [
        (("1.0",), "TLSv1"),
        (("1.0", "1.1"), "TLSv1.1"),
        (("1.2",), "TLSv1.2"),
        (("1.3",), "TLSv1.3"),
        (("1.0", "1.2"), "TLSv1.2"),
    ],
)
def test_only_the_versions_asked_for_are_spoken(versions: tuple[str, ...], spoken: str) -> None:
    def conversation(client: Client) -> None:
        context = trusting()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
        context.set_ciphers("ALL:@SECLEVEL=0")
        assert client.starttls(context=context).version() == spoken
        assert client.deliver().startswith("250")

    running = shaken(server(tls=Tls(versions=versions)), conversation=conversation)
    assert running.one(Accepted).tls
    assert running.one(Handshake).version == spoken
    assert "version TLSv1.3" in running.one(Handshake).offered


def test_no_version_in_common_fails_the_handshake_in_openssl_s_words() -> None:
    def conversation(client: Client) -> None:
        context = trusting()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(ssl.SSLError):
            client.starttls(context=context)

    handshake = shaken(server(tls=Tls(versions=("1.3",))), conversation=conversation).one(Handshake)
    assert (handshake.completed, handshake.error, handshake.certificate) == (False, "unsupported protocol", "")
    assert "version TLSv1.3" not in handshake.offered


@pytest.mark.parametrize(("ciphers", "kind"), [("aNULL", "anonymous"), ("eNULL", "null")])
def test_suites_without_certificate_or_encryption_can_be_spoken(ciphers: str, kind: str) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    shown = Credentials(private_key=key, chain=(certificate("leaf", key),))

    def conversation(client: Client) -> None:
        context = trusting()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
        client.starttls(context=context)
        assert client.deliver().startswith("250")

    running = shaken(server(shown=shown, tls=Tls(versions=("1.2",), ciphers=ciphers)), conversation=conversation)
    handshake = running.one(Handshake)
    assert f"suites {kind}" in handshake.offered
    assert bool(handshake.certificate) is (kind == "null")
    assert running.one(Accepted).tls


def rsa_credentials() -> Credentials:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return Credentials(private_key=key, chain=(certificate("leaf", key),))


@pytest.mark.parametrize("versions", [("ssl3",), ("ssl3", "1.3")])
def test_a_client_turns_away_from_ssl_3(versions: tuple[str, ...]) -> None:
    def conversation(client: Client) -> None:
        context = trusting()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises(ssl.SSLError, match="unsupported protocol"):
            client.starttls(context=context)

    running = shaken(server(shown=rsa_credentials(), tls=Tls(versions=versions)), conversation=conversation)
    shake = running.one(Handshake)
    assert (shake.completed, shake.error) == (False, "tlsv1 alert protocol version")
    assert (shake.version, shake.cipher) == ("SSLv3", "AES128-SHA")
    assert "version TLSv1.2" in shake.offered
    assert (running.one(Left).after, running.one(Left).by) == ("handshake", "client")
    assert not running.all(HarnessFault)


def test_a_client_without_suites_of_ssl_3_is_sent_the_alert_that_real_servers_send() -> None:
    def conversation(client: Client) -> None:
        with pytest.raises(ssl.SSLError, match="handshake failure"):
            client.starttls()

    running = shaken(server(shown=rsa_credentials(), tls=Tls(versions=("ssl3",))), conversation=conversation)
    assert running.one(Handshake).error == "no shared cipher"
    assert running.one(Left).by == "server"


def test_beside_ssl_3_newer_versions_are_spoken_with_newer_clients() -> None:
    running = shaken(server(shown=rsa_credentials(), tls=Tls(versions=("ssl3", "1.2", "1.3"))))
    assert running.one(Handshake).version == "TLSv1.3"


def test_a_client_that_hangs_up_on_ssl_3_is_told_of() -> None:
    def begin(client: Client) -> None:
        client.reply()
        client.say("EHLO c")
        client.say("STARTTLS")
        client.send(hello(suites=b"\x00\x2f"))
        assert client.sock.recv(3) == b"\x16\x03\x00"

    running = shaken(server(shown=rsa_credentials(), tls=Tls(versions=("ssl3",))), conversation=begin)
    assert running.one(Handshake).error.endswith("by the client")
    assert not running.all(HarnessFault)


def test_no_cipher_suite_in_common_is_told() -> None:
    def conversation(client: Client) -> None:
        with pytest.raises(ssl.SSLError):
            client.starttls()

    running = shaken(server(tls=Tls(versions=("1.2",), ciphers="aNULL")), conversation=conversation)
    assert running.one(Handshake).error == "no shared cipher"


@pytest.mark.parametrize(
    ("tls", "problem"),
    [
        (
            Tls(versions=("ssl3",)),
            "scenario test: server mx1 cannot speak SSL 3.0, RC4 or triple DES without an RSA key",
        ),
        (
            Tls(versions=("1.2",), ciphers="RC4", request_client_certificate=True),
            "scenario test: server mx1 cannot ask for a client certificate with protocols and suites as old as these",
        ),
        (Tls(ciphers="NONSENSE"), "scenario test: server mx1 cannot offer the cipher suites 'NONSENSE'"),
    ],
)
def test_what_this_openssl_cannot_do_is_our_fault_and_names_the_scenario(tls: Tls, problem: str) -> None:
    def conversation(client: Client) -> None:
        with pytest.raises(OSError):  # noqa: PT011
            client.starttls()

    running = shaken(server(tls=tls), conversation=conversation)
    assert problem in running.one(HarnessFault).problem
    assert not running.all(Handshake)


def test_a_key_that_does_not_fit_its_certificate_is_our_fault() -> None:
    shown = Credentials(private_key=ec.generate_private_key(ec.SECP256R1()), chain=credentials().chain)

    def conversation(client: Client) -> None:
        with pytest.raises(OSError):  # noqa: PT011
            client.starttls()

    running = shaken(server(shown=shown), conversation=conversation)
    assert "cannot show its certificate chain" in running.one(HarnessFault).problem


@pytest.mark.parametrize(
    "key",
    [rsa.generate_private_key(public_exponent=65537, key_size=1024), ed25519.Ed25519PrivateKey.generate()],
    ids=["rsa-1024", "ed25519"],
)
def test_weak_and_new_kinds_of_key_are_shown(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> None:
    name = x509.Name([])
    leaf = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, datetime.now(UTC), datetime.now(UTC) + timedelta(1))
    ).sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())

    def conversation(client: Client) -> None:
        context = trusting()
        context.set_ciphers("ALL:@SECLEVEL=0")
        assert client.starttls(context=context).getpeercert(binary_form=True) == leaf.public_bytes(Encoding.DER)

    shaken(server(shown=Credentials(private_key=key, chain=(leaf,))), conversation=conversation)


def test_a_client_certificate_is_asked_for_and_not_insisted_on() -> None:
    def conversation(client: Client) -> None:
        output = subprocess.run(
            ["openssl", "s_client", "-starttls", "smtp", "-connect", f"127.5.0.1:{client.sock.getpeername()[1]}"],
            input="QUIT\r\n",
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        ).stdout
        requested.append("Requested Signature Algorithms" in output or "client certificate" in output.lower())
        client.starttls()
        assert client.deliver().startswith("250")

    requested: list[bool] = []
    shaken(server(tls=Tls(request_client_certificate=True)), conversation=conversation)
    assert requested == [True]


def test_a_hello_retry_request_is_forced() -> None:
    def conversation(client: Client) -> None:
        context = trusting()
        context._msg_callback = lambda *told: messages.append(getattr(told[4], "name", ""))  # type: ignore[attr-defined]  # noqa: SLF001
        client.starttls(context=context)
        assert client.deliver().startswith("250")

    messages: list[str] = []
    running = shaken(server(tls=Tls(hello_retry=True)), conversation=conversation)
    assert sum("CLIENT_HELLO" in message for message in messages) == 2
    assert running.one(Handshake).version == "TLSv1.3"


def test_a_warning_about_the_name_goes_out_before_the_server_hello() -> None:
    def conversation(client: Client) -> None:
        context = trusting()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context._msg_callback = lambda *told: messages.append(bytes(told[5]))  # type: ignore[attr-defined]  # noqa: SLF001
        client.starttls(context=context, sni="mx1.test.example")
        assert client.deliver().startswith("250")

    messages: list[bytes] = []
    tls = Tls(versions=("1.2",), unrecognized_name_warning=True)
    running = shaken(server(tls=tls), conversation=conversation)
    assert b"\x01\x70" in messages
    assert running.one(Handshake).completed


def _sessions(*servers: MailServer, version: ssl.TLSVersion) -> tuple[Lab, list[bool]]:
    """Deliver at each server in turn, with the session of the one before; whether it was resumed."""
    context = trusting()
    context.maximum_version = version
    kept: list[ssl.SSLSession | None] = [None]
    reused: list[bool] = []

    def conversation(client: Client) -> None:
        tls = client.starttls(context=context, session=kept[0])
        reused.append(bool(tls.session_reused))
        client.deliver()
        kept[0] = tls.session

    return shaken(*servers, conversation=conversation), reused


BOTH = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])


@BOTH
def test_a_session_group_takes_each_other_s_tickets_and_shows_different_certificates(version: ssl.TLSVersion) -> None:
    pair = [server(key=key, tls=Tls(session_group="both")) for key in ("mx1", "mx2")]
    running, reused = _sessions(*pair, version=version)
    assert reused == [False, True]
    first, second = running.all(Handshake)
    assert first.certificate
    assert not second.certificate
    assert "session resumed" in second.offered


@BOTH
def test_tickets_of_a_server_outlive_its_certificate_and_no_other_server_takes_them(version: ssl.TLSVersion) -> None:
    servers = [server(), server(), server(key="mx2")]
    assert _sessions(*servers, version=version)[1] == [False, True, False]


@BOTH
def test_members_of_a_group_show_their_own_certificates_in_full_handshakes(version: ssl.TLSVersion) -> None:
    pair = [server(key=key, tls=Tls(session_group="both")) for key in ("mx1", "mx2")]
    context = trusting()
    context.maximum_version = version
    running = shaken(*pair, conversation=lambda client: client.starttls(context=context).close())
    expected = [each.credentials(None).chain[0].fingerprint(hashes.SHA256()).hex() for each in pair]
    assert [e.certificate for e in running.all(Handshake)] == expected


@BOTH
def test_without_tickets_nothing_is_resumed(version: ssl.TLSVersion) -> None:
    servers = [server(tls=Tls(tickets=False))] * 2
    assert _sessions(*servers, version=version)[1] == [False, False]


def test_a_server_with_a_bare_key_serves_clients_that_want_a_certificate() -> None:
    running = shaken(server(tls=Tls(raw_public_key=True)))
    assert running.one(Handshake).completed
    assert not running.all(HarnessFault)
