"""Messages that ask for more than their destination does, or for less: RFC 8689, and audit mode."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from harness.sender.policy import Mode
from harness.sender.result import AttemptOutcome, Status

from .certificates import issue, server_context
from .loopback import Manners, Net, network

pytestmark = pytest.mark.loopback

D = "d.example"
TO = "you@d.example"
LEAF = issue("mx1.d.example", names=["mx1.d.example"])
MATCH = (LEAF.tlsa(3, 1, 1),)
MISMATCH = (issue("mx1.d.example", names=["mx1.d.example"]).tlsa(3, 1, 1),)
PLAIN = Manners(context=server_context(LEAF))
KEEPS = replace(PLAIN, extensions_in_tls=("REQUIRETLS",))
WAIVED = b"Subject: x\nTLS-Required: No\n\nhello\n"


def go(body: Callable[[Net], Awaitable[None]]) -> None:
    async def main() -> None:
        async with network() as net:
            await body(net)

    asyncio.run(main())


def test_requiretls_is_passed_on_to_a_server_that_keeps_it() -> None:
    async def body(net: Net) -> None:
        host = await net.host("127.0.0.2", KEEPS)
        net.domain(D, "127.0.0.2", tlsa=MATCH)
        (result,) = await net.send(TO, requiretls=True)
        assert result.status is Status.DELIVERED
        assert (True, "MAIL FROM:<me@sender.example> REQUIRETLS") in host.dialogue

    go(body)


@pytest.mark.parametrize(
    ("manners", "tlsa", "mx_secure"),
    [
        (PLAIN, MATCH, True),
        (replace(PLAIN, extensions=("REQUIRETLS",)), MATCH, True),
        (replace(KEEPS, offers=False), MATCH, True),
        (KEEPS, MISMATCH, True),
        (KEEPS, (), True),
        (KEEPS, MATCH, False),
    ],
    ids=["not offered", "offered before TLS", "no STARTTLS", "mismatch", "no TLSA", "insecure MX"],
)
def test_requiretls_returns_the_message_where_a_condition_is_not_met(
    manners: Manners, tlsa: tuple[bytes, ...], *, mx_secure: bool
) -> None:
    async def body(net: Net) -> None:
        host = await net.host("127.0.0.2", manners)
        net.domain(D, "127.0.0.2", tlsa=tlsa, ad=mx_secure)
        (result,) = await net.send(TO, requiretls=True)
        assert result.status is Status.BOUNCED
        assert not any(line.startswith("MAIL") for _, line in host.dialogue)

    go(body)


def test_requiretls_waits_where_the_host_could_not_be_asked() -> None:
    async def body(net: Net) -> None:
        await net.host("127.0.0.2", KEEPS)
        net.domain(D, "127.0.0.2", tlsa=MATCH)
        net.resolver.fail(net.tlsa_name("mx1.d.example"), "TLSA")
        (result,) = await net.send(TO, requiretls=True)
        assert result.status is Status.DEFERRED

    go(body)


@pytest.mark.parametrize("how", ["audit", "header"])
def test_a_failure_of_dane_is_noted_and_the_mail_goes_where_that_is_waived(how: str) -> None:
    async def body(net: Net) -> None:
        await net.host("127.0.0.2", PLAIN)
        net.domain(D, "127.0.0.2", tlsa=MISMATCH)
        (result,) = await net.send(
            TO, audit=how == "audit", message=WAIVED if how == "header" else b"Subject: x\n\nx\n"
        )
        assert result.status is Status.DELIVERED
        assert not result.authenticated
        assert [each.outcome for each in result.attempts] == [
            AttemptOutcome.NOT_AUTHENTICATED,
            AttemptOutcome.DELIVERED,
        ]

    go(body)


@pytest.mark.parametrize("requiretls", [False, True])
def test_the_header_waives_neither_mandatory_dane_nor_requiretls(*, requiretls: bool) -> None:
    async def body(net: Net) -> None:
        await net.host("127.0.0.2", KEEPS)
        net.domain(D, "127.0.0.2", tlsa=MISMATCH)
        mode = Mode.OPPORTUNISTIC if requiretls else Mode.MANDATORY
        (result,) = await net.send(TO, message=WAIVED, mode=mode, requiretls=requiretls)
        assert result.status is (Status.BOUNCED if requiretls else Status.DEFERRED)

    go(body)


def test_a_line_of_the_body_waives_nothing() -> None:
    async def body(net: Net) -> None:
        await net.host("127.0.0.2", PLAIN)
        net.domain(D, "127.0.0.2", tlsa=MISMATCH)
        (result,) = await net.send(TO, message=b"Subject: x\n\nTLS-Required: No\n")
        assert result.status is Status.DEFERRED

    go(body)
