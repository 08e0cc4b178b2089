"""Clients that others wrote, and what they make of the lab's own TLS: whole deliveries, and refusals."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from OpenSSL import SSL

from harness.journal import Accepted, Handshake, HarnessFault, Left
from harness.scenario.mailhosts import Tls
from harness.targets.checker_python import FOLDER, python_tree
from harness.world.model import Credentials
from tests.lab.mail.kit import Client, Lab, certificate, lab, run, server, talk
from tests.support.fixtures import available
from tests.support.packages import Bundle, Program, program

from .kit import ec_key, rsa_key

pytestmark = pytest.mark.loopback

DIALOGUE = (
    b"EHLO client.example\r\nMAIL FROM:<alice@sender.example>\r\nRCPT TO:<bob@test.example>\r\nDATA\r\n"
    b"Subject: hello\r\n\r\n" + b"x" * 70 + b"\r\n.\r\nQUIT\r\n"
)
MODERN = "ALL:!RC4:!3DES:@SECLEVEL=0"
"""What most builds of OpenSSL have anyway."""
TLSLITE = """
import socket, sys
from tlslite.api import HandshakeSettings, TLSConnection

def reply(lines):
    while (line := lines.readline())[3:4] == b"-":
        pass
    return line

port, minor, cipher, mac = sys.argv[1:]
sock = socket.create_connection(("127.5.0.1", int(port)), timeout=20)
lines = sock.makefile("rb")
reply(lines)
for command in (b"EHLO client.example", b"STARTTLS"):
    sock.sendall(command + b"\\r\\n")
    reply(lines)
settings = HandshakeSettings()
settings.minVersion = settings.maxVersion = (3, int(minor))
settings.cipherNames, settings.macNames, settings.keyExchangeNames = [cipher], [mac], ["rsa"]
tls = TLSConnection(sock)
tls.handshakeClientCert(settings=settings)
lines = tls.makefile("rb")
head, message, tail = sys.stdin.buffer.read().partition(b"Subject: ")
message, dot, tail = (message + tail).partition(b"\\r\\n.\\r\\n")
for part in (*head.splitlines(keepends=True), b"Subject: " + message + dot, tail):
    tls.sendall(part)
    assert reply(lines)[:1] in (b"2", b"3"), part
tls.close()
"""


def credentials(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> Credentials:
    return Credentials(private_key=key, chain=(certificate("leaf", key, names=["mx1.test.example"]),))


def met(tls: Tls, shown: Credentials, *command: str, environment: dict[str, str] | None = None) -> tuple[Lab, str]:
    """What the lab knows after this command has held the dialogue, and what it printed; `{port}` is filled in."""

    async def main() -> tuple[Lab, str]:
        async with lab(server(tls=tls, shown=shown)) as running:
            words = [word.replace("{port}", str(running.hosts.port)) for word in command]
            done = await asyncio.to_thread(
                subprocess.run,
                words,
                input=DIALOGUE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=60,
                env=environment,
                check=False,
            )
            while not running.all(Left):
                await asyncio.sleep(0.001)
        return running, done.stdout.decode(errors="replace")

    return run(main)


def delivered(running: Lab, *, version: str, cipher: str) -> None:
    shake = running.one(Handshake)
    assert (shake.completed, shake.error, shake.version, shake.cipher) == (True, "", version, cipher)
    assert running.one(Accepted).tls
    assert (running.one(Left).after, running.one(Left).by) == ("QUIT", "client")
    assert not running.all(HarnessFault)


@pytest.fixture(scope="module")
def gnutls() -> Program:
    return available(program, "gnutls-cli", bundle=Bundle.GNUTLS)


def by_gnutls(gnutls: Program, priority: str, tls: Tls, shown: Credentials) -> tuple[Lab, str]:
    words = (str(gnutls.path), "--starttls-proto=smtp", "--insecure", "--priority", priority, "--port", "{port}")
    return met(tls, shown, *words, "127.5.0.1", environment=gnutls.environment())


@pytest.mark.parametrize("key", [ec_key, rsa_key], ids=["p-256", "rsa"])
@pytest.mark.parametrize("retry", [False, True], ids=["", "hello retry"])
@pytest.mark.parametrize("suite", ["AES-128-GCM", "AES-256-GCM", "CHACHA20-POLY1305"])
def test_gnutls_takes_the_raw_public_key(gnutls: Program, key: object, retry: bool, suite: str) -> None:  # noqa: FBT001
    shown = credentials(ec_key() if key is ec_key else rsa_key())
    priority = f"NORMAL:-VERS-ALL:+VERS-TLS1.3:+CTYPE-SRV-RAWPK:-CIPHER-ALL:+{suite}"
    running, said = by_gnutls(gnutls, priority, Tls(raw_public_key=True, hello_retry=retry), shown)
    assert "X.509-Raw Public Key" in said
    name = {"AES-128-GCM": "AES_128_GCM_SHA256", "AES-256-GCM": "AES_256_GCM_SHA384"}
    delivered(running, version="TLSv1.3", cipher=f"TLS_{name.get(suite, 'CHACHA20_POLY1305_SHA256')}")
    assert {"raw public key", "raw public key shown"} <= set(running.one(Handshake).offered)


def test_gnutls_is_shown_a_certificate_where_it_asks_for_no_raw_public_key(gnutls: Program) -> None:
    running, said = by_gnutls(gnutls, "NORMAL", Tls(raw_public_key=True), credentials(ec_key()))
    assert "(TLS1.3-X.509)" in said
    assert running.one(Accepted).tls
    assert "raw public key shown" not in running.one(Handshake).offered


@pytest.mark.parametrize(
    ("version", "spoken"),
    [("1.2", "TLSv1.2"), ("1.1", "TLSv1.1"), ("1.0", "TLSv1")],
)
@pytest.mark.parametrize(
    ("words", "cipher", "name"),
    [
        ("3DES", "+3DES-CBC", "DES-CBC3-SHA"),
        ("RC4", "+ARCFOUR-128", "RC4-SHA"),
        ("RC4-MD5", "+ARCFOUR-128:+MD5", "RC4-MD5"),
    ],
)
def test_gnutls_speaks_the_old_suites(
    gnutls: Program, version: str, spoken: str, words: str, cipher: str, name: str
) -> None:
    priority = f"NORMAL:-VERS-ALL:+VERS-TLS{version}:{cipher}"
    running, _ = by_gnutls(gnutls, priority, Tls(versions=(version,), ciphers=words), credentials(rsa_key()))
    delivered(running, version=spoken, cipher=name)


def test_gnutls_of_debian_has_no_ssl_3_any_more(gnutls: Program) -> None:
    """Where this fails, a better eye for SSL 3.0 has come about than there was when these tests were written."""
    done = subprocess.run(
        [str(gnutls.path), "--list"], capture_output=True, text=True, env=gnutls.environment(), check=True
    )
    assert "VERS-TLS1.3" in done.stdout
    assert "VERS-SSL3.0" not in done.stdout


@pytest.fixture(scope="module")
def tlslite() -> Path:
    """tlslite-ng, unpacked as checkers' packages are: of those at hand the last that speaks SSL 3.0."""
    return available(python_tree, ("tlslite-ng==0.8.2",), at_least="3.11").tree / FOLDER.lstrip("/")


@pytest.mark.parametrize(
    ("cipher", "mac", "name"),
    [
        ("aes128", "sha", "AES128-SHA"),
        ("3des", "sha", "DES-CBC3-SHA"),
        ("rc4", "sha", "RC4-SHA"),
        ("rc4", "md5", "RC4-MD5"),
    ],
)
def test_tlslite_delivers_over_ssl_3(tlslite: Path, cipher: str, mac: str, name: str) -> None:
    command = (sys.executable, "-c", TLSLITE, "{port}", "0", cipher, mac)
    running, said = met(
        Tls(versions=("ssl3",)), credentials(rsa_key()), *command, environment={"PYTHONPATH": str(tlslite)}
    )
    assert said == ""
    delivered(running, version="SSLv3", cipher=name)


OLD_AND_REFUSED = pytest.mark.parametrize(
    ("tls", "version", "error"),
    [
        (Tls(versions=("ssl3",)), "SSLv3", "tlsv1 alert protocol version"),
        (Tls(versions=("1.2",), ciphers="RC4"), "", "no shared cipher"),
        (Tls(versions=("1.2",), ciphers="3DES"), "", "no shared cipher"),
        (Tls(versions=("1.0", "1.1"), ciphers="RC4:3DES"), "", "no shared cipher"),
    ],
)


@OLD_AND_REFUSED
def test_openssl_refuses_or_is_refused(tls: Tls, version: str, error: str) -> None:
    command = ("openssl", "s_client", "-starttls", "smtp", "-connect", "127.5.0.1:{port}")
    running, said = met(tls, credentials(rsa_key()), *command, "-tls1_2", "-cipher", MODERN)
    assert "Cipher is (NONE)" in said
    assert ("handshake failure" if error == "no shared cipher" else "unsupported protocol") in said
    shake = running.one(Handshake)
    assert (shake.completed, shake.version, shake.error) == (False, version, error)
    assert not running.all(HarnessFault)


@OLD_AND_REFUSED
def test_pyopenssl_refuses_or_is_refused(tls: Tls, version: str, error: str) -> None:
    """OpenSSL as cryptography brings it, which is not the machine's."""

    def conversation(client: Client) -> None:
        client.reply()
        client.say("EHLO client.example")
        client.say("STARTTLS")
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_cipher_list(MODERN.encode())
        context.set_max_proto_version(SSL.TLS1_2_VERSION)
        tls = SSL.Connection(context)
        tls.set_connect_state()
        while True:
            try:
                tls.do_handshake()
            except SSL.WantReadError:
                _flush(tls, client)
                data = client.sock.recv(65536)
                assert data
                tls.bio_write(data)
            except SSL.Error:
                _flush(tls, client)
                return
            else:
                raise AssertionError("the handshake came about")

    async def main() -> Lab:
        async with lab(server(tls=tls, shown=credentials(rsa_key()))) as running:
            await talk(running, conversation)
        return running

    shake = run(main).one(Handshake)
    assert (shake.completed, shake.version, shake.error) == (False, version, error)


def _flush(tls: SSL.Connection, client: Client) -> None:
    try:
        client.send(tls.bio_read(65536))
    except SSL.WantReadError:
        return
