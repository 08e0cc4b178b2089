"""Presented identifiers: the DNS-IDs of a certificate, and how a name compares (RFC 9525 section 6)."""

from __future__ import annotations

from cryptography import x509


def dns_ids(certificate: bytes) -> tuple[str, ...]:
    """The dNSName entries of the subject alternative name; none when they cannot be read."""
    try:
        extensions = x509.load_der_x509_certificate(certificate).extensions
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return ()
    return tuple(names.get_values_for_type(x509.DNSName))


def equals(presented: str, *, reference: str) -> bool:
    """Whether two domain names are the same, ASCII letters compared without case."""
    return _labels(presented) == _labels(reference)


def wildcard_covers(presented: str, *, reference: str) -> bool:
    """Whether a `*` that is the whole first label stands for exactly the first label of the reference."""
    first, *rest = _labels(presented)
    instead_of, *reference_rest = _labels(reference)
    return first == "*" and bool(instead_of) and bool(rest) and rest == reference_rest


def _labels(name: str) -> list[str]:
    # Only ASCII letters fold: str.lower() would also fold letters that are no part of an A-label.
    return name.encode("utf-8", "surrogateescape").lower().decode("utf-8", "surrogateescape").split(".")
