"""DANE-EE(3), and how a record is compared with a certificate: every rule dropped, and rules added."""

from __future__ import annotations

from cryptography import x509

from harness.sender import pkix, tlsa
from harness.sender.tlsa import MatchingType, Selector, TlsaRecord

from .model import RIGHT, Harm, Mutant, always, broken
from .times import dates_hold


def _compared(
    record: TlsaRecord, certificate: bytes, *, selector: int | None = None, octets: int | None = None
) -> bool:
    content = tlsa.select(certificate, selector=record.selector if selector is None else selector)
    return tlsa.present(content, matching_type=record.matching_type)[:octets] == record.data[:octets]


def _self_issued(certificate: bytes) -> bool:
    loaded = x509.load_der_x509_certificate(certificate)
    return loaded.subject == loaded.issuer


def _is_authority(certificate: bytes) -> bool:
    try:
        extensions = x509.load_der_x509_certificate(certificate).extensions
        return extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, x509.ExtensionNotFound):
        return False


def _demands(name: str, tells: str, *breaks: str, acceptable: object, harm: Harm = Harm.DELIVERY) -> Mutant:
    """A usage 3 certificate has to be more than the one that was published."""
    rules = broken(end_entity_is_acceptable=acceptable)  # type: ignore[arg-type]
    return Mutant(name=name, tells=tells, breaks=breaks, harm=harm, rules=rules)


MUTANTS = (
    Mutant(
        name="ee-matches-anywhere",
        tells="DANE-EE is satisfied by any certificate that the server sends.",
        breaks=("7672-3.1.1-3", "6698-2.1.1-3", "7672-3.2-2"),
        harm=Harm.SECURITY,
        rules=broken(end_entity_certificates=lambda _, chain: chain),
    ),
    Mutant(
        name="ee-looks-at-the-last",
        tells="DANE-EE looks at the last certificate that the server sends.",
        breaks=("7672-3.1.1-3", "6698-2.1.1-3"),
        harm=Harm.DELIVERY,
        rules=broken(end_entity_certificates=lambda _, chain: chain[-1:]),
    ),
    Mutant(
        name="ee-always-matches",
        tells="A DANE-EE record of whatever key will do.",
        breaks=("7672-3.2-2", "6698-2.1.1-3", "7672-9.1-2"),
        harm=Harm.SECURITY,
        rules=broken(end_entity_fault=always(None)),
    ),
    Mutant(
        name="ee-never-matches",
        tells="No DANE-EE record will do.",
        breaks=("7672-3.1.1-3", "7672-3.2-1", "6698-2.1.1-3"),
        harm=Harm.DELIVERY,
        rules=broken(end_entity_fault=always("no match")),
    ),
    _demands(
        "ee-names-checked",
        "DANE-EE: the certificate has to bear the host's name.",
        *("7672-3.1.1-1", "7672-3.2.1-1", "7671-5.1-1"),
        acceptable=lambda _, certificate, *, references: RIGHT.names_are_acceptable(certificate, references=references),
    ),
    _demands(
        "ee-expiry-checked",
        "DANE-EE: the certificate may not have expired.",
        *("7672-3.1.1-2", "7671-5.1-2"),
        acceptable=lambda _, certificate, *, references: dates_hold(certificate, also_the_first=False),
    ),
    _demands(
        "ee-dates-checked",
        "DANE-EE: the certificate has to be valid already.",
        *("7671-5.1-2", "7672-3.1.1-2"),
        acceptable=lambda _, certificate, *, references: dates_hold(certificate),
    ),
    _demands(
        "ee-purpose-checked",
        "DANE-EE: the certificate has to be meant for TLS servers.",
        "6698-2.1.1-3",
        harm=Harm.WARNING,
        acceptable=lambda _, certificate, *, references: pkix.serves_as_server(certificate),
    ),
    _demands(
        "ee-issuer-checked",
        "DANE-EE: the certificate may not be self-signed.",
        *("6698-2.1.1-3", "7672-3.1.1-3", "7672-3.2-1"),
        acceptable=lambda _, certificate, *, references: not _self_issued(certificate),
    ),
    _demands(
        "ee-self-signed-only",
        "DANE-EE: the certificate has to be self-signed.",
        *("6698-2.1.1-3", "7672-3.1.1-3"),
        acceptable=lambda _, certificate, *, references: _self_issued(certificate),
    ),
    _demands(
        "ee-no-authority",
        "DANE-EE: the certificate may not call itself an authority.",
        *("6698-2.1.1-3", "7672-3.1.1-3"),
        acceptable=lambda _, certificate, *, references: not _is_authority(certificate),
    ),
    Mutant(
        name="ee-judged-as-ta",
        tells="DANE-EE records are judged by the rules of DANE-TA.",
        breaks=("7672-3.1.1-1", "7672-3.2.1-1", "6698-2.1.1-3", "7672-3.1.1-2"),
        harm=Harm.DELIVERY,
        rules=broken(fault=lambda _, record, **facts: RIGHT.trust_anchor_fault(record, **facts)),
    ),
    Mutant(
        name="everything-matches",
        tells="A record matches whatever certificate it is held against.",
        breaks=("7672-3.2-2", "6698-2.1.3-1", "7672-9.1-2"),
        harm=Harm.SECURITY,
        rules=broken(matches=always(True)),
    ),
    Mutant(
        name="nothing-matches",
        tells="A record matches no certificate.",
        breaks=("7672-3.2-1", "6698-2.1.3-1", "6698-2.1.2-1"),
        harm=Harm.DELIVERY,
        rules=broken(matches=always(False)),
    ),
    Mutant(
        name="digest-begins-alike",
        tells="A digest matches when its first half does.",
        breaks=("6698-2.1.3-1", "7672-3.2-2"),
        harm=Harm.SECURITY,
        rules=broken(matches=lambda _, record, *, certificate: _compared(record, certificate, octets=16)),
    ),
    Mutant(
        name="either-selector-matches",
        tells="A record matches certificate or key, whatever its selector says.",
        breaks=("6698-2.1.2-1", "7672-3.2-2"),
        harm=Harm.SECURITY,
        rules=broken(
            matches=lambda _, record, *, certificate: any(
                _compared(record, certificate, selector=each) for each in (Selector.CERT, Selector.SPKI)
            )
        ),
    ),
    Mutant(
        name="selector-always-cert",
        tells="Every record is held against the whole certificate.",
        breaks=("6698-2.1.2-1", "6698-6-1", "7671-5.1-5"),
        harm=Harm.DELIVERY,
        rules=broken(matches=lambda _, record, *, certificate: _compared(record, certificate, selector=Selector.CERT)),
    ),
    Mutant(
        name="selector-always-key",
        tells="Every record is held against the bare key.",
        breaks=("6698-2.1.2-1", "6698-6-1", "6698-2.1.4-1"),
        harm=Harm.DELIVERY,
        rules=broken(matches=lambda _, record, *, certificate: _compared(record, certificate, selector=Selector.SPKI)),
    ),
    Mutant(
        name="always-sha-256",
        tells="Every record is held against a SHA-256 digest.",
        breaks=("6698-2.1.3-1", "6698-6-2", "7671-2-1"),
        harm=Harm.DELIVERY,
        rules=broken(
            matches=lambda _, record, *, certificate: (
                tlsa.present(tlsa.select(certificate, selector=record.selector), matching_type=MatchingType.SHA2_256)
                == record.data
            )
        ),
    ),
    Mutant(
        name="every-record-has-to-match",
        tells="One record that does not match is enough to refuse the server.",
        breaks=("6698-4.1-9", "7672-3.2-1", "7672-4-2"),
        harm=Harm.DELIVERY,
        rules=broken(strongest=lambda _, usable: RIGHT.strongest(usable) if len(set(usable)) == 1 else ()),
    ),
    Mutant(
        name="any-usable-record-is-enough",
        tells="A server is authenticated as soon as a usable record exists.",
        breaks=("7672-3.2-2", "7672-2.2-2", "7672-9.1-2"),
        harm=Harm.SECURITY,
        rules=broken(fault=always(None)),
    ),
)
