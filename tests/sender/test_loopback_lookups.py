"""The sender against a real resolver socket and real servers: which lookups, which hosts, in which order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import dnslib
import pytest

from harness.sender.policy import Mode
from harness.sender.result import AttemptOutcome, Status

from .certificates import issue, server_context
from .loopback import MailHost, Manners, Net, network

pytestmark = pytest.mark.loopback

D = "d.example"
TO = "you@d.example"
LEAF = issue("mx1.d.example", names=["mx1.d.example"])
OTHER = issue("mx1.d.example", names=["mx1.d.example"])
MATCH = LEAF.tlsa(3, 1, 1)
MISMATCH = OTHER.tlsa(3, 1, 1)


def go(body: Callable[[Net], Awaitable[None]]) -> None:
    async def main() -> None:
        async with network() as net:
            await body(net)

    asyncio.run(main())


async def healthy(net: Net, address: str = "127.0.0.2") -> MailHost:
    return await net.host(address, Manners(context=server_context(LEAF)))


@pytest.mark.parametrize("rcode", [1, 2, 4, 5], ids=["formerr", "servfail", "notimp", "refused"])
def test_an_error_code_for_tlsa_defers_instead_of_falling_back(rcode: int) -> None:
    async def body(net: Net) -> None:
        host = await healthy(net)
        net.domain(D, "127.0.0.2")
        net.resolver.fail(net.tlsa_name("mx1.d.example"), "TLSA", rcode=rcode)
        (result,) = await net.send(TO)
        assert result.status is Status.DEFERRED
        assert result.attempts[0].outcome is AttemptOutcome.SKIPPED
        assert host.sessions == 0

    go(body)


def test_a_datagram_that_answers_another_question_is_no_reply() -> None:
    async def body(net: Net) -> None:
        await healthy(net)
        net.domain(D, "127.0.0.2", tlsa=(MATCH,))
        net.resolver.entry(net.tlsa_name("mx1.d.example"), "TLSA").stray = True
        (result,) = await net.send(TO)
        assert result.status is Status.DELIVERED
        assert result.association == "3 1 1"

    go(body)


@pytest.mark.parametrize("defect", ["drop", "garble"])
def test_a_silent_or_unreadable_reply_for_tlsa_defers(defect: str) -> None:
    async def body(net: Net) -> None:
        host = await healthy(net)
        net.domain(D, "127.0.0.2", tlsa=(MATCH,))
        setattr(net.resolver.entry(net.tlsa_name("mx1.d.example"), "TLSA"), defect, True)
        (result,) = await net.send(TO)
        assert result.status is Status.DEFERRED
        assert host.sessions == 0

    go(body)


def test_a_truncated_reply_is_asked_for_again_over_tcp() -> None:
    async def body(net: Net) -> None:
        await healthy(net)
        net.domain(D, "127.0.0.2", tlsa=(MATCH,))
        name = net.tlsa_name("mx1.d.example")
        net.resolver.entry(name, "TLSA").truncate = True
        (result,) = await net.send(TO)
        assert (result.status, result.authenticated) == (Status.DELIVERED, True)
        assert net.resolver.questions("TLSA") == [name, name]

    go(body)


@pytest.mark.parametrize(
    "rdata",
    [b"", b"\x03", b"\x03\x01", b"\x03\x01\x01", MATCH[:-1], MATCH + b"\0"],
    ids=["0", "1", "2", "3", "34", "36"],
)
def test_malformed_tlsa_records_are_unusable_and_still_demand_tls(rdata: bytes) -> None:
    async def body(net: Net) -> None:
        await healthy(net)
        net.domain(D, "127.0.0.2", tlsa=(rdata,))
        started = asyncio.get_running_loop().time()
        (result,) = await net.send(TO)
        assert (result.status, result.tls, result.authenticated) == (Status.DELIVERED, "TLSv1.3", False)
        assert asyncio.get_running_loop().time() - started < 0.35
        (strict,) = await net.send(TO, mode=Mode.MANDATORY)
        assert strict.status is Status.DEFERRED

    go(body)


def test_a_malformed_record_beside_a_matching_one_does_no_harm() -> None:
    async def body(net: Net) -> None:
        await healthy(net)
        net.domain(D, "127.0.0.2", tlsa=(b"\x03", MATCH))
        (result,) = await net.send(TO)
        assert result.authenticated

    go(body)


def test_insecure_tlsa_records_are_not_enforced() -> None:
    async def body(net: Net) -> None:
        await healthy(net)
        net.domain(D, "127.0.0.2")
        net.tlsa("mx1.d.example", MISMATCH, ad=False)
        (result,) = await net.send(TO)
        assert (result.status, result.authenticated) == (Status.DELIVERED, False)

    go(body)


def test_insecure_addresses_mean_no_tlsa_query() -> None:
    async def body(net: Net) -> None:
        await healthy(net)
        net.domain(D, "127.0.0.2", tlsa=(MISMATCH,))
        net.resolver.entry("mx1.d.example", "A").ad = False
        (result,) = await net.send(TO)
        assert result.status is Status.DELIVERED
        assert net.resolver.questions("TLSA") == []

    go(body)


@pytest.mark.parametrize("rdtype", ["A", "AAAA"])
def test_a_failed_address_lookup_skips_the_host(rdtype: str) -> None:
    async def body(net: Net) -> None:
        first = await healthy(net)
        second = await healthy(net, "127.0.0.3")
        net.domain(D, "127.0.0.2", "127.0.0.3")
        net.resolver.fail("mx1.d.example", rdtype)
        (result,) = await net.send(TO)
        assert (result.status, result.host) == (Status.DELIVERED, "mx2.d.example")
        assert (first.sessions, second.sessions) == (0, 1)

    go(body)


@pytest.mark.parametrize("tlsa_fails", [True, False])
def test_a_host_that_cannot_be_authenticated_is_followed_by_the_next(tlsa_fails: bool) -> None:  # noqa: FBT001
    async def body(net: Net) -> None:
        first = await healthy(net)
        await healthy(net, "127.0.0.3")
        net.domain(D, "127.0.0.2", "127.0.0.3", tlsa=(MISMATCH,))
        net.tlsa("mx2.d.example", MATCH)
        if tlsa_fails:
            net.resolver.fail(net.tlsa_name("mx1.d.example"), "TLSA")
        (result,) = await net.send(TO)
        assert (result.host, result.authenticated) == ("mx2.d.example", True)
        assert [each.host for each in result.attempts] == ["mx1.d.example", "mx2.d.example"]
        assert not first.said("MAIL")

    go(body)


def test_a_host_that_refuses_mail_for_now_is_followed_by_the_next() -> None:
    async def body(net: Net) -> None:
        await net.host("127.0.0.2", Manners(offers=False, mail="451 later"))
        await healthy(net, "127.0.0.3")
        net.domain(D, "127.0.0.2", "127.0.0.3")
        (result,) = await net.send(TO)
        assert (result.status, result.host) == (Status.DELIVERED, "mx2.d.example")

    go(body)


def test_an_mx_record_that_spells_an_address_is_passed_over() -> None:
    async def body(net: Net) -> None:
        host = await healthy(net)
        net.resolver.add(D, "MX", "10 127.0.0.2.")
        net.resolver.add("127.0.0.2", "A", "127.0.0.2")
        (result,) = await net.send(TO)
        assert result.status is Status.DEFERRED
        assert host.sessions == 0

    go(body)


def test_a_better_preference_without_tlsa_comes_before_a_worse_one_with_tlsa() -> None:
    async def body(net: Net) -> None:
        await healthy(net)
        second = await healthy(net, "127.0.0.3")
        net.domain(D, "127.0.0.2", "127.0.0.3")
        net.tlsa("mx2.d.example", MATCH)
        (result,) = await net.send(TO)
        assert (result.host, second.sessions) == ("mx1.d.example", 0)
        (strict,) = await net.send(TO, mode=Mode.MANDATORY)
        assert (strict.host, strict.authenticated) == ("mx2.d.example", True)

    go(body)


def test_the_next_address_of_a_host_is_tried_after_a_refused_connection() -> None:
    async def body(net: Net) -> None:
        await healthy(net, "127.0.0.3")
        net.domain(D, "127.0.0.2")
        net.resolver.add("mx1.d.example", "A", "127.0.0.2", "127.0.0.3")
        (result,) = await net.send(TO)
        assert result.address == "127.0.0.3"
        assert result.attempts[0].outcome is AttemptOutcome.UNREACHABLE

    go(body)


def test_a_failed_mx_lookup_defers_and_leaves_the_domains_own_address_alone() -> None:
    async def body(net: Net) -> None:
        host = await healthy(net)
        net.resolver.add(D, "A", "127.0.0.2")
        net.resolver.fail(D, "MX")
        (result,) = await net.send(TO)
        assert result.status is Status.DEFERRED
        assert host.sessions == 0

    go(body)


def test_a_domain_that_does_not_exist_bounces() -> None:
    async def body(net: Net) -> None:
        net.resolver.fail(D, "MX", rcode=3)
        (result,) = await net.send(TO)
        assert result.status is Status.BOUNCED

    go(body)


def test_a_null_mx_bounces_and_leaves_the_domains_own_address_alone() -> None:
    async def body(net: Net) -> None:
        host = await healthy(net)
        net.resolver.add(D, "MX", "0 .")
        net.resolver.add(D, "A", "127.0.0.2")
        (result,) = await net.send(TO)
        assert result.status is Status.BOUNCED
        assert host.sessions == 0

    go(body)


@pytest.mark.parametrize(
    ("tlsa", "status"), [(MATCH, Status.DELIVERED), (MISMATCH, Status.DEFERRED)], ids=["match", "mismatch"]
)
def test_a_domain_without_mx_is_its_own_host(tlsa: bytes, status: Status) -> None:
    async def body(net: Net) -> None:
        host = await healthy(net)
        net.resolver.add(D, "A", "127.0.0.2")
        net.tlsa(D, tlsa)
        (result,) = await net.send(TO)
        assert result.status is status
        assert host.server_names == [D]

    go(body)


def test_hosts_that_provably_have_no_address_bounce_unless_a_lookup_failed() -> None:
    async def body(net: Net) -> None:
        net.resolver.add(D, "MX", "10 a.d.example.", "20 b.d.example.")
        net.port = 25
        (result,) = await net.send(TO)
        assert result.status is Status.BOUNCED
        net.resolver.fail("b.d.example", "A")
        (result,) = await net.send(TO)
        assert result.status is Status.DEFERRED

    go(body)


def test_an_insecure_mx_rrset_permits_dane_and_forbids_mandatory_dane() -> None:
    async def body(net: Net) -> None:
        host = await healthy(net)
        net.domain(D, "127.0.0.2", tlsa=(MATCH,), ad=False)
        (result,) = await net.send(TO)
        assert result.authenticated
        (strict,) = await net.send(TO, mode=Mode.MANDATORY)
        assert strict.status is Status.DEFERRED
        assert host.sessions == 1

    go(body)


# An MX host that is an alias: where TLSA records stand decides base domain and SNI.


async def alias(net: Net, *, chain: str = "target.example", ad: bool = True) -> MailHost:
    host = await healthy(net)
    net.resolver.add(D, "MX", "10 mx1.d.example.")
    net.resolver.add("mx1.d.example", "A", "127.0.0.2", alias=chain, ad=ad)
    net.resolver.add("mx1.d.example", "AAAA", alias=chain, ad=ad)
    return host


def test_a_secure_alias_prefers_the_expanded_name() -> None:
    async def body(net: Net) -> None:
        host = await alias(net)
        net.tlsa("target.example", MATCH)
        net.tlsa("mx1.d.example", MISMATCH)
        (result,) = await net.send(TO)
        assert result.authenticated
        assert host.server_names == ["target.example"]
        assert net.resolver.questions("CNAME") == []

    go(body)


def test_a_secure_alias_falls_back_to_the_original_name() -> None:
    async def body(net: Net) -> None:
        host = await alias(net, chain="between.example>target.example")
        net.tlsa("between.example", MISMATCH)
        net.tlsa("mx1.d.example", MATCH)
        (result,) = await net.send(TO)
        assert result.authenticated
        assert host.server_names == ["mx1.d.example"]
        assert net.tlsa_name("between.example") not in net.resolver.questions("TLSA")

    go(body)


def test_a_failed_tlsa_lookup_at_the_expanded_name_ends_the_search() -> None:
    async def body(net: Net) -> None:
        host = await alias(net)
        net.resolver.fail(net.tlsa_name("target.example"), "TLSA")
        net.tlsa("mx1.d.example", MATCH)
        (result,) = await net.send(TO)
        assert result.status is Status.DEFERRED
        assert host.sessions == 0

    go(body)


@pytest.mark.parametrize(
    ("tlsa", "status"), [(MATCH, Status.DELIVERED), (MISMATCH, Status.DEFERRED)], ids=["match", "mismatch"]
)
def test_a_secure_alias_with_insecure_addresses_is_judged_by_the_original_name(tlsa: bytes, status: Status) -> None:
    async def body(net: Net) -> None:
        host = await alias(net, ad=False)
        net.resolver.add("mx1.d.example", "CNAME", "target.example.")
        net.tlsa("target.example", MISMATCH)
        net.tlsa("mx1.d.example", tlsa)
        (result,) = await net.send(TO)
        assert result.status is status
        assert host.server_names == ["mx1.d.example"]
        assert net.resolver.questions("TLSA") == [net.tlsa_name("mx1.d.example")]

    go(body)


def test_an_insecure_alias_means_no_tlsa_query() -> None:
    async def body(net: Net) -> None:
        await alias(net, ad=False)
        net.resolver.add("mx1.d.example", "CNAME", "target.example.", ad=False)
        net.tlsa("mx1.d.example", MISMATCH)
        (result,) = await net.send(TO)
        assert (result.status, result.authenticated) == (Status.DELIVERED, False)
        assert net.resolver.questions("TLSA") == []

    go(body)


def test_a_failed_cname_lookup_skips_the_host() -> None:
    async def body(net: Net) -> None:
        host = await alias(net, ad=False)
        net.resolver.fail("mx1.d.example", "CNAME")
        (result,) = await net.send(TO)
        assert result.status is Status.DEFERRED
        assert host.sessions == 0

    go(body)


def test_an_alias_at_the_tlsa_name_changes_neither_base_domain_nor_sni() -> None:
    async def body(net: Net) -> None:
        host = await healthy(net)
        net.domain(D, "127.0.0.2")
        net.tlsa("mx1.d.example", MATCH, alias="tlsa.elsewhere.example")
        (result,) = await net.send(TO)
        assert result.authenticated
        assert host.server_names == ["mx1.d.example"]

    go(body)


def test_a_cname_without_data_is_followed_by_a_question_at_its_target() -> None:
    async def body(net: Net) -> None:
        await healthy(net)
        net.domain(D, "127.0.0.2")
        net.tlsa("mx1.d.example", alias="tlsa.elsewhere.example")
        net.resolver.add("tlsa.elsewhere.example", "TLSA", MISMATCH)
        (result,) = await net.send(TO)
        assert result.status is Status.DEFERRED
        net.resolver.entry("tlsa.elsewhere.example", "TLSA").ad = False
        (result,) = await net.send(TO)
        assert (result.status, result.authenticated) == (Status.DELIVERED, False)
        net.resolver.entry("tlsa.elsewhere.example", "TLSA").ad = True
        net.resolver.entry(net.tlsa_name("mx1.d.example"), "TLSA").ad = False
        (result,) = await net.send(TO)
        assert (result.status, result.authenticated) == (Status.DELIVERED, False)

    go(body)


def test_a_cname_loop_is_a_failed_lookup() -> None:
    async def body(net: Net) -> None:
        host = await healthy(net)
        net.domain(D, "127.0.0.2")
        name = net.tlsa_name("mx1.d.example")
        loop = [dnslib.RR(name, 5, rdata=dnslib.CNAME("x.example"))]
        loop.append(dnslib.RR("x.example", 5, rdata=dnslib.CNAME(name)))
        net.resolver.entry(name, "TLSA").records = loop
        (result,) = await net.send(TO)
        assert result.status is Status.DEFERRED
        assert host.sessions == 0

    go(body)


# Relays, literals, several domains.


@pytest.mark.parametrize(
    ("tlsa", "status"), [(MATCH, Status.DELIVERED), (MISMATCH, Status.DEFERRED)], ids=["match", "mismatch"]
)
def test_a_relay_is_judged_by_its_own_records_on_its_own_port(tlsa: bytes, status: Status) -> None:
    async def body(net: Net) -> None:
        await healthy(net)
        smtp_port, net.port = net.port, 25
        net.tlsa("relay.example", MISMATCH)
        net.port = smtp_port
        net.resolver.add("relay.example", "A", "127.0.0.2")
        net.tlsa("relay.example", tlsa)
        (result,) = await net.send(TO, relay=f"[relay.example]:{smtp_port}")
        assert result.status is status
        assert net.resolver.questions("MX") == []

    go(body)


def test_mail_that_would_be_deferred_goes_to_the_fallback_relay() -> None:
    async def body(net: Net) -> None:
        await healthy(net)
        await healthy(net, "127.0.0.3")
        net.domain(D, "127.0.0.2", tlsa=(MISMATCH,))
        net.resolver.add("relay.example", "A", "127.0.0.3")
        net.tlsa("relay.example", MATCH)
        (result,) = await net.send(TO, fallback_relay="[relay.example]")
        assert (result.host, result.authenticated) == ("relay.example", True)
        net.tlsa("relay.example", MISMATCH)
        (result,) = await net.send(TO, fallback_relay="[relay.example]")
        assert result.status is Status.DEFERRED

    go(body)


def test_dane_does_not_apply_to_an_address_literal() -> None:
    async def body(net: Net) -> None:
        host = await healthy(net)
        (result,) = await net.send("you@[127.0.0.2]")
        assert result.status is Status.DELIVERED
        assert net.resolver.asked == []
        assert host.server_names == [None]
        (strict,) = await net.send("you@[127.0.0.2]", mode=Mode.MANDATORY)
        assert strict.status is Status.DEFERRED

    go(body)


def test_recipients_share_a_transaction_within_a_domain_only() -> None:
    async def body(net: Net) -> None:
        first = await healthy(net)
        second = await healthy(net, "127.0.0.3")
        net.domain(D, "127.0.0.2", tlsa=(MATCH,))
        net.domain("e.example", "127.0.0.3", tlsa=(MISMATCH,))
        results = await net.send("a@d.example", "b@E.example", "c@D.example")
        assert {each.recipient: each.status for each in results} == {
            "a@d.example": Status.DELIVERED,
            "b@E.example": Status.DEFERRED,
            "c@D.example": Status.DELIVERED,
        }
        assert len(first.said("RCPT")) == 2
        assert not second.said("MAIL")

    go(body)


@pytest.mark.parametrize(
    ("next_hop", "name", "delivered"),
    [("d.example", "d.example", True), ("d.example", "stranger.example", False)],
)
def test_usage_2_accepts_the_next_hop_domain_of_a_secure_mx(next_hop: str, name: str, *, delivered: bool) -> None:
    async def body(net: Net) -> None:
        anchor = issue("TA", ca=True)
        leaf = issue("leaf", names=[name], issuer=anchor)
        await net.host("127.0.0.2", Manners(context=server_context(leaf, anchor)))
        net.domain(next_hop, "127.0.0.2", tlsa=(anchor.tlsa(2, 1, 1),))
        (result,) = await net.send(f"you@{next_hop}")
        assert (result.status is Status.DELIVERED) == delivered
        net.resolver.entry(next_hop, "MX").ad = False
        (result,) = await net.send(f"you@{next_hop}")
        assert result.status is Status.DEFERRED

    go(body)
