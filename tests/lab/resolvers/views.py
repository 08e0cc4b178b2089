"""Where real resolvers rightly or knowingly see something else than the simulated one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from harness.lab.resolvers.software import ResolverSoftware
from tests.support.findings import Question, Status


@dataclass(frozen=True)
class View:
    """Where a resolver sees something else than the simulated one."""

    software: ResolverSoftware
    questions: str
    """Regular expression for the questions."""
    sees: frozenset[Status]
    """`failed` is SERVFAIL, for whatever reason."""
    why: str


DIFFERENT_VIEWS = (
    View(
        ResolverSoftware.UNBOUND,
        r"^_25\._tcp\.gone\.mx-nxdomain-bogus\.example\. TLSA$",
        frozenset({Status.FAILED}),
        "On its way down (RFC 9156) it may meet the name above, whose denial is bogus, and asks for the DS there.",
    ),
    View(
        ResolverSoftware.BIND,
        r"data-empty.* TLSA$|rdata-truncated.* TLSA$",
        frozenset({Status.FAILED}),
        "Its parser refuses a TLSA record without association data, and so the message; it may call it malformed.",
    ),
    View(
        ResolverSoftware.BIND,
        r"labels-high.* TLSA$",
        frozenset({Status.SECURE}),
        "9.18 does not compare the labels field with the owner name; RFC 4035 section 5.3.1 demands it.",
    ),
    View(
        ResolverSoftware.BIND,
        r"(zsk-no-zone-flag-[a-z-]+|z-f-no-zone-key-flag)\.example\. DNSKEY$",
        frozenset({Status.SECURE}),
        "9.18 takes a DNSKEY RRset that a DS vouches for, whatever its flags; all other data there is bogus for it.",
    ),
    *(
        View(
            software,
            r"nsec3-unknown-flags",
            frozenset({Status.SECURE}),
            "It heeds NSEC3 records with unknown flags; RFC 5155 section 8.2 has such records ignored.",
        )
        for software in (ResolverSoftware.BIND, ResolverSoftware.KNOT, ResolverSoftware.POWERDNS)
    ),
    View(
        ResolverSoftware.KNOT,
        r"_tcp\.mx1\.(tlsa-insecure-subzone|z-unsigned-below-signed)|deep\.below\.z-unsigned-below-nsec3",
        frozenset({Status.FAILED, Status.SECURE}),
        "5.6 looks for an unsigned cut one label below the zone only: with none of the signatures it expects it asks "
        "for the DS there again and again, and gives up (`continuous revalidation`). RFC 4035 section 5.2 would have "
        "it go on to the cut. With a denial of the subzone kept from before, it takes that for the upper zone's word.",
    ),
    View(
        ResolverSoftware.KNOT,
        r"^hosts?\.(ds-removed-s1|insecurity-in-cache|ds-absent-nsec3-tld)\.example\. CNAME$",
        frozenset({Status.SECURE}),
        "It denies by itself what the record that denied the DS does not list, though that is the upper zone's and "
        "says nothing of the lower one. A deviation from RFC 6840 section 4.1.",
    ),
    View(
        ResolverSoftware.KNOT,
        r"insecure-proof-forged|no-ns-bit",
        frozenset({Status.SECURE}),
        "It keeps the NSEC record that denies the DS, sees no NS bit in it, and concludes that there is no cut and "
        "nothing else either. RFC 8198 section 5.1 permits it: the record is signed.",
    ),
    View(
        ResolverSoftware.KNOT,
        r"do-stripped-address|missing-sig-address|mx-nxdomain-bogus|no-wildcard-proof|nsec3-(iter-forged|unknown-hash)"
        r"|noproof",
        frozenset({Status.SECURE}),
        "Where it has met the true proof in another answer, it denies the name or expands the wildcard by itself, as "
        "RFC 8198 permits, and does not see the broken answer. 5.6 cannot be told to ask nevertheless.",
    ),
    View(
        ResolverSoftware.KNOT,
        r"^(nsec3-iter-high|z-nsec3-2500)\.example\. SOA$",
        frozenset({Status.INSECURE}),
        "It keeps the SOA record that came with an insecure denial, and takes it for no better when it is asked for.",
    ),
    View(
        ResolverSoftware.KNOT,
        r"truncated?-no-tcp\.example\. (NS|A)$",
        frozenset({Status.FAILED}),
        "A server that has just refused TCP is passed over for the next question.",
    ),
    View(
        ResolverSoftware.KNOT,
        r"^(hosts\.(ds-removed-s1|insecurity-in-cache)|host\.ds-(absent-nsec3|optout)-tld|_tcp\.mx1\.z-signed-below-unsigned"
        r"|below\.z-unsigned-below-opt-out)\.example\. DNSKEY$",
        frozenset({Status.FAILED}),
        "5.6 gives no DNSKEY answer where it knows the zone below a cut to be insecure. Nobody needs these keys.",
    ),
    View(
        ResolverSoftware.POWERDNS,
        r"^(hosts\.(ds-removed-s1|insecurity-in-cache)|_tcp\.mx1\.z-signed-below-unsigned)\.example\. A$",
        frozenset({Status.SECURE}),
        "4.8 asks for A on its way down and keeps the denial of the subzone, whose cut it has not met, as secure, "
        "though no DS leads there. A deviation from RFC 4035 section 4.3.",
    ),
    View(
        ResolverSoftware.POWERDNS,
        r"z-f-dnskey-(corrupt|expired)-rrsig",
        frozenset({Status.SECURE}),
        "4.8 does not check the signature over the keys when the DS records vouch for every one of them. RFC 4035 "
        "section 5.2 demands a signature that is valid; nobody without the key gains by it.",
    ),
    View(
        ResolverSoftware.POWERDNS,
        r"nsec3-unknown-hash",
        frozenset({Status.SECURE}),
        "4.8 takes an unknown NSEC3 hash algorithm for SHA-1; RFC 5155 section 8.1 has such records ignored.",
    ),
    View(
        ResolverSoftware.POWERDNS,
        r"rdata-truncated.* TLSA$",
        frozenset({Status.FAILED}),
        "Its parser refuses a TLSA record of one octet, and so the message; it may call it malformed.",
    ),
)
"""Everything that was found, with its cause. Patterns may match more questions than differ."""

UNCHECKED_VIEWS = (
    View(
        ResolverSoftware.BIND,
        r"^ns1\..*(_tcp\.mx1|below|hosts?)\..* A$",
        frozenset({Status.FAILED}),
        "Where one server holds a zone and the one below, it learns the lower one's NS from an answer and takes no "
        "address from there; the server's own address is then a question whose answer needs itself (`loop detected`).",
    ),
    View(
        ResolverSoftware.KNOT,
        r"labels-high.* TLSA$",
        frozenset({Status.INSECURE}),
        "It leaves signatures out whose labels field cannot be right; nobody could have used them.",
    ),
    View(
        ResolverSoftware.POWERDNS,
        r"(dnskey|ds)-timeout|indeterminate-provider|z-f-(dnskey|ds)-(drop|servfail)",
        frozenset({Status.FAILED}),
        "4.8 ends a lookup when DS or DNSKEY records cannot be had, with checking disabled as well. RFC 4035 section "
        "3.2.2 would have it hand out the data; a client that asked for the keys would get no further either.",
    ),
    View(
        ResolverSoftware.POWERDNS,
        r"mx-nxdomain-bogus|nsec-missing-nxdomain|dom-cname-bogus|no-wildcard-proof|no-encloser",
        frozenset({Status.FAILED}),
        "4.8 validates with checking disabled as well, only to leave the result unsaid; it looks for a missed zone cut "
        "where a denial or an alias is bogus, meets the bogus DS answer there, and goes round until a limit ends it.",
    ),
)
"""The same with checking disabled; `insecure` is any answer."""


HARMLESS = {
    (ResolverSoftware.KNOT, "do-stripped-address"): "With AAAA denied by itself, the A records still cannot be had.",
    (ResolverSoftware.KNOT, "missing-sig-address"): "With AAAA denied by itself, the A records still cannot be had.",
    (ResolverSoftware.KNOT, "mx-nxdomain-bogus"): "When the MX lookup has failed nobody asks for the address.",
    (ResolverSoftware.KNOT, "ds-absent-nsec3"): "The address, which is looked at first, is insecure.",
    (ResolverSoftware.KNOT, "ds-removed"): "The address, which is looked at first, is insecure.",
    (ResolverSoftware.KNOT, "insecurity-in-cache"): "The address, which is looked at first, is insecure.",
    (ResolverSoftware.POWERDNS, "ds-removed"): "It is about the zone's own name, and no mail host is called that.",
    (ResolverSoftware.POWERDNS, "insecurity-in-cache"): "Likewise.",
}
"""Scenarios in which senders are told something else, and it comes to the same; with the reason."""

BY_ORDER = {
    (ResolverSoftware.KNOT, "nsec-no-wildcard-proof"): "Some senders ask first what leads it to the missing proof.",
}
"""Departures that come about in another order of questions than the one here; with the reason."""


def known(views: Iterable[View], software: ResolverSoftware, question: Question, status: Status) -> View | None:
    """The view that this answer is, if it is one."""
    return next(
        (
            view
            for view in views
            if view.software is software and status in view.sees and re.search(view.questions, str(question))
        ),
        None,
    )
