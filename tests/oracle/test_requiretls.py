"""RFC 8689: messages that demand TLS, and messages that set arrival above it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.oracle import Facts
from harness.oracle.certificate import Certificate
from harness.oracle.facts import Asked, Inside, Lookup, Offer, Routing, Server
from harness.scenario.mailhosts import Tcp
from harness.scenario.models import Mode

from .kit import ABSENT, CHAIN, FAILED, INSECURE, LEAF, facts, host, record, said, said_in_all_modes, server

MATCH, OTHER, UNUSABLE = record(), record(fits=""), record(matching_type=3, fits="")
PUBLIC = Certificate(fingerprint="public", issued_by=frozenset({"public"}), is_ca=True)
SEALED = replace(LEAF, issued_by=frozenset({"public"}))
"""The host's certificate, as a public authority issues it."""
NAMELESS = (replace(LEAF, dns_names=("elsewhere.example",)), *CHAIN[1:])


def _demanding(world: Facts) -> Facts:
    return replace(world, asked=Asked.TLS, public=(PUBLIC,))


def _waiving(world: Facts) -> Facts:
    return replace(world, asked=Asked.ARRIVAL)


def _keeper(key: str = "mx1", **values: Any) -> Server:
    """A server that offers REQUIRETLS."""
    return server(key, offers_requiretls=True, **values)


def test_a_host_that_keeps_every_condition_gets_the_message() -> None:
    world = _demanding(facts(host(MATCH, servers=(_keeper(),))))
    assert said_in_all_modes(world) == ("AUTH@mx1", "AUTH@mx1", "BOUNCE")


def test_a_host_that_does_not_offer_it_does_not() -> None:
    assert said_in_all_modes(_demanding(facts(host(MATCH)))) == ("BOUNCE", "BOUNCE", "BOUNCE")


def test_a_public_authority_vouches_for_a_host_where_dane_does_not() -> None:
    keeper = (_keeper(chain=(SEALED,)),)
    assert said(_demanding(facts(host(MATCH, servers=keeper))), Mode.UNAWARE) == "TLS@mx1 / BOUNCE"
    assert said_in_all_modes(_demanding(facts(host(servers=keeper)))) == (
        "TLS@mx1 / BOUNCE",
        "BOUNCE / DEFER",
        "TLS@mx1 / BOUNCE",
    )
    assert said(_demanding(facts(host(UNUSABLE, servers=keeper)))) == "TLS@mx1 / BOUNCE"


@pytest.mark.parametrize(
    "flaw", [{"dns_names": ("elsewhere.example",)}, {"in_date": False}, {"issued_by": frozenset({"leaf"})}]
)
def test_a_public_authority_vouches_for_the_host_s_own_name_and_in_time(flaw: dict[str, Any]) -> None:
    keeper = (_keeper(chain=(replace(SEALED, **flaw),)),)
    assert said(_demanding(facts(host(servers=keeper)))) == "BOUNCE"


def test_where_dane_fails_the_message_is_returned_or_waits() -> None:
    world = _demanding(facts(host(OTHER, servers=(_keeper(chain=(SEALED,)),))))
    assert said_in_all_modes(world) == ("BOUNCE / DEFER", "BOUNCE / DEFER", "TLS@mx1 / BOUNCE")


@pytest.mark.parametrize("tlsa", [record(), record(2, 1, 1, fits="root")])
def test_the_host_s_name_counts_or_not_where_dane_is_satisfied_without(tlsa: Any) -> None:
    # The domain's own name is enough for usage 2 (RFC 7672 section 3.2.2), and usage 3 asks for none.
    nameless = (replace(LEAF, dns_names=("test.example",)), *CHAIN[1:])
    assert said(_demanding(facts(host(tlsa, servers=(_keeper(chain=nameless),))))) == "AUTH@mx1 / BOUNCE"


@pytest.mark.parametrize("manner", [{"offer": Offer.NONE}, {"grants": False}, {"shakes_hands": False}])
def test_cleartext_is_out_of_the_question(manner: dict[str, Any]) -> None:
    without = said(_demanding(facts(host(servers=(_keeper(**manner),)))))
    assert without in ("BOUNCE", "BOUNCE / DEFER")
    assert said(_demanding(facts(host(MATCH, servers=(_keeper(**manner),))))) == "BOUNCE / DEFER"


def test_a_failed_lookup_waits_like_any_other_message() -> None:
    assert said(_demanding(facts(host(MATCH, lookup=FAILED, servers=(_keeper(),))))) == "DEFER"
    assert said(_demanding(facts(mx=FAILED))) == "DEFER"


def test_a_host_out_of_reach_may_be_better_another_time() -> None:
    assert said(_demanding(facts(host(MATCH, servers=(_keeper(tcp=Tcp.REFUSED),))))) == "DEFER / BOUNCE"
    assert said(_demanding(facts(host(MATCH, servers=(_keeper(greets=False),))))) == "DEFER / BOUNCE"
    assert said(_demanding(facts(host(MATCH, servers=(_keeper(takes_mail=False),))))) == "DEFER"


def test_nobody_vouches_for_an_insecure_mx() -> None:
    world = _demanding(facts(host(MATCH, servers=(_keeper(chain=(SEALED,)),)), mx=INSECURE))
    assert said_in_all_modes(world) == ("BOUNCE", "BOUNCE / DEFER", "BOUNCE")
    mismatch = facts(host(OTHER, servers=(_keeper(),)), mx=INSECURE)
    assert said(_demanding(mismatch)) == "BOUNCE / DEFER"


def test_a_domain_that_is_its_own_host_is_named_by_no_mx() -> None:
    own = host(MATCH, servers=(_keeper(),))
    denied = Lookup(standing=INSECURE.standing, found=False)
    assert said(_demanding(facts(own, mx=ABSENT))) == "AUTH@mx1"
    assert said(_demanding(facts(own, mx=denied))) == "AUTH@mx1 / BOUNCE"


def test_a_relay_that_was_named_needs_no_mx() -> None:
    assert said(_demanding(facts(host(MATCH, servers=(_keeper(),)), routing=Routing.RELAY))) == "AUTH@mx1"


def test_a_host_that_does_not_keep_it_is_passed_over() -> None:
    second = host(MATCH, key="mx2", servers=(_keeper("mx2"),))
    assert said(_demanding(facts(host(MATCH), second))) == "AUTH@mx2 / BOUNCE"
    named = replace(LEAF, dns_names=("mx2.test.example",))
    second = host(MATCH, key="mx2", servers=(_keeper("mx2", chain=(named, *CHAIN[1:])),))
    assert said(_demanding(facts(host(MATCH), second))) == "AUTH@mx2"


def test_where_one_host_does_not_keep_it_and_another_cannot_be_asked_either_rule_may_prevail() -> None:
    second = host(MATCH, key="mx2", lookup=FAILED)
    assert sorted(said(_demanding(facts(host(MATCH), second))).split(" / ")) == ["BOUNCE", "DEFER"]
    second = host(MATCH, key="mx2", ipv4=ABSENT)
    assert sorted(said(_demanding(facts(host(MATCH), second))).split(" / ")) == ["BOUNCE", "DEFER"]


def test_a_waiver_changes_nothing_where_dane_passes_but_that_tls_is_enough() -> None:
    assert said_in_all_modes(_waiving(facts(host(MATCH)))) == ("AUTH@mx1 / TLS@mx1", "AUTH@mx1 / TLS@mx1", "OPP@mx1")


def test_with_a_waiver_mail_goes_though_dane_fails() -> None:
    assert said_in_all_modes(_waiving(facts(host(OTHER)))) == ("OPP@mx1", "DEFER / OPP@mx1", "OPP@mx1")
    stripped = facts(host(MATCH, servers=(server(offer=Offer.NONE),)))
    assert said_in_all_modes(_waiving(stripped)) == ("CLEAR@mx1", "DEFER / CLEAR@mx1", "CLEAR@mx1")
    cut = facts(host(MATCH, servers=(server(inside=Inside.CUT_IN_DATA),)))
    assert said(_waiving(cut)) == "CLEAR@mx1 / DEFER"


def test_with_a_waiver_mail_may_go_where_nobody_knows_what_dane_asks() -> None:
    unknown = facts(host(MATCH, lookup=FAILED))
    assert said_in_all_modes(_waiving(unknown)) == ("OPP@mx1 / DEFER", "DEFER / OPP@mx1", "OPP@mx1")


def test_with_a_waiver_mandatory_dane_and_the_author_are_at_odds() -> None:
    assert said(_waiving(facts(host())), Mode.MANDATORY) == "DEFER / OPP@mx1"
    assert said(_waiving(facts(host(UNUSABLE))), Mode.MANDATORY) == "DEFER / OPP@mx1"
    assert said(_waiving(facts(host(MATCH), mx=INSECURE)), Mode.MANDATORY) == "DEFER / OPP@mx1"


def test_with_a_waiver_a_host_that_passes_may_be_looked_for_first() -> None:
    second = host(MATCH, key="mx2", servers=(server("mx2"),))
    assert said(_waiving(facts(host(OTHER), second))).split(" / ")[0] == "OPP@mx1"
    assert "AUTH@mx2" in said(_waiving(facts(host(OTHER), second)))
