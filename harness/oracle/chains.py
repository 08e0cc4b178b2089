"""When a server's certificates satisfy one TLSA record (RFC 7672 sections 3.1 and 3.2, RFC 7671 section 5)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise, product

from harness.scenario.models import Choice

from .certificate import Certificate
from .facts import TlsaRecord
from .names import References, any_equal, bears_name
from .stance import UNDECLARED, Point, Stance

Answers = tuple[tuple[bool, Choice | None], ...]
"""Each answer that conforms, with the choice that leads to it (None: none that has a name); the usual one first."""

YES: Answers = ((True, None),)
NO: Answers = ((False, None),)


class Treatment(StrEnum):
    """As what a sender takes a record of some usage."""

    DANE_TA = "dane-ta"
    """Usage 2 (RFC 7672 section 3.1.2)."""
    DANE_EE = "dane-ee"
    """Usage 3 (RFC 7672 section 3.1.1)."""
    PKIX_TA = "pkix-ta"
    """Usage 0 as RFC 6698 means it, which RFC 7672 section 3.1.3 leaves undefined."""
    PKIX_EE = "pkix-ee"
    """Usage 1, likewise."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a server shows, and what it is held against."""

    chain: tuple[Certificate, ...]
    """The server's own certificate first."""
    references: References
    public: Mapping[str, Certificate]
    """Authorities that everybody trusts, by fingerprint: for usages 0 and 1 as RFC 6698 means them."""
    stance: Stance = UNDECLARED
    """What the sender declares that looks at it."""


def satisfies(record: TlsaRecord, treatment: Treatment, shown: Shown) -> Answers:
    """Whether the record authenticates the server (section 3.2)."""
    match treatment:
        case Treatment.DANE_EE:
            return end_entity(record, shown)
        case Treatment.DANE_TA:
            return trust_anchor(record, shown)
        case Treatment.PKIX_EE:
            return all_of(_fits(record, shown.chain[0]), publicly_valid(shown))
        case Treatment.PKIX_TA:
            line = next(_lines(shown.chain, shown.public, shown.public.keys()), ())
            fits = any(certificate.fingerprint in record.matches for certificate in line[1:])
            return all_of(YES if fits else NO, publicly_valid(shown))


def end_entity(record: TlsaRecord, shown: Shown) -> Answers:
    """DANE-EE(3): the server's own certificate matches, and nothing else counts.

    Sections 3.1.1 and 3.2.1: neither names nor dates (7672-3.1.1-1, -2, -3, 7672-3.2.1-1). What a TLS library makes of
    key usage, unknown extensions and revocation lists is its own affair.
    """
    leaf = shown.chain[0]
    answers = all_of(_fits(record, leaf), _unrevoked(leaf, shown))
    if leaf.has_strange_extension or not leaf.signs_handshakes:
        answers = all_of(answers, ((True, None), (False, Choice.X509_POLICY)))
    return answers


def _unrevoked(certificate: Certificate, shown: Shown) -> Answers:
    """Whether it passes for one that is not revoked: no sender has to ask (RFC 7672 section 4, 7671-4.2)."""
    if not certificate.is_revoked:
        return YES
    ways = {"not-checked": (True, None), "checked": (False, Choice.X509_POLICY)}
    return shown.stance.left(Point.REVOCATION, ways)


def trust_anchor(record: TlsaRecord, shown: Shown) -> Answers:
    """DANE-TA(2): a valid path from the server's certificate to the matching one, and a name (3.1.2, 3.2.2)."""
    leaf = shown.chain[0]
    anchors = {each.fingerprint: each for each in shown.chain if each.fingerprint in record.matches}
    if leaf.fingerprint in anchors:
        # RFC 6698 appendix A.1 foresees it, and some libraries do not, or look further up all the same. What a
        # record holds in full may count as an anchor in DNS.
        ways = {"refused": (False, None), "accepted": (True, Choice.EE_AS_TA)}
        is_sound = all_of(_path(shown.chain, shown), _order(shown.chain)) == YES
        is_plain = is_sound and record.holds is None and not record.signed
        stance = shown.stance if is_plain else UNDECLARED
        return all_of(stance.left(Point.EE_AS_TA, ways), _suits(leaf, shown))
    if not anchors and record.holds is not None:
        # RFC 7671 section 5.2.2: the certificate in DNS is the anchor, in the handshake or not (7671-5.2.2-1).
        anchors = {record.holds.fingerprint: record.holds}
    if not anchors and record.signed:
        # RFC 7671 section 5.2.3: recommended only, and RFC 7672 section 3.1.2 knows clients that cannot.
        paths = (_path(line, shown) for line in _lines(shown.chain, {}, record.signed))
        taken = {"taken": (True, None), "not-taken": (False, Choice.FULL_TA_IN_DNS)}
        return all_of(_any(*paths), shown.stance.left(Point.FULL_TA_IN_DNS, taken), _suits(leaf, shown))
    paths = (
        all_of(_path(line[:-1], shown), _anchor(line, record, shown))
        for line in _lines(shown.chain, anchors, anchors.keys())
    )
    return all_of(_any(*paths), _order(shown.chain), _suits(leaf, shown))


def _order(chain: tuple[Certificate, ...]) -> Answers:
    """Each certificate certifies the one before it (RFC 5246 section 7.4.2); not every client minds."""
    orderly = all(above.fingerprint in each.issued_by for each, above in pairwise(chain))
    return YES if orderly else ((True, None), (False, Choice.X509_POLICY))


def _fits(record: TlsaRecord, certificate: Certificate) -> Answers:
    return YES if certificate.fingerprint in record.matches else NO


def _suits(leaf: Certificate, shown: Shown) -> Answers:
    """What is asked of a server's certificate itself: a name, a purpose."""
    answers = all_of(tuple(bears_name(leaf, shown.references, shown.stance)), _unrevoked(leaf, shown))
    if not leaf.is_for_servers:
        purpose = {"checked": (False, None), "ignored": (True, Choice.X509_POLICY)}
        answers = all_of(answers, shown.stance.left(Point.EXTENDED_KEY_USAGE, purpose))
    if not leaf.signs_handshakes:
        answers = all_of(answers, ((True, None), (False, Choice.X509_POLICY)))
    return answers


def publicly_valid(shown: Shown) -> Answers:
    """Validation against the public authorities (RFC 5280 section 6)."""
    lines = _lines(shown.chain, shown.public, shown.public.keys())
    return all_of(_any(*(_path(line[:-1], shown) for line in lines)), _suits(shown.chain[0], shown))


def _path(line: tuple[Certificate, ...], shown: Shown) -> Answers:
    """Whether the certificates below an anchor, the server's first, form a valid path (RFC 5280 section 6.1)."""
    for place, certificate in enumerate(line):
        if not certificate.in_date or certificate.has_strange_extension:
            return NO
        if place and not (certificate.is_ca and _is_long_enough(certificate, line[:place])):
            return NO
        if place and not _allows_names(certificate, line[:place]):
            return NO
    answers = YES
    if any(certificate.is_weak for certificate in line):
        answers = ((False, None), (True, Choice.CRYPTO_POLICY))
    answers = all_of(answers, *(_unrevoked(certificate, shown) for certificate in line[1:]))
    if not all(certificate.is_for_servers for certificate in line[1:]):
        answers = all_of(answers, ((True, None), (False, Choice.X509_POLICY)))
    return answers


def _anchor(line: tuple[Certificate, ...], record: TlsaRecord, shown: Shown) -> Answers:
    """What the anchor's own certificate says of itself: to be heeded with 2 0 x (SHOULD), free otherwise.

    RFC 7672 section 3.1.2, RFC 7671 section 5.2.1, RFC 6698 section 8 (7672-3.1.2-4, 7671-5.2.1-1, 6698-8-1).
    """
    below, anchor = line[:-1], line[-1]
    ways = {"checked": (False, None), "ignored": (True, Choice.TA_CONSTRAINTS)}
    by_length = Point.TA_PATH_LENGTH_SPKI if record.selector else Point.TA_PATH_LENGTH
    kept = {
        Point.TA_EXPIRY: anchor.in_date,
        Point.TA_BASIC_CONSTRAINTS: anchor.is_ca,
        by_length: _is_long_enough(anchor, below),
        Point.TA_NAME_CONSTRAINTS: _allows_names(anchor, below),
    }
    answers = all_of(*(shown.stance.left(point, ways) for point, is_kept in kept.items() if not is_kept))
    return all_of(answers, tuple(ways.values())) if anchor.has_strange_extension else answers


def _is_long_enough(issuer: Certificate, below: tuple[Certificate, ...]) -> bool:
    """Path length of a CA (RFC 5280 section 4.2.1.9)."""
    counted = [each for each in below[1:] if each.fingerprint not in each.issued_by]
    return issuer.path_length is None or len(counted) <= issuer.path_length


def _allows_names(issuer: Certificate, below: tuple[Certificate, ...]) -> bool:
    """Name constraints of a CA (RFC 5280 section 4.2.1.10)."""
    names = [name for each in below for name in each.dns_names]
    if any(_is_within(name, tree) for name in names for tree in issuer.excluded):
        return False
    return not issuer.permitted or all(any(_is_within(name, tree) for tree in issuer.permitted) for name in names)


def _is_within(name: str, tree: str) -> bool:
    """Whether a DNS name lies in the subtree (RFC 5280 section 4.2.1.10)."""
    bare = tree.removeprefix(".").lower()
    return any_equal((name,), (bare,)) or name.lower().endswith(f".{bare}")


def _lines(
    chain: tuple[Certificate, ...], anchors: Mapping[str, Certificate], wanted: Collection[str]
) -> Iterator[tuple[Certificate, ...]]:
    """Every way from the server's certificate, from issuer to issuer, to one that is wanted.

    `anchors` are certificates that need not be among those shown.
    """
    known = {**{each.fingerprint: each for each in chain}, **anchors}

    def up(line: tuple[Certificate, ...]) -> Iterator[tuple[Certificate, ...]]:
        if line[-1].fingerprint in wanted:
            yield line
            return
        for issuer in sorted(line[-1].issued_by & known.keys()):
            if known[issuer] not in line:
                yield from up((*line, known[issuer]))

    if chain:
        yield from up((chain[0],))


def all_of(*answers: Answers) -> Answers:
    """Both this and that."""
    found: dict[bool, Choice | None] = {}
    for chosen in product(*answers):
        verdict = all(answer for answer, _ in chosen)
        found.setdefault(verdict, next((choice for _, choice in chosen if choice is not None), None))
    return tuple(found.items())


def _any(*answers: Answers) -> Answers:
    """This or that; nothing at all is no."""
    return tuple((not answer, choice) for answer, choice in all_of(*(_not(each) for each in answers)))


def _not(answers: Answers) -> Answers:
    return tuple((not answer, choice) for answer, choice in answers)
