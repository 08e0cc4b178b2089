"""DANE-TA(2): anchors, paths and the names in certificates; every rule dropped, and rules added."""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.x509.oid import NameOID

from harness.sender import identifiers, pkix
from harness.sender.tlsa import Selector

from .model import RIGHT, Harm, Mutant, always, broken

_PATH = ("6698-2.1.1-2", "7672-3.2-2")
_LONG_AGO = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)


def _overlooks(name: str, complaint: str, tells: str, *breaks: str) -> Mutant:
    """One thing that OpenSSL complains about is overlooked."""

    def path_fault(_: object, chain: tuple[bytes, ...], *, anchor: bytes) -> str | None:
        found = RIGHT.path_fault(chain, anchor=anchor)
        return None if found is not None and complaint in found else found

    return Mutant(
        name=name, tells=tells, breaks=(*breaks, *_PATH), harm=Harm.SECURITY, rules=broken(path_fault=path_fault)
    )


def common_names(certificate: bytes) -> tuple[str, ...]:
    """The common names of a certificate in DER."""
    subject = x509.load_der_x509_certificate(certificate).subject
    return tuple(str(each.value) for each in subject.get_attributes_for_oid(NameOID.COMMON_NAME))


def _addresses(certificate: bytes) -> bool:
    try:
        extensions = x509.load_der_x509_certificate(certificate).extensions
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    return bool(names.get_values_for_type(x509.IPAddress))


def _names_purpose(certificate: bytes) -> bool:
    extensions = x509.load_der_x509_certificate(certificate).extensions
    return any(isinstance(each.value, x509.ExtendedKeyUsage) for each in extensions)


MUTANTS = (
    Mutant(
        name="ta-always-matches",
        tells="A DANE-TA record of whatever authority will do.",
        breaks=("7672-3.2-2", "6698-2.1.1-1", "7672-9.1-2"),
        harm=Harm.SECURITY,
        rules=broken(trust_anchor_fault=always(None)),
    ),
    Mutant(
        name="ta-never-matches",
        tells="No DANE-TA record will do.",
        breaks=("6698-2.1.1-1", "7672-2.2-2"),
        harm=Harm.DELIVERY,
        rules=broken(trust_anchor_fault=always("no match")),
    ),
    Mutant(
        name="ta-judged-as-ee",
        tells="DANE-TA records are held against the server's own certificate only.",
        breaks=("6698-2.1.1-1", "7672-3.2.2-1", "6698-6-3"),
        harm=Harm.DELIVERY,
        rules=broken(fault=lambda _, record, **facts: RIGHT.end_entity_fault(record, **facts)),
    ),
    Mutant(
        name="every-certificate-is-an-anchor",
        tells="Every certificate that the server sends is a trust anchor.",
        breaks=("6698-2.1.1-1", "7672-3.2-2", "7672-2.2-2"),
        harm=Harm.SECURITY,
        rules=broken(anchors_in_chain=lambda _, record, *, chain: chain),
    ),
    Mutant(
        name="anchor-only-on-top",
        tells="Only the last certificate that the server sends can be the trust anchor.",
        breaks=("6698-2.1.1-1", "7671-5.2.3-2"),
        harm=Harm.DELIVERY,
        rules=broken(
            anchors_in_chain=lambda _, record, *, chain: RIGHT.anchors_in_chain(record, chain=chain[-1:]),
        ),
    ),
    Mutant(
        name="anchor-only-next-to-leaf",
        tells="Only the second certificate that the server sends can be the trust anchor.",
        breaks=("6698-2.1.1-1", "7671-5.2.3-2"),
        harm=Harm.DELIVERY,
        rules=broken(
            anchors_in_chain=lambda _, record, *, chain: RIGHT.anchors_in_chain(record, chain=chain[1:2]),
        ),
    ),
    Mutant(
        name="leaf-is-no-anchor",
        tells="A DANE-TA record cannot name the server's own certificate.",
        breaks=("6698-A.1-1",),
        harm=Harm.DELIVERY,
        rules=broken(
            anchors_in_chain=lambda _, record, *, chain: RIGHT.anchors_in_chain(record, chain=chain[1:]),
        ),
    ),
    Mutant(
        name="no-anchor-from-dns",
        tells="An anchor that stands in DNS in full has to be sent by the server too.",
        breaks=("7671-5.2.2-1", "7671-5.2.3-1"),
        harm=Harm.DELIVERY,
        rules=broken(anchors_from_dns=always(())),
    ),
    Mutant(
        name="no-bare-key-from-dns",
        tells="The bare key of an anchor that stands in DNS does not do without its certificate.",
        breaks=("7671-5.2.3-1",),
        harm=Harm.DELIVERY,
        rules=broken(
            anchors_from_dns=lambda _, record, *, chain: (
                RIGHT.anchors_from_dns(record, chain=chain) if record.selector == Selector.CERT else ()
            )
        ),
    ),
    Mutant(
        name="bare-key-from-dns-not-tried",
        tells="With 2 1 0 the top of the chain counts as the anchor, whoever signed it.",
        breaks=("7671-5.2.3-1", "7672-3.2-2"),
        harm=Harm.SECURITY,
        rules=broken(
            anchors_from_dns=lambda _, record, *, chain: (
                (pkix.top_of_chain(chain),)
                if record.matching_type == 0 and record.selector == Selector.SPKI
                else RIGHT.anchors_from_dns(record, chain=chain)
            )
        ),
    ),
    Mutant(
        name="anchor-has-to-be-root",
        tells="A trust anchor has to be self-signed.",
        breaks=("6698-2.1.1-2", "6698-2.1.1-1", "7671-5.2.3-2"),
        harm=Harm.DELIVERY,
        rules=broken(path_flags=always(0)),
    ),
    Mutant(
        name="path-judged-long-ago",
        tells="Paths are judged by the dates of another time than now.",
        breaks=("6698-2.1.1-2", "6698-2.1.1-1"),
        harm=Harm.DELIVERY,
        rules=broken(path_time=always(_LONG_AGO)),
    ),
    Mutant(
        name="no-path-needed",
        tells="A certificate of the anchor somewhere in the chain is enough, whether or not it issued anything.",
        breaks=_PATH,
        harm=Harm.SECURITY,
        rules=broken(path_fault=always(None)),
    ),
    Mutant(
        name="no-path-holds",
        tells="No path to an anchor is valid.",
        breaks=("6698-2.1.1-1", "6698-2.1.1-2"),
        harm=Harm.DELIVERY,
        rules=broken(path_fault=always("no path")),
    ),
    _overlooks("expired-path", "expired", "DANE-TA: certificates that have expired will do."),
    _overlooks("future-path", "not yet valid", "DANE-TA: certificates that are not valid yet will do."),
    _overlooks("any-issuer", "invalid CA certificate", "DANE-TA: certificates may be issued by who is no authority."),
    _overlooks("path-length-ignored", "path length", "DANE-TA: path lengths do not count."),
    _overlooks("excluded-names-ignored", "excluded subtree", "DANE-TA: name constraints do not count."),
    _overlooks("critical-extension-ignored", "critical extension", "DANE-TA: critical extensions do not count."),
    _overlooks("broken-signature", "signature failure", "DANE-TA: signatures need not hold."),
    Mutant(
        name="anchor-constraints-ignored",
        tells="What the trust anchor's own certificate says, its dates, flags and constraints, does not count.",
        breaks=("7672-3.1.2-4", "7671-5.2.1-1"),
        harm=Harm.WARNING,
        rules=broken(
            path_fault=lambda _, chain, *, anchor: (
                None
                if RIGHT.path_fault(chain, anchor=anchor) is None or pkix.top_of_chain(chain) == anchor
                else "no path"
            )
        ),
    ),
    Mutant(
        name="purpose-not-checked",
        tells="DANE-TA: a certificate for TLS clients will do.",
        breaks=("6698-2.1.1-2",),
        harm=Harm.WARNING,
        rules=broken(purpose_is_acceptable=always(True)),
    ),
    Mutant(
        name="purpose-has-to-be-named",
        tells="DANE-TA: a certificate that does not name its purpose is refused.",
        breaks=("6698-2.1.1-2", "6698-2.1.1-1"),
        harm=Harm.DELIVERY,
        rules=broken(
            purpose_is_acceptable=lambda _, certificate: (
                _names_purpose(certificate) and RIGHT.purpose_is_acceptable(certificate)
            )
        ),
    ),
    Mutant(
        name="names-not-checked",
        tells="DANE-TA: any certificate of the anchor will do, whoever it names.",
        breaks=("7672-3.2.2-1", "7672-3.1.2-1", "7671-5.2-2", "7672-3.2.3-2"),
        harm=Harm.SECURITY,
        rules=broken(names_are_acceptable=always(True)),
    ),
    Mutant(
        name="names-never-match",
        tells="DANE-TA: no name in a certificate will do.",
        breaks=("7672-3.2.2-2", "7672-3.2.2-1", "7672-3.1.2-1"),
        harm=Harm.DELIVERY,
        rules=broken(identifier_matches=always(False)),
    ),
    Mutant(
        name="all-names-have-to-match",
        tells="DANE-TA: every name in the certificate has to be an accepted one.",
        breaks=("7672-3.2.3-2",),
        harm=Harm.DELIVERY,
        rules=broken(
            names_are_acceptable=lambda _, certificate, *, references: all(
                any(RIGHT.identifier_matches(name, reference=each) for each in references)
                for name in RIGHT.presented_identifiers(certificate)
            )
        ),
    ),
    Mutant(
        name="only-first-name",
        tells="DANE-TA: only the first name in the certificate is looked at.",
        breaks=("7672-3.2.3-2",),
        harm=Harm.DELIVERY,
        rules=broken(presented_identifiers=lambda _, certificate: identifiers.dns_ids(certificate)[:1]),
    ),
    Mutant(
        name="common-name-counts",
        tells="DANE-TA: the common name counts beside DNS names.",
        breaks=("7672-3.2.3-1", "9525-2-1"),
        harm=Harm.SECURITY,
        rules=broken(
            presented_identifiers=lambda _, certificate: (
                *identifiers.dns_ids(certificate),
                *common_names(certificate),
            )
        ),
    ),
    Mutant(
        name="common-name-where-none-else",
        tells="DANE-TA: the common name counts where there is no DNS name.",
        breaks=("9525-2-1", "7672-3.2.3-1"),
        harm=Harm.WARNING,
        rules=broken(
            presented_identifiers=lambda _, certificate: identifiers.dns_ids(certificate) or common_names(certificate)
        ),
    ),
    Mutant(
        name="address-for-a-name",
        tells="DANE-TA: a certificate for an IP address will do.",
        breaks=("7671-10.2-2", "7672-3.2.2-1"),
        harm=Harm.SECURITY,
        rules=broken(
            names_are_acceptable=lambda _, certificate, *, references: (
                _addresses(certificate) or RIGHT.names_are_acceptable(certificate, references=references)
            )
        ),
    ),
)
