"""Who plays the server's side for a client: Python's ssl wherever it can, else this lab's own TLS."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import rsa

from harness.errors import HarnessError
from harness.world.model import MailServer

from . import bare
from .contexts import Contexts
from .division import dialect, old_suites
from .hello import Hello
from .openssl import OpenSsl
from .side import ServerSide


def side_for(server: MailServer, said: Hello, *, contexts: Contexts) -> ServerSide:
    """The side that answers this ClientHello. Raises HarnessError, naming the scenario, where nobody can."""
    modern = said.modern and "1.3" in server.tls.versions
    if modern and server.tls.raw_public_key and said.raw_public_key:
        return _raw(server, said, contexts=contexts)
    word = None if modern else dialect(server.tls, client=said.version)
    if word is not None:
        return _old(server, said, word, contexts=contexts)
    return OpenSsl(server, sni=said.sni or None, contexts=contexts)


def _raw(server: MailServer, said: Hello, *, contexts: Contexts) -> ServerSide:
    if server.tls.request_client_certificate:
        raise _cannot(server, "ask for a client certificate where it shows a raw public key")
    groups = (bare.SECP384R1,) if server.tls.hello_retry else (bare.X25519, bare.SECP256R1)
    key = server.credentials(said.sni or None).private_key
    return bare.RawKeyServer(key=key, groups=groups, log=contexts.log_secret)


def _old(server: MailServer, said: Hello, word: str, *, contexts: Contexts) -> ServerSide:
    credentials = server.credentials(said.sni or None)
    if server.tls.request_client_certificate:
        raise _cannot(server, "ask for a client certificate with protocols and suites as old as these")
    if not isinstance(credentials.private_key, rsa.RSAPrivateKey):
        raise _cannot(server, "speak SSL 3.0, RC4 or triple DES without an RSA key")
    suites = old_suites(server.tls)
    if not suites and server.tls.ciphers is not None:
        suites = bare.named(server.tls.ciphers)
        if not suites:
            raise _cannot(server, f"offer the cipher suites {server.tls.ciphers!r} in SSL 3.0")
    return bare.OldServer(
        versions=(word,),
        suites=suites or bare.OLD_SUITES,
        key=credentials.private_key,
        chain=credentials.chain,
        log=contexts.log_secret,
    )


def _cannot(server: MailServer, what: str) -> HarnessError:
    return HarnessError(f"scenario {server.scenario}: server {server.key} cannot {what}")
