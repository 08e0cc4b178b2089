"""Whether DANE applies to a host, and what the TLSA lookup demands: each gate dropped or made too strict."""

from __future__ import annotations

from harness.sender.answer import Kind
from harness.sender.policy import Level, Mode, Standing

from .model import RIGHT, Harm, Mutant, always, broken


def _records(answer: object) -> bool:
    return getattr(answer, "kind", None) is Kind.RECORDS


def _never_failed(standing: Standing) -> Standing:
    return Standing.ABSENT if standing is Standing.FAILED else standing


MUTANTS = (
    Mutant(
        name="dane-not-applied",
        tells="DANE is switched on, and no TLSA record is ever asked for.",
        breaks=("7672-2.2.1-12", "7672-2.1.2-3", "7672-3.2-2"),
        harm=Harm.SECURITY,
        rules=broken(dane_applies=always(False)),
    ),
    Mutant(
        name="dane-not-without-mx",
        tells="DANE is applied to MX hosts only, not to domains without MX.",
        breaks=("7672-2.2.2-12", "7672-2.1.2-8"),
        harm=Harm.SECURITY,
        rules=broken(dane_applies=lambda _, mode, *, route: mode is not Mode.UNAWARE and route.via_mx),
    ),
    Mutant(
        name="dane-not-at-relays",
        tells="DANE is not applied to a relay that the administrator has set.",
        breaks=("7672-2.2.2-11",),
        harm=Harm.SECURITY,
        rules=broken(
            dane_applies=lambda _, mode, *, route: (
                mode is not Mode.UNAWARE and (route.via_mx or not route.next_hop.startswith("relay."))
            )
        ),
    ),
    Mutant(
        name="dane-not-behind-insecure-mx",
        tells="DANE is not applied to hosts that an insecure MX RRset names.",
        breaks=("7672-2.2.1-9",),
        harm=Harm.SECURITY,
        rules=broken(dane_applies=lambda _, mode, *, route: mode is not Mode.UNAWARE and route.secure),
    ),
    Mutant(
        name="address-failure-not-noticed",
        tells="Hosts whose address lookups failed are taken for hosts that provably have no address.",
        breaks=("7672-2.2.2-10", "7672-2.1.2-6", "7672-2.1.2-1"),
        harm=Harm.DELIVERY,
        rules=broken(address_lookup_failed=always(False)),
    ),
    Mutant(
        name="one-address-family-is-enough",
        tells="A host is used although the lookup of one address family failed.",
        breaks=("7672-2.2.2-10",),
        harm=Harm.WARNING,
        rules=broken(
            address_lookup_failed=lambda _, answers: (
                not any(map(_records, answers)) and RIGHT.address_lookup_failed(answers)
            )
        ),
    ),
    Mutant(
        name="both-address-families-needed",
        tells="A host without IPv6 address counts as unreachable.",
        breaks=("7672-2.2.2-5", "5321-5.2-1", "7672-2.1.1-8"),
        harm=Harm.DELIVERY,
        rules=broken(address_lookup_failed=lambda _, answers: not all(map(_records, answers))),
    ),
    Mutant(
        name="host-without-address-waits",
        tells="A host that provably has no address is taken for one that is out of order.",
        breaks=("7672-2.2.2-2",),
        harm=Harm.WARNING,
        rules=broken(has_no_address=always(False)),
    ),
    Mutant(
        name="no-host-has-an-address",
        tells="A host with one address family only counts as a host without address.",
        breaks=("7672-2.2.2-5", "5321-5.2-1", "7672-3.2-1"),
        harm=Harm.DELIVERY,
        rules=broken(has_no_address=lambda _, answers: not all(map(_records, answers))),
    ),
    Mutant(
        name="addresses-not-needed-secure",
        tells="TLSA records are sought also where the addresses are insecure.",
        breaks=("7672-2.2.2-3", "7672-2.2.2-7"),
        harm=Harm.WARNING,
        rules=broken(addresses_are_secure=lambda _, answers: any(map(_records, answers))),
    ),
    Mutant(
        name="addresses-never-secure",
        tells="No address counts as secure, so no TLSA record is sought.",
        breaks=("7672-2.2.2-5", "7672-2.1.2-3", "7672-3.2-2"),
        harm=Harm.SECURITY,
        rules=broken(addresses_are_secure=always(False)),
    ),
    Mutant(
        name="both-families-needed-secure",
        tells="A host has to have secure addresses of both families, or no TLSA record is sought.",
        breaks=("7672-2.2.2-5", "7672-2.1.2-3", "7672-3.2-2"),
        harm=Harm.SECURITY,
        rules=broken(addresses_are_secure=lambda _, answers: all(_records(each) and each.secure for each in answers)),
    ),
    Mutant(
        name="ipv6-alone-decides",
        tells="Whether addresses are secure is read off the AAAA answer alone, and it has to hold records.",
        breaks=("7672-2.2.2-5", "7672-2.1.2-3", "7672-3.2-2"),
        harm=Harm.SECURITY,
        rules=broken(addresses_are_secure=lambda _, answers: _records(answers[-1]) and answers[-1].secure),
    ),
    Mutant(
        name="tlsa-failure-is-absence",
        tells="A host whose TLSA lookup failed counts as one without TLSA records.",
        breaks=("7672-2.1.2-5", "7672-2.1.2-4", "7672-2.2.1-14"),
        harm=Harm.SECURITY,
        rules=broken(standing=lambda _, tlsa: _never_failed(RIGHT.standing(tlsa))),
    ),
    Mutant(
        name="insecure-tlsa-counts",
        tells="TLSA records count although they are insecure.",
        breaks=("6698-4.1-4", "7672-2.2.1-13", "7672-2.2.3-5"),
        harm=Harm.DELIVERY,
        rules=broken(
            standing=lambda _, tlsa: Standing.SECURE if tlsa.kind is Kind.RECORDS else RIGHT.standing(tlsa),
        ),
    ),
    Mutant(
        name="insecure-tlsa-is-failure",
        tells="Insecure TLSA records count as a failed lookup.",
        breaks=("7672-2.2.1-13", "7672-2.2.3-5", "7672-2.1.1-10"),
        harm=Harm.DELIVERY,
        rules=broken(standing=lambda _, tlsa: RIGHT.standing(tlsa) if tlsa.secure else Standing.FAILED),
    ),
    Mutant(
        name="absent-tlsa-is-failure",
        tells="A proof that there is no TLSA record counts as a failed lookup.",
        breaks=("7672-2.1.1-8", "7672-2.2-7", "7672-2.2.2-6"),
        harm=Harm.DELIVERY,
        rules=broken(standing=lambda _, tlsa: RIGHT.standing(tlsa) if _records(tlsa) else Standing.FAILED),
    ),
    Mutant(
        name="absent-tlsa-demands-tls",
        tells="A proof that there is no TLSA record is taken for a set without usable ones.",
        breaks=("7672-2.2-8", "7672-2.2.2-6"),
        harm=Harm.DELIVERY,
        rules=broken(standing=lambda _, tlsa: Standing.SECURE if tlsa.secure else RIGHT.standing(tlsa)),
    ),
    Mutant(
        name="tlsa-failure-means-may",
        tells="A host whose TLSA lookup failed gets the mail, in clear if need be.",
        breaks=("7672-2.1.2-5", "7672-2.1.2-4", "7672-2.2.1-14"),
        harm=Harm.SECURITY,
        rules=broken(level_if_tlsa_unknown=always(Level.MAY)),
    ),
    Mutant(
        name="tlsa-failure-means-encrypt",
        tells="A host whose TLSA lookup failed gets the mail over TLS, whoever it is.",
        breaks=("7672-2.1.2-5", "7672-2.1.2-4", "7672-2.2.1-14"),
        harm=Harm.SECURITY,
        rules=broken(level_if_tlsa_unknown=always(Level.ENCRYPT)),
    ),
    Mutant(
        name="tlsa-failure-is-visited",
        tells="A host whose TLSA lookup failed is connected to, and left once nothing can authenticate it.",
        breaks=("7672-2.1.2-8", "7672-10-1"),
        harm=Harm.WARNING,
        rules=broken(level_if_tlsa_unknown=always(Level.AUTHENTICATE)),
    ),
    Mutant(
        name="usable-tlsa-means-may",
        tells="Usable TLSA records are looked up, and neither TLS nor authentication is insisted on.",
        breaks=("7672-2.2-1", "7672-3.2-2", "7672-2.2-2"),
        harm=Harm.SECURITY,
        rules=broken(level_if_tlsa_usable=always(Level.MAY)),
    ),
    Mutant(
        name="usable-tlsa-means-encrypt",
        tells="Usable TLSA records make TLS mandatory, and nobody is authenticated.",
        breaks=("7672-2.2-2", "7672-3.2-2", "7671-4.1-1"),
        harm=Harm.SECURITY,
        rules=broken(level_if_tlsa_usable=always(Level.ENCRYPT)),
    ),
    Mutant(
        name="usable-tlsa-means-skip",
        tells="Hosts with usable TLSA records get no mail.",
        breaks=("7672-3.2-1", "7672-2.2-2"),
        harm=Harm.DELIVERY,
        rules=broken(level_if_tlsa_usable=always(Level.SKIP)),
    ),
    Mutant(
        name="unusable-tlsa-means-may",
        tells="Where all TLSA records are unusable, mail goes in clear if need be.",
        breaks=("7672-2.2-4", "7672-2.2-6", "7671-10.3-2"),
        harm=Harm.SECURITY,
        rules=broken(level_if_tlsa_unusable=always(Level.MAY)),
    ),
    Mutant(
        name="unusable-tlsa-means-skip",
        tells="Hosts whose TLSA records are all unusable get no mail.",
        breaks=("7672-2.2-5", "7671-10.3-3"),
        harm=Harm.DELIVERY,
        rules=broken(level_if_tlsa_unusable=always(Level.SKIP)),
    ),
    Mutant(
        name="unusable-tlsa-means-authenticate",
        tells="Hosts whose TLSA records are all unusable have to be authenticated by them.",
        breaks=("7672-2.2-5", "7671-10.3-3"),
        harm=Harm.DELIVERY,
        rules=broken(level_if_tlsa_unusable=always(Level.AUTHENTICATE)),
    ),
    Mutant(
        name="unusable-tlsa-will-do-mandatory",
        tells="Mandatory DANE is content with TLS where all TLSA records are unusable.",
        breaks=("7672-6-1", "7671-10.3-1", "7672-2.2-12"),
        harm=Harm.SECURITY,
        rules=broken(level_if_tlsa_unusable=always(Level.ENCRYPT)),
        mode=Mode.MANDATORY,
    ),
    Mutant(
        name="absent-tlsa-means-skip",
        tells="Hosts without TLSA records get no mail.",
        breaks=("7672-2.2-7", "7672-2.2.1-13", "7672-2.2.2-6"),
        harm=Harm.DELIVERY,
        rules=broken(level_if_tlsa_absent=always(Level.SKIP)),
    ),
    Mutant(
        name="absent-tlsa-means-encrypt",
        tells="Hosts without TLSA records get no mail unless they speak TLS.",
        breaks=("7672-2.2-8", "7672-2.2.2-6", "7672-2.2-16"),
        harm=Harm.DELIVERY,
        rules=broken(level_if_tlsa_absent=always(Level.ENCRYPT)),
    ),
    Mutant(
        name="absent-tlsa-will-do-mandatory",
        tells="Mandatory DANE falls back to opportunistic TLS where there are no TLSA records.",
        breaks=("7672-6-1", "7672-2.2-12"),
        harm=Harm.SECURITY,
        rules=broken(level_if_tlsa_absent=always(Level.MAY)),
        mode=Mode.MANDATORY,
    ),
    Mutant(
        name="absent-tlsa-means-encrypt-mandatory",
        tells="Mandatory DANE is content with TLS where there are no TLSA records.",
        breaks=("7672-6-1", "7672-2.2-12"),
        harm=Harm.SECURITY,
        rules=broken(level_if_tlsa_absent=always(Level.ENCRYPT)),
        mode=Mode.MANDATORY,
    ),
    Mutant(
        name="failed-tlsa-means-may-mandatory",
        tells="Mandatory DANE gives the mail away where the TLSA lookup failed.",
        breaks=("7672-2.1.2-5", "7672-2.1.2-4"),
        harm=Harm.SECURITY,
        rules=broken(level_if_tlsa_unknown=always(Level.MAY)),
        mode=Mode.MANDATORY,
    ),
)
