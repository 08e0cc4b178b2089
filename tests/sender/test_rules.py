"""Names, routes, candidates, levels and replies, without sockets."""

from __future__ import annotations

import asyncio
import random
from typing import cast

import pytest

from harness.sender import identifiers
from harness.sender.answer import Answer, Kind
from harness.sender.dns import Resolver
from harness.sender.dnswire import Record
from harness.sender.locate import Locator, domain_name
from harness.sender.policy import Level, Mode, Route, Standing
from harness.sender.rules import Rules
from harness.sender.smtp import capabilities, split_reply, to_wire

RULES = Rules()


def answer(kind: Kind, *, secure: bool = True, targets: tuple[tuple[int, str], ...] = ()) -> Answer:
    records = tuple(
        Record(owner="d.example", rdtype=15, rdata=b"", target=target, preference=preference)
        for preference, target in targets
    )
    return Answer(kind=kind, secure=secure, names=("d.example",), records=records)


@pytest.mark.parametrize(
    ("presented", "good"),
    [
        ("mx.d.example", True),
        ("MX.d.EXAMPLE", True),
        ("*.d.example", True),
        ("*.example", False),
        ("*.mx.d.example", False),
        ("*", False),
        ("*.*.example", False),
        ("*x.d.example", False),
        ("m*.d.example", False),
        ("mx.*.example", False),
        ("mx.d.example\0.evil.example", False),
        ("mx.d.example.", False),
        ("", False),
    ],
)
def test_a_wildcard_stands_for_exactly_the_first_label(presented: str, *, good: bool) -> None:
    assert RULES.identifier_matches(presented, reference="mx.d.example") == good


def test_a_wildcard_does_not_cover_its_own_apex() -> None:
    assert not RULES.identifier_matches("*.d.example", reference="d.example")


def test_only_ascii_letters_fold() -> None:
    assert not identifiers.equals("\u212aelvin.example", reference="kelvin.example")


def test_a_certificate_that_cannot_be_read_has_no_names() -> None:
    assert identifiers.dns_ids(b"junk") == ()


@pytest.mark.parametrize(
    ("secure", "alias_secure", "names", "candidates"),
    [
        (True, True, ("mx",), ("mx",)),
        (False, False, ("mx",), ()),
        (True, True, ("mx", "between", "end"), ("end", "mx")),
        (False, True, ("mx", "between", "end"), ("mx",)),
        (False, False, ("mx", "end"), ()),
    ],
)
def test_candidate_base_domains_follow_the_secure_part_of_the_chain(
    *, secure: bool, alias_secure: bool, names: tuple[str, ...], candidates: tuple[str, ...]
) -> None:
    route = Route(next_hop="d.example", expanded="d.example", via_mx=True, secure=True, port=25)
    found = RULES.base_domain_candidates(
        "mx", names=names, addresses_secure=secure, alias_secure=alias_secure, route=route
    )
    assert found == candidates


@pytest.mark.parametrize(
    ("via_mx", "secure", "base", "references"),
    [
        (True, True, "mx", ("mx", "hop", "expanded")),
        (True, False, "mx", ("mx",)),
        (False, True, "end", ("end", "hop")),
        (False, True, "hop", ("hop",)),
    ],
)
def test_reference_identifiers_depend_on_how_the_host_was_found(
    *, via_mx: bool, secure: bool, base: str, references: tuple[str, ...]
) -> None:
    route = Route(next_hop="hop", expanded="expanded", via_mx=via_mx, secure=secure, port=25)
    assert RULES.reference_identifiers(base, route=route) == references


@pytest.mark.parametrize(
    ("mode", "usable", "unusable", "absent"),
    [
        (Mode.OPPORTUNISTIC, Level.AUTHENTICATE, Level.ENCRYPT, Level.MAY),
        (Mode.MANDATORY, Level.AUTHENTICATE, Level.SKIP, Level.SKIP),
    ],
)
def test_the_four_tlsa_results_lead_to_four_levels(mode: Mode, usable: Level, unusable: Level, absent: Level) -> None:
    assert RULES.level_if_tlsa_unknown() is Level.SKIP
    assert RULES.level_if_tlsa_usable("mx") is usable
    assert RULES.level_if_tlsa_unusable(mode) is unusable
    assert RULES.level_if_tlsa_absent(mode) is absent


@pytest.mark.parametrize(
    ("kind", "secure", "standing"),
    [
        (Kind.FAILED, False, Standing.FAILED),
        (Kind.RECORDS, True, Standing.SECURE),
        (Kind.RECORDS, False, Standing.ABSENT),
        (Kind.NODATA, True, Standing.ABSENT),
        (Kind.NODATA, False, Standing.ABSENT),
        (Kind.NXDOMAIN, True, Standing.ABSENT),
    ],
)
def test_failure_is_not_absence(kind: Kind, standing: Standing, *, secure: bool) -> None:
    assert RULES.standing(answer(kind, secure=secure)) is standing
    assert RULES.search_ends(standing) == (standing is not Standing.ABSENT)


def test_hosts_are_ordered_by_preference_and_shuffled_among_equals() -> None:
    mx = answer(Kind.RECORDS, targets=((20, "c"), (10, "a"), (0, "."), (10, "b")))
    orders = {RULES.host_order(RULES.exchanges(mx), chance=random.Random(seed)) for seed in range(20)}
    assert orders == {("a", "b", "c"), ("b", "a", "c")}


@pytest.mark.parametrize(
    ("targets", "null"), [(((0, "."),), True), (((0, "."), (10, "mx")), False), (((0, "mx"),), False)]
)
def test_a_null_mx_counts_when_it_stands_alone(targets: tuple[tuple[int, str], ...], *, null: bool) -> None:
    assert RULES.refuses_all_mail(answer(Kind.RECORDS, targets=targets)) == null


@pytest.mark.parametrize(
    ("domain", "address"),
    [
        ("[192.0.2.1]", "192.0.2.1"),
        ("[IPv6:2001:db8::1]", "2001:db8::1"),
        ("[mx.example]", None),
        ("192.0.2.1", None),
    ],
)
def test_an_address_literal_is_told_from_a_name(domain: str, address: str | None) -> None:
    assert RULES.literal_address(domain) == address


@pytest.mark.parametrize(
    ("text", "name"),
    [("D.Example.", "d.example"), ("d.example", "d.example"), ("b\u00fccher.example", "xn--bcher-kva.example")],
)
def test_domains_are_compared_as_a_labels_without_the_dot(text: str, name: str) -> None:
    assert domain_name(text) == name


@pytest.mark.parametrize("text", ["", ".", "a..b", "x" * 64 + ".example"])
def test_what_is_no_domain_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="domain"):
        domain_name(text)


def test_a_name_too_long_for_dns_has_no_tlsa_records() -> None:
    host = ".".join(["x" * 61] * 4)
    assert not RULES.tlsa_name_can_exist(RULES.tlsa_name(host, port=25))
    assert RULES.tlsa_name_can_exist(RULES.tlsa_name("mx.example", port=25))


def test_replies_are_read_whole_and_one_at_a_time() -> None:
    buffer = bytearray(b"250-mail.example\r\n250-starttls\r\n250 SIZE 10\r\n220 go\r\n25")
    first = split_reply(buffer)
    assert first is not None
    assert capabilities(first) == {"STARTTLS", "SIZE 10"}
    assert str(split_reply(buffer)) == "220 go"
    assert split_reply(buffer) is None
    assert buffer == b"25"


@pytest.mark.parametrize("junk", [b"hello\r\n", b"250-a\r\n251 b\r\n", b"25\r\n", b"250+x\r\n", b"x" * 70000])
def test_what_is_no_reply_is_refused(junk: bytes) -> None:
    with pytest.raises(ValueError, match="reply"):
        split_reply(bytearray(junk))


@pytest.mark.parametrize(
    ("message", "wire"),
    [
        (b"a\nb\r\n", b"a\r\nb\r\n.\r\n"),
        (b".a\r\n..\r\n.", b"..a\r\n...\r\n..\r\n.\r\n"),
        (b"", b".\r\n"),
        (b"a\rb", b"a\r\nb\r\n.\r\n"),
    ],
)
def test_a_message_ends_only_where_it_ends(message: bytes, wire: bytes) -> None:
    assert to_wire(message) == wire


class _Equals:
    """A resolver that knows three equally preferred hosts for every domain."""

    async def lookup(self, _: str, *, rdtype: int) -> Answer:
        assert rdtype == 15
        return answer(Kind.RECORDS, targets=((10, "a"), (10, "b"), (10, "c")))


async def _drawn(seed: str | None, domains: list[str]) -> list[tuple[str, ...]]:
    """The orders in which a sender takes equal hosts of these domains, one after the other."""
    locator = Locator(cast(Resolver, _Equals()), rules=RULES, port=25, ipv4_only=False, seed=seed)
    routes = [await locator.route(domain, mode=Mode.OPPORTUNISTIC) for domain in domains]
    return [route.hosts for route in routes if isinstance(route, Route)]


@pytest.mark.parametrize(("seed", "same"), [("s", True), (None, False)])
def test_a_seed_decides_the_orders_of_equal_hosts(seed: str | None, *, same: bool) -> None:
    domains = [f"d{number}.example" for number in range(30)]
    first, second = (asyncio.run(_drawn(seed, domains)) for _ in range(2))
    assert len(first) == 30
    assert len(set(first)) > 1
    assert (first == second) is same


def test_equal_hosts_are_drawn_anew_for_each_message() -> None:
    assert len(set(asyncio.run(_drawn("s", ["d.example"] * 30)))) > 1
