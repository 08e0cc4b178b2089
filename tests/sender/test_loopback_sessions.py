"""The sender against real servers on loopback: TLS, authentication, and refusals."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable

import pytest
import trustme
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from harness.sender.policy import Mode
from harness.sender.result import AttemptOutcome, Result, Status

from .certificates import Pair, issue, server_context
from .loopback import MailHost, Manners, Net, network

pytestmark = pytest.mark.loopback

D = "d.example"
TO = "you@d.example"
LEAF = issue("mx1.d.example", names=["mx1.d.example"])
OTHER = issue("mx1.d.example", names=["mx1.d.example"])


def go(body: Callable[[Net], Awaitable[None]]) -> None:
    async def main() -> None:
        async with network() as net:
            await body(net)

    asyncio.run(main())


async def one(
    net: Net,
    manners: Manners,
    *,
    tlsa: tuple[bytes, ...] = (),
    mode: Mode = Mode.OPPORTUNISTIC,
    message: bytes = b"Subject: x\n\nhello\n.dot\n",
) -> tuple[Result, MailHost]:
    """Send to one healthy domain whose only mail host has these manners and TLSA records."""
    host = await net.host("127.0.0.2", manners)
    net.domain(D, "127.0.0.2", tlsa=tlsa)
    (result,) = await net.send(TO, mode=mode, message=message, timeout=0.5)
    return result, host


def healthy(leaf: Pair = LEAF, *others: Pair) -> Manners:
    return Manners(context=server_context(leaf, *others))


MATCH = (LEAF.tlsa(3, 1, 1),)
MISMATCH = (OTHER.tlsa(3, 1, 1),)
UNUSABLE = (bytes((3, 1, 3)) + bytes(32),)


@pytest.mark.parametrize("mode", [Mode.OPPORTUNISTIC, Mode.MANDATORY])
def test_a_match_delivers_over_authenticated_tls(mode: Mode) -> None:
    async def body(net: Net) -> None:
        result, host = await one(net, healthy(), tlsa=MATCH, mode=mode)
        assert result.status is Status.DELIVERED
        assert (result.authenticated, result.association, result.tls) == (True, "3 1 1", "TLSv1.3")
        assert (result.host, result.address) == ("mx1.d.example", "127.0.0.2")
        assert host.messages == [(True, b"Subject: x\r\n\r\nhello\r\n..dot\r\n.\r\n")]
        assert host.server_names == ["mx1.d.example"]
        assert [line for _, line in host.dialogue] == [
            "EHLO sender.example",
            "STARTTLS",
            "EHLO sender.example",
            "MAIL FROM:<me@sender.example> SIZE=23",
            "RCPT TO:<you@d.example>",
            "DATA",
            "QUIT",
        ]
        assert net.resolver.flags == {(1, 0, True)}

    go(body)


@pytest.mark.parametrize("mode", [Mode.OPPORTUNISTIC, Mode.MANDATORY])
def test_a_mismatch_defers_with_quit_inside_tls_and_no_mail_command(mode: Mode) -> None:
    async def body(net: Net) -> None:
        result, host = await one(net, healthy(), tlsa=MISMATCH, mode=mode)
        assert result.status is Status.DEFERRED
        assert result.attempts[-1].outcome is AttemptOutcome.NOT_AUTHENTICATED
        assert host.dialogue[-1] == (True, "QUIT")
        assert not host.said("MAIL")
        assert host.sessions == 1

    go(body)


def test_the_matching_certificate_in_second_place_does_not_count_for_usage_3() -> None:
    async def body(net: Net) -> None:
        result, host = await one(net, healthy(OTHER, LEAF), tlsa=MATCH)
        assert result.status is Status.DEFERRED
        assert not host.messages

    go(body)


@pytest.mark.parametrize("tlsa", [MATCH, UNUSABLE])
@pytest.mark.parametrize(
    "manners",
    [
        Manners(offers=False),
        Manners(ehlo="502 no"),
        Manners(starttls="454 later"),
        Manners(starttls="502 no"),
        Manners(starttls="554 never"),
        Manners(handshake="close"),
        Manners(handshake="garbage"),
        Manners(cut_at="STARTTLS"),
    ],
    ids=["stripped", "ehlo-502", "454", "502", "554", "close", "garbage", "reset"],
)
def test_without_working_tls_a_host_with_tlsa_records_gets_no_mail(manners: Manners, tlsa: tuple[bytes, ...]) -> None:
    async def body(net: Net) -> None:
        result, host = await one(net, manners, tlsa=tlsa)
        assert result.status is Status.DEFERRED
        assert not host.said("MAIL")
        assert host.sessions == 1

    go(body)


@pytest.mark.parametrize("mode", [Mode.OPPORTUNISTIC, Mode.UNAWARE])
@pytest.mark.parametrize(
    ("manners", "sessions"),
    [
        (Manners(offers=False), 1),
        (Manners(ehlo="502 no"), 1),
        (Manners(starttls="454 later"), 1),
        (Manners(starttls="554 never"), 1),
        (Manners(handshake="close"), 2),
        (Manners(handshake="garbage"), 2),
    ],
    ids=["stripped", "ehlo-502", "454", "554", "close", "garbage"],
)
def test_without_working_tls_a_host_without_tlsa_records_gets_mail_in_clear(
    manners: Manners, sessions: int, mode: Mode
) -> None:
    async def body(net: Net) -> None:
        result, host = await one(net, manners, mode=mode)
        assert result.status is Status.DELIVERED
        assert result.tls is None
        assert [tls for tls, _ in host.messages] == [False]
        assert host.sessions == sessions

    go(body)


def test_unusable_records_demand_tls_and_no_authentication() -> None:
    async def body(net: Net) -> None:
        result, host = await one(net, healthy(OTHER), tlsa=UNUSABLE)
        assert result.status is Status.DELIVERED
        assert (result.tls, result.authenticated) == ("TLSv1.3", False)
        assert host.server_names == ["mx1.d.example"]

    go(body)


@pytest.mark.parametrize("tlsa", [(), UNUSABLE])
def test_mandatory_dane_does_not_connect_without_usable_records(tlsa: tuple[bytes, ...]) -> None:
    async def body(net: Net) -> None:
        result, host = await one(net, healthy(), tlsa=tlsa, mode=Mode.MANDATORY)
        assert result.status is Status.DEFERRED
        assert host.sessions == 0

    go(body)


def test_an_unaware_sender_asks_for_no_tlsa_and_accepts_any_certificate() -> None:
    async def body(net: Net) -> None:
        result, _ = await one(net, healthy(), tlsa=MISMATCH, mode=Mode.UNAWARE)
        assert result.status is Status.DELIVERED
        assert (result.tls, result.authenticated) == ("TLSv1.3", False)
        assert net.resolver.questions("TLSA") == []

    go(body)


def test_plaintext_behind_the_220_is_never_taken_for_replies() -> None:
    async def body(net: Net) -> None:
        manners = healthy()
        manners.injection = "250-evil\r\n250 SIZE 10\r\n250 mail\r\n250 rcpt\r\n354 data\r\n250 accepted"
        result, host = await one(net, manners, tlsa=MATCH)
        assert result.status is Status.DELIVERED
        assert result.reason == "250 queued"
        assert [tls for tls, _ in host.messages] == [True]
        assert host.said("EHLO") == [False, True]

    go(body)


def test_only_the_extensions_offered_inside_tls_are_used() -> None:
    async def body(net: Net) -> None:
        manners = healthy()
        manners.extensions, manners.extensions_in_tls = ("SIZE 10",), ()
        result, host = await one(net, manners, tlsa=MATCH)
        assert result.status is Status.DELIVERED
        assert (True, "MAIL FROM:<me@sender.example>") in host.dialogue
        assert host.said("STARTTLS") == [False]

    go(body)


def test_a_message_beyond_the_size_limit_bounces_unsent() -> None:
    async def body(net: Net) -> None:
        manners = healthy()
        manners.extensions_in_tls = ("SIZE 10",)
        result, host = await one(net, manners, tlsa=MATCH)
        assert result.status is Status.BOUNCED
        assert not host.said("MAIL")

    go(body)


@pytest.mark.parametrize(
    ("manners", "status"),
    [
        (Manners(mail="550 no"), Status.BOUNCED),
        (Manners(rcpt="550 no such user"), Status.BOUNCED),
        (Manners(data="554 no"), Status.BOUNCED),
        (Manners(body="554 spam"), Status.BOUNCED),
        (Manners(mail="451 later"), Status.DEFERRED),
        (Manners(rcpt="450 later"), Status.DEFERRED),
        (Manners(data="451 later"), Status.DEFERRED),
        (Manners(body="451 later"), Status.DEFERRED),
        (Manners(greeting="421 busy"), Status.DEFERRED),
        (Manners(greeting="554 no service"), Status.DEFERRED),
        (Manners(ehlo="550 no", helo="550 no"), Status.DEFERRED),
        (Manners(ehlo="550 no"), Status.DELIVERED),
        (Manners(cut_at="RCPT"), Status.DEFERRED),
        (Manners(greeting="hello"), Status.DEFERRED),
    ],
    ids=lambda value: (
        next((f"{k}={v}" for k, v in vars(value).items() if v != getattr(Manners(), k)), "")
        if isinstance(value, Manners)
        else str(value)
    ),
)
def test_only_a_permanent_refusal_of_the_mail_bounces(manners: Manners, status: Status) -> None:
    async def body(net: Net) -> None:
        manners.offers = False
        result, _ = await one(net, manners)
        assert result.status is status

    go(body)


def test_a_silent_server_is_left_after_the_reply_timeout() -> None:
    async def body(net: Net) -> None:
        async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        await net.listen(lambda port: asyncio.start_server(hang, "127.0.0.2", port))
        net.domain(D, "127.0.0.2")
        (result,) = await net.send(TO, timeout=0.2)
        assert result.status is Status.DEFERRED
        assert result.attempts[0].outcome is AttemptOutcome.LOST

    go(body)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 2048),
        ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["rsa", "p384", "ed25519"],
)
def test_every_common_key_type_authenticates_in_both_tls_versions(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, version: ssl.TLSVersion
) -> None:
    async def body(net: Net) -> None:
        leaf = issue("other.example", key=key, starts=-20, ends=-10)
        manners = Manners(context=server_context(leaf, maximum=version))
        result, _ = await one(net, manners, tlsa=(leaf.tlsa(3, 1, 1),))
        assert (result.status, result.authenticated) == (Status.DELIVERED, True)
        assert result.tls == version.name.replace("_", ".")

    go(body)


def test_usage_2_accepts_the_genuine_chain_and_refuses_a_leaf_with_the_anchor_appended() -> None:
    anchor = issue("TA", ca=True)
    genuine = issue("mx", names=["mx1.d.example"], issuer=anchor)
    forged = issue("mx", names=["mx1.d.example"])

    async def good(net: Net) -> None:
        result, _ = await one(net, healthy(genuine, anchor), tlsa=(anchor.tlsa(2, 0, 1),))
        assert (result.status, result.association) == (Status.DELIVERED, "2 0 1")

    async def bad(net: Net) -> None:
        result, host = await one(net, healthy(forged, anchor), tlsa=(anchor.tlsa(2, 0, 1),))
        assert result.status is Status.DEFERRED
        assert not host.said("MAIL")

    go(good)
    go(bad)


@pytest.mark.parametrize("usage", [2, 3])
def test_mail_reaches_an_ordinary_server_with_an_ordinary_authority(usage: int) -> None:
    """aiosmtpd and trustme, which never sends the root: `2 0 0` has to bring it."""

    async def body(net: Net) -> None:
        authority = trustme.CA()
        certificate = authority.issue_cert("mx1.d.example")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        certificate.configure_cert(context)
        loop = asyncio.get_running_loop()

        def start(port: int) -> Awaitable[asyncio.Server]:
            return loop.create_server(lambda: SMTP(Sink(), tls_context=context), "127.0.0.2", port)

        await net.listen(start)
        pem = {2: authority.cert_pem, 3: certificate.cert_chain_pems[0]}[usage]
        record = bytes((usage, 0, 0)) + ssl.PEM_cert_to_DER_cert(pem.bytes().decode())
        net.domain(D, "127.0.0.2", tlsa=(record,))
        (result,) = await net.send(TO)
        assert (result.status, result.association) == (Status.DELIVERED, f"{usage} 0 0")

    go(body)
