"""Where TLSA records are asked for: port, transport, type, base domain; aliases; the names sent and accepted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.sender.answer import Answer
from harness.sender.dnswire import RdType
from harness.sender.policy import Route, Standing

from .model import RIGHT, Harm, Mutant, always, broken

_LOST = ("7672-2.2.3-1", "6698-3-1", "7672-2.2-2", "7672-3.2-2")
"""A sender that asks at a name where nothing is authenticates nobody."""


def _asks(name: str, form: str, tells: str) -> Mutant:
    """Asks for TLSA records at a name of another form, where nothing is."""
    return Mutant(
        name=name,
        tells=tells,
        breaks=_LOST,
        harm=Harm.SECURITY,
        rules=broken(tlsa_name=lambda _, base_domain, *, port: form.format(port=port, base=base_domain)),
    )


def _strays(name: str, form: str, tells: str) -> Mutant:
    """Asks for TLSA records at a name where those of another service are."""
    return Mutant(
        name=name,
        tells=tells,
        breaks=("7672-2.2.3-1", "6698-3-1"),
        harm=Harm.DELIVERY,
        rules=broken(tlsa_name=lambda _, base_domain, *, port: form.format(port=port, base=base_domain)),
    )


def _after_alias(_: object, candidate: str, *, tlsa: Answer) -> str:
    return tlsa.expanded.partition("._tcp.")[2] or tlsa.expanded if tlsa.is_alias else candidate


_Change = Callable[[tuple[str, ...], str, tuple[str, ...], Route], tuple[str, ...]]
"""The candidates found, the host, its aliases and the route; the candidates to take instead."""

_CANDIDATES: dict[str, tuple[str, tuple[str, ...], Harm, _Change]] = {
    "only-expanded-name": (
        "TLSA is asked for at the end of an alias chain only, never at the original name.",
        ("7672-2.2.3-8", "7672-2.2.2-9", "7671-7-3"),
        Harm.SECURITY,
        lambda found, host, names, route: found[:1],
    ),
    "only-original-name": (
        "TLSA is asked for at the MX host's own name only, whatever it is an alias of.",
        ("7672-2.2.2-9", "7672-2.2.3-3", "7671-7-2"),
        Harm.SECURITY,
        lambda found, host, names, route: found[-1:],
    ),
    "original-name-first": (
        "TLSA is asked for at the original name first, then at the end of the alias chain.",
        ("7672-2.2.2-9", "7672-2.2.3-3", "7671-7-2"),
        Harm.SECURITY,
        lambda found, host, names, route: found[::-1],
    ),
    "intermediate-names-too": (
        "TLSA is asked for at every name of an alias chain.",
        ("7672-2.2.3-9",),
        Harm.DELIVERY,
        lambda found, host, names, route: tuple(reversed(names)) if found else (),
    ),
    "no-dane-at-aliases": (
        "MX hosts that are aliases get mail without DANE.",
        ("7672-2.2.2-9", "7672-2.2.2-8", "7671-7-1"),
        Harm.SECURITY,
        lambda found, host, names, route: found if len(names) == 1 else (),
    ),
    "insecure-end-is-asked": (
        "TLSA is asked for at the insecure end of an alias chain in place of its secure beginning.",
        ("7672-2.2.2-8",),
        Harm.SECURITY,
        lambda found, host, names, route: names[-1:] if found else (),
    ),
    "insecure-alias-asked": (
        "TLSA is asked for at an alias that is insecure itself.",
        ("7672-2.2.2-7",),
        Harm.DELIVERY,
        lambda found, host, names, route: found or ((host,) if len(names) > 1 else ()),
    ),
    "recipient-domain-asked": (
        "TLSA is asked for at the recipient domain in place of the MX host.",
        ("7672-2.2.2-5", "7672-2.2.3-1", "7672-2.2.1-12"),
        Harm.SECURITY,
        lambda found, host, names, route: (route.next_hop,) if found else (),
    ),
    "recipient-domain-asked-too": (
        "TLSA is asked for at the recipient domain where the MX host has none.",
        ("7672-2.2.2-6", "7672-2.2.3-1", "7672-2.2.2-5"),
        Harm.DELIVERY,
        lambda found, host, names, route: (*found, route.next_hop),
    ),
    "first-host-speaks-for-all": (
        "The TLSA records of the first MX host are used for all of them.",
        ("7672-2.2.1-1",),
        Harm.DELIVERY,
        lambda found, host, names, route: route.hosts[:1] if found else (),
    ),
    "parent-domain-asked": (
        "TLSA is asked for at the domain above the MX host.",
        ("7672-2.2.2-5", "7672-2.2.3-1", "7672-2.2-2"),
        Harm.SECURITY,
        lambda found, host, names, route: tuple(each.partition(".")[2] for each in found),
    ),
    "no-base-domain": (
        "No base domain is ever found.",
        ("7672-2.2.2-5", "7672-2.2.3-1", "7672-2.2-2"),
        Harm.SECURITY,
        lambda found, host, names, route: (),
    ),
}


def _candidates() -> tuple[Mutant, ...]:
    def made(name: str) -> Mutant:
        tells, breaks, harm, change = _CANDIDATES[name]

        def base_domain_candidates(_: object, host: str, **facts: Any) -> tuple[str, ...]:
            found = RIGHT.base_domain_candidates(host, **facts)
            return change(found, host, facts["names"], facts["route"])

        return Mutant(
            name=name,
            tells=tells,
            breaks=breaks,
            harm=harm,
            rules=broken(base_domain_candidates=base_domain_candidates),
        )

    return tuple(made(name) for name in _CANDIDATES)


MUTANTS = (
    *_candidates(),
    _asks("tlsa-without-port", "_tcp.{base}", "TLSA is asked for without a port."),
    _asks("tlsa-without-transport", "_{port}.{base}", "TLSA is asked for without a transport."),
    _asks("tlsa-without-underscores", "{port}.tcp.{base}", "TLSA is asked for without underscores."),
    _asks("tlsa-at-padded-port", "_{port:05}.x._tcp.{base}", "TLSA is asked for one label too deep."),
    _asks("tlsa-order-swapped", "_tcp._{port}.{base}", "TLSA is asked for with transport before port."),
    _strays("tlsa-at-bare-host", "{base}", "TLSA is asked for at the bare name of the host."),
    _strays("tlsa-at-port-465", "_465._tcp.{base}", "TLSA is asked for at the port of submission over TLS."),
    _strays("tlsa-at-port-587", "_587._tcp.{base}", "TLSA is asked for at the port of submission."),
    _strays("tlsa-over-udp", "_{port}._udp.{base}", "TLSA is asked for under UDP."),
    _strays("tlsa-over-sctp", "_{port}._sctp.{base}", "TLSA is asked for under SCTP."),
    Mutant(
        name="custom-port-not-asked-for",
        tells="A relay at port 2525 is looked up as if it were at port 25.",
        breaks=("7672-2.2.3-2", "6698-4-1"),
        harm=Harm.SECURITY,
        rules=broken(
            tlsa_name=lambda _, base_domain, *, port: RIGHT.tlsa_name(base_domain, port=25 if port == 2525 else port)
        ),
        argument=(
            "On the loopback interface all mail hosts are at one port, and scenarios about another are left out. In a "
            "network namespace custom-port-mismatch catches it, as tests/mutation/test_namespace.py shows."
        ),
    ),
    Mutant(
        name="smimea-for-tlsa",
        tells="SMIMEA records are asked for and taken for TLSA.",
        breaks=("6698-7.1-1",),
        harm=Harm.DELIVERY,
        rules=broken(tlsa_type=always(RdType.SMIMEA)),
    ),
    Mutant(
        name="no-tlsa-name-can-exist",
        tells="Every TLSA name counts as too long.",
        breaks=("6698-3-1", "7672-2.2.3-1", "7672-2.2-2", "7672-3.2-2"),
        harm=Harm.SECURITY,
        rules=broken(tlsa_name_can_exist=always(False)),
    ),
    Mutant(
        name="overlong-tlsa-name-asked",
        tells="A TLSA name that is too long to exist is asked for.",
        breaks=("6698-3-1",),
        harm=Harm.DELIVERY,
        rules=broken(tlsa_name_can_exist=always(True)),
        argument="The question cannot be written and the host is left alone, which long-host permits.",
    ),
    Mutant(
        name="search-ends-at-first-name",
        tells="Where the first candidate has no TLSA records, the second is not asked.",
        breaks=("7672-2.2.3-8", "7672-2.2.3-5", "7671-7-3"),
        harm=Harm.SECURITY,
        rules=broken(search_ends=always(True)),
    ),
    Mutant(
        name="search-goes-on-after-failure",
        tells="Where the lookup at the first candidate failed, the second decides.",
        breaks=("7672-2.2.2-10", "7672-2.1.2-4", "7672-2.1.2-5", "7672-2.2.1-14"),
        harm=Harm.SECURITY,
        rules=broken(search_ends=lambda _, standing: standing is Standing.SECURE),
    ),
    Mutant(
        name="search-never-ends",
        tells="Secure TLSA records are found, and the search goes on until there are none.",
        breaks=("7672-2.2.3-3", "7672-2.2-2", "7672-3.2-2"),
        harm=Harm.SECURITY,
        rules=broken(search_ends=always(False)),
    ),
    Mutant(
        name="tlsa-alias-moves-base-domain",
        tells="An alias at the TLSA name makes its target the base domain.",
        breaks=("7672-2.2.3-6", "7672-3.2.2-2", "9525-6.1.1-2"),
        harm=Harm.SECURITY,
        rules=broken(base_domain=_after_alias),
    ),
    Mutant(
        name="alias-not-asked-about",
        tells="Where the end of an alias chain is insecure, nobody asks whether the alias itself is secure.",
        breaks=("7672-2.1.3-4", "7672-2.2.2-8"),
        harm=Harm.SECURITY,
        rules=broken(asks_for_cname=always(False)),
    ),
    Mutant(
        name="alias-not-asked-about-and-denied",
        tells="Where the end of an alias chain is insecure, the alias counts as insecure too.",
        breaks=("7672-2.2.2-8", "7672-2.1.3-4"),
        harm=Harm.SECURITY,
        rules=broken(alias_is_secure=always(False)),
    ),
    Mutant(
        name="alias-asked-about-in-vain",
        tells="The alias is asked about also where its whole chain is secure.",
        breaks=("7672-2.1.3-4",),
        harm=Harm.WARNING,
        rules=broken(asks_for_cname=lambda _, *, is_alias, **__: is_alias),
        argument="The answer is secure then, as the whole chain is, so nothing comes of the question but itself.",
    ),
    Mutant(
        name="insecure-alias-counts-as-secure",
        tells="An insecure alias counts as secure, so TLSA is asked for at its name.",
        breaks=("7672-2.2.2-7",),
        harm=Harm.DELIVERY,
        rules=broken(alias_is_secure=always(True)),
    ),
    Mutant(
        name="cname-failure-not-noticed",
        tells="Where nobody can say whether the alias is secure, it counts as insecure.",
        breaks=("7672-2.2.2-10",),
        harm=Harm.SECURITY,
        rules=broken(cname_lookup_failed=always(False)),
    ),
)
