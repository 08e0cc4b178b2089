"""What a DNS reply is taken for: failures for absence, and the bits and codes that say what a reply is worth."""

from __future__ import annotations

from harness.sender.answer import Answer
from harness.sender.dnswire import RdType
from harness.sender.errors import Failure
from harness.sender.policy import Mode

from .model import Harm, Mutant, always, broken

_BREAKS = {
    RdType.MX: ("7672-2.1.2-1", "5321-5.1-4", "7672-2.1.1-9"),
    RdType.A: ("7672-2.2.2-10", "7672-2.1.1-9"),
    RdType.AAAA: ("7672-2.2.2-10", "7672-2.1.1-9"),
    RdType.CNAME: ("7672-2.2.2-10", "7672-2.1.1-9"),
    RdType.TLSA: ("7672-2.1.2-5", "7672-2.1.2-4", "7672-2.2.1-14", "7672-2.1.1-9"),
}
_HARM = {RdType.A: Harm.DELIVERY, RdType.AAAA: Harm.WARNING}
_SAID = {
    Failure.SERVFAIL: "answered with SERVFAIL",
    Failure.REFUSED: "refused",
    Failure.NOTIMP: "answered with NOTIMP",
    Failure.FORMERR: "answered with FORMERR",
    Failure.TRUNCATED: "answered with a truncated reply, over TCP too",
    Failure.UNREADABLE: "answered with octets that cannot be read",
}


def _taken_for_absence(rdtype: RdType, failure: Failure) -> Mutant:
    def failure_is_absence(_: object, answer: Answer, *, rdtype: RdType) -> bool:
        return rdtype == wanted and answer.failure is failure

    wanted = rdtype
    return Mutant(
        name=f"{rdtype.name.lower()}-{failure}-is-absence",
        tells=f"A question for {rdtype.name} that is {_SAID[failure]} counts as if there were no such record.",
        breaks=_BREAKS[rdtype],
        harm=_HARM.get(rdtype, Harm.SECURITY),
        rules=broken(failure_is_absence=failure_is_absence),
    )


def _only(*failures: Failure) -> type:
    def failure_is_absence(_: object, answer: Answer, *, rdtype: RdType) -> bool:
        del rdtype
        return answer.failure in failures

    return broken(failure_is_absence=failure_is_absence)


MUTANTS = (
    *(_taken_for_absence(rdtype, failure) for rdtype in _BREAKS for failure in _SAID),
    Mutant(
        name="every-failure-is-absence",
        tells="Any failed lookup counts as if there were no such record.",
        breaks=("7672-2.1.1-9", "7672-2.1.2-5", "7672-2.1.2-1"),
        harm=Harm.SECURITY,
        rules=broken(failure_is_absence=always(True)),
    ),
    Mutant(
        name="silence-is-absence",
        tells="A question that the resolver never answers counts as if there were no such record.",
        breaks=("7672-2.1.1-9", "7672-2.1.2-5"),
        harm=Harm.SECURITY,
        rules=_only(Failure.SILENCE),
        argument=(
            "The lab's resolvers answer SERVFAIL when name servers are silent, as resolvers do, and are never silent "
            "themselves: a run would have to wait for every target's own patience, which is half a minute and more. "
            "tests/sender/test_loopback_lookups.py shows that the built-in sender takes silence for a failure."
        ),
    ),
    Mutant(
        name="endless-alias-is-absence",
        tells="A chain of aliases without end counts as if there were no such record.",
        breaks=("7672-2.1.3-2", "7672-2.1.1-9"),
        harm=Harm.SECURITY,
        rules=_only(Failure.ENDLESS),
        argument=(
            "A recursive resolver follows aliases itself and answers SERVFAIL where they have no end, so a stub behind "
            "one never meets such a chain (tlsa-cname-loop is about the answer it does meet)."
        ),
    ),
    Mutant(
        name="unknown-code-is-absence",
        tells="A response code that nobody knows counts as if there were no such record.",
        breaks=("7672-2.1.1-9",),
        harm=Harm.SECURITY,
        rules=_only(Failure.OTHER_CODE),
        argument=(
            "No resolver answers an ordinary question with a code beyond REFUSED but for reasons between it and its "
            "client (BADVERS, BADCOOKIE, NOTAUTH), none of which the owner of a zone or an attacker can cause."
        ),
    ),
    Mutant(
        name="only-servfail-is-failure",
        tells="REFUSED, NOTIMP and FORMERR are read as replies that happen to hold no records.",
        breaks=("7672-2.1.1-9", "7672-2.1.2-5", "7672-2.1.1-4"),
        harm=Harm.SECURITY,
        rules=broken(lookup_failed=lambda _, *, rcode: rcode == 2),
    ),
    Mutant(
        name="no-code-is-failure",
        tells="The response code is not looked at: a reply without records says that there are none.",
        breaks=("7672-2.1.1-9", "7672-2.1.1-4", "7672-2.1.2-5"),
        harm=Harm.SECURITY,
        rules=broken(lookup_failed=always(False)),
    ),
    Mutant(
        name="nxdomain-is-failure",
        tells="A name that provably does not exist counts as a failed lookup.",
        breaks=("7672-2.1.1-8", "5321-5.1-3", "5321-5.1-7"),
        harm=Harm.DELIVERY,
        rules=broken(lookup_failed=lambda _, *, rcode: rcode != 0),
    ),
    Mutant(
        name="insecure-is-failure",
        tells="An answer that is not secure counts as a failed lookup.",
        breaks=("7672-2.1.1-10", "7672-2.2.1-8", "7672-2.2.1-13"),
        harm=Harm.DELIVERY,
        rules=broken(
            address_lookup_failed=lambda _, answers: not all(each.secure for each in answers),
            destination_unknown=lambda _, mx: not mx.secure,
        ),
    ),
    Mutant(
        name="dnssec-not-asked-for",
        tells="Neither DO nor AD is set in a question, so the resolver never says what is secure.",
        breaks=("7672-2.1.1-1", "7672-2.1.1-6", "7672-3.2-2"),
        harm=Harm.SECURITY,
        rules=broken(sets_do=always(False), sets_ad=always(False)),
    ),
    Mutant(
        name="do-not-set",
        tells="DO is not set in a question, only AD.",
        breaks=("7672-2.1.1-1",),
        harm=Harm.WARNING,
        rules=broken(sets_do=always(False)),
        argument=(
            "AD in a question asks for AD in the reply as well as DO does (RFC 6840 section 5.7), so the sender learns "
            "the same; only a resolver older than 2013 would tell the two apart."
        ),
    ),
    Mutant(
        name="ad-not-set",
        tells="AD is not set in a question, only DO.",
        breaks=("6840-5.7-1",),
        harm=Harm.WARNING,
        rules=broken(sets_ad=always(False)),
        argument="With DO set the resolver says AD anyhow (RFC 4035 section 3.2.3), so nothing comes of it.",
    ),
    Mutant(
        name="checking-disabled",
        tells="CD is set, so the resolver hands bogus data over.",
        breaks=("4035-4.9.2-1", "7672-2.1.2-5", "6698-4.1-3"),
        harm=Harm.SECURITY,
        rules=broken(sets_cd=always(True)),
    ),
    Mutant(
        name="ad-taken-for-granted",
        tells="Every answer counts as secure.",
        breaks=("7672-2.1.1-3", "6698-4.1-4", "7672-2.2.1-13", "7672-2.1.1-10"),
        harm=Harm.DELIVERY,
        rules=broken(answer_is_secure=always(True)),
    ),
    Mutant(
        name="ad-taken-for-granted-mandatory",
        tells="Every answer counts as secure, and what was found in an unsigned zone is believed.",
        breaks=("6698-4.1-4", "7672-2.2.2-3", "7672-6-1", "7672-2.2-12", "7672-2.2.1-7"),
        harm=Harm.SECURITY,
        rules=broken(answer_is_secure=always(True)),
        mode=Mode.MANDATORY,
    ),
    Mutant(
        name="ad-never-believed",
        tells="No answer counts as secure.",
        breaks=("7672-2.1.1-3", "6698-4.1-2", "7672-3.2-2"),
        harm=Harm.SECURITY,
        rules=broken(answer_is_secure=always(False)),
    ),
    Mutant(
        name="one-secure-link-is-enough",
        tells="A chain of aliases counts as secure as soon as one link is.",
        breaks=("7672-2.1.3-3", "7672-2.1.1-10"),
        harm=Harm.DELIVERY,
        rules=broken(chain_is_secure=lambda _, before, this: before or this),
    ),
    Mutant(
        name="last-link-decides",
        tells="A chain of aliases counts as secure when its last link is.",
        breaks=("7672-2.1.3-3",),
        harm=Harm.SECURITY,
        rules=broken(chain_is_secure=lambda _, _before, this: this),
        argument=(
            "A recursive resolver answers with the whole chain at once, and its AD bit covers all of it; several "
            "replies for one chain, of which the last might decide, do not occur behind one."
        ),
    ),
    Mutant(
        name="alias-not-followed",
        tells="An alias without the target's data is not followed by a question of its own.",
        breaks=("7672-2.1.3-1",),
        harm=Harm.DELIVERY,
        rules=broken(asks_again_at_target=always(False)),
        argument=(
            "A recursive resolver answers with the whole chain and the data at its end (RFC 1034 section 4.3.2), so "
            "there is nothing left to ask."
        ),
    ),
    Mutant(
        name="one-alias-at-most",
        tells="A chain of two aliases counts as a failed lookup.",
        breaks=("7672-2.1.3-1",),
        harm=Harm.DELIVERY,
        rules=broken(alias_limit=always(2)),
    ),
    Mutant(
        name="truncated-reply-is-whole",
        tells="A truncated reply is not asked for again over TCP, and the records missing from it do not exist.",
        breaks=("7766-5-1", "4035-4.1-1", "7672-2.1.1-9"),
        harm=Harm.SECURITY,
        rules=broken(repeats_truncated_reply_over_tcp=always(False)),
    ),
    Mutant(
        name="one-datagram",
        tells="A question is sent once and not again, although UDP may lose it.",
        breaks=("7766-5-1",),
        harm=Harm.DELIVERY,
        rules=broken(udp_sendings=always(1)),
        argument="The lab loses no datagram between target and resolver; how often to ask is everybody's own affair.",
    ),
)
