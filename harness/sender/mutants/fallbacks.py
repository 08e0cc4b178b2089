"""STARTTLS and what happens without it: every cleartext fallback, TLS versions and suites."""

from __future__ import annotations

from OpenSSL import SSL

from harness.sender.policy import Level
from harness.sender.result import AttemptOutcome

from .model import RIGHT, Harm, Mutant, always, broken

_CLEAR = ("7672-2.2-1", "7672-2.2.3-7", "7672-2.2-3")
_UNUSABLE = ("7672-2.2-4", "7672-2.2-6", "7671-10.3-2")
_BROKE = (AttemptOutcome.TLS_FAILED, AttemptOutcome.LOST)

MUTANTS = (
    Mutant(
        name="clear-without-offer",
        tells="Where STARTTLS is not offered, mail goes in clear, DANE or not.",
        breaks=_CLEAR,
        harm=Harm.SECURITY,
        rules=broken(goes_on_without_offer=always(True)),
    ),
    Mutant(
        name="clear-without-offer-if-usable",
        tells="Where STARTTLS is not offered, mail goes in clear although usable TLSA records exist.",
        breaks=_CLEAR,
        harm=Harm.SECURITY,
        rules=broken(goes_on_without_offer=lambda _, level: level is not Level.ENCRYPT),
    ),
    Mutant(
        name="clear-without-offer-if-unusable",
        tells="Where STARTTLS is not offered, mail goes in clear if all TLSA records are unusable.",
        breaks=("7672-2.2.3-7", *_UNUSABLE),
        harm=Harm.SECURITY,
        rules=broken(goes_on_without_offer=lambda _, level: level is not Level.AUTHENTICATE),
    ),
    Mutant(
        name="never-clear-without-offer",
        tells="Where STARTTLS is not offered, no mail goes, although there are no TLSA records.",
        breaks=("7672-2.2-8", "7672-2.2.2-6"),
        harm=Harm.DELIVERY,
        rules=broken(goes_on_without_offer=always(False)),
    ),
    Mutant(
        name="clear-after-refusal",
        tells="Where STARTTLS is refused, mail goes in clear, DANE or not.",
        breaks=("7672-2.2-3", "3207-4-4", "7672-2.2-1"),
        harm=Harm.SECURITY,
        rules=broken(goes_on_after_refusal=always(True)),
    ),
    Mutant(
        name="clear-after-454",
        tells="Where TLS is not available for the moment, mail goes in clear.",
        breaks=("3207-4-4", "7672-2.2-3"),
        harm=Harm.SECURITY,
        rules=broken(goes_on_after_refusal=lambda _, level, *, code: level is Level.MAY or 400 <= code <= 499),
    ),
    Mutant(
        name="clear-after-5yz",
        tells="Where STARTTLS is refused for good, mail goes in clear.",
        breaks=("7672-2.2-3", "7672-2.2-1"),
        harm=Harm.SECURITY,
        rules=broken(goes_on_after_refusal=lambda _, level, *, code: level is Level.MAY or code >= 500),
    ),
    Mutant(
        name="clear-after-refusal-if-unusable",
        tells="Where STARTTLS is refused, mail goes in clear if all TLSA records are unusable.",
        breaks=_UNUSABLE,
        harm=Harm.SECURITY,
        rules=broken(goes_on_after_refusal=lambda _, level, *, code: level is not Level.AUTHENTICATE),
    ),
    Mutant(
        name="never-clear-after-refusal",
        tells="Where STARTTLS is refused, no mail goes, although there are no TLSA records.",
        breaks=("7672-2.2.2-6", "7672-2.2-8"),
        harm=Harm.DELIVERY,
        rules=broken(goes_on_after_refusal=always(False)),
    ),
    Mutant(
        name="clear-retry",
        tells="After a failed handshake mail is tried again in clear, DANE or not.",
        breaks=("7672-2.2-3", "7672-2.2-1", "3207-4-2"),
        harm=Harm.SECURITY,
        rules=broken(retries_in_clear=lambda _, level, *, stage, outcome, encrypted: encrypted and outcome in _BROKE),
    ),
    Mutant(
        name="clear-retry-if-unusable",
        tells="After a failed handshake mail is tried again in clear if all TLSA records are unusable.",
        breaks=_UNUSABLE,
        harm=Harm.SECURITY,
        rules=broken(
            retries_in_clear=lambda _, level, *, stage, outcome, encrypted: (
                level is not Level.AUTHENTICATE and encrypted and outcome in _BROKE
            )
        ),
    ),
    Mutant(
        name="clear-retry-unauthenticated",
        tells="A server that is not authenticated gets the mail in clear.",
        breaks=("7672-3.2-2", "7672-9.1-2", "7672-2.2-3"),
        harm=Harm.SECURITY,
        rules=broken(
            retries_in_clear=lambda _, level, *, stage, outcome, encrypted: (
                outcome is AttemptOutcome.NOT_AUTHENTICATED
                or RIGHT.retries_in_clear(level, stage=stage, outcome=outcome, encrypted=encrypted)
            )
        ),
    ),
    Mutant(
        name="clear-retry-after-cut",
        tells="A message that is cut off inside TLS is sent again in clear.",
        breaks=("7672-2.2.3-7", "7672-2.2-3"),
        harm=Harm.SECURITY,
        rules=broken(
            retries_in_clear=lambda _, level, *, stage, outcome, encrypted: (
                outcome is AttemptOutcome.LOST
                or RIGHT.retries_in_clear(level, stage=stage, outcome=outcome, encrypted=encrypted)
            )
        ),
    ),
    Mutant(
        name="never-retries-in-clear",
        tells="After a failed handshake mail waits, although there are no TLSA records.",
        breaks=("7672-2.2-16", "7672-2.2-9"),
        harm=Harm.DELIVERY,
        rules=broken(retries_in_clear=always(False)),
    ),
    Mutant(
        name="retries-after-the-message",
        tells="A message that was sent to its end without an answer is sent again in clear.",
        breaks=("7672-2.2-9",),
        harm=Harm.DELIVERY,
        rules=broken(
            retries_in_clear=lambda _, level, *, stage, outcome, encrypted: (
                level is Level.MAY and encrypted and outcome in _BROKE
            )
        ),
        argument="RFC 7672 section 2.2 permits a retry in clear after a cut in the data; a second copy does no harm.",
    ),
    Mutant(
        name="starttls-never-used",
        tells="STARTTLS is never used.",
        breaks=("7672-2.2-1", "7672-2.2-2", "7672-2.2-4"),
        harm=Harm.DELIVERY,
        rules=broken(starts_tls=always(False)),
    ),
    Mutant(
        name="starttls-only-if-demanded",
        tells="STARTTLS is used only where TLSA records demand it.",
        breaks=("7672-2.2-7", "3207-6-2"),
        harm=Harm.WARNING,
        rules=broken(starts_tls=lambda _, level, *, offered: offered and level is not Level.MAY),
        argument=(
            "Opportunistic TLS promises nobody anything, and the suite takes cleartext for as good there: the outcome "
            "OPP stands for either."
        ),
    ),
    Mutant(
        name="starttls-without-offer",
        tells="STARTTLS is said although it is not offered.",
        breaks=("7672-2.2-7",),
        harm=Harm.WARNING,
        rules=broken(starts_tls=always(True), greets_with_helo=always(False)),
        argument=(
            "A server that does not know it refuses, and the mail goes or waits as it would have; starttls-mangled "
            "permits it."
        ),
    ),
    Mutant(
        name="no-helo",
        tells="A server that refuses EHLO is not greeted with HELO.",
        breaks=("7672-2.2-1",),
        harm=Harm.DELIVERY,
        rules=broken(greets_with_helo=always(False)),
        argument="HELO offers no STARTTLS: where there are TLSA records, mail waits either way.",
    ),
    Mutant(
        name="only-tls-1-3",
        tells="Nothing older than TLS 1.3 is spoken.",
        breaks=("7671-3-2", "7671-3-1"),
        harm=Harm.DELIVERY,
        rules=broken(minimum_tls_version=always(SSL.TLS1_3_VERSION)),
    ),
    Mutant(
        name="tls-1-0-spoken",
        tells="TLS 1.0 and 1.1 are spoken.",
        breaks=("7671-3-1",),
        harm=Harm.WARNING,
        rules=broken(minimum_tls_version=always(SSL.TLS1_VERSION), cipher_list=always(b"DEFAULT:@SECLEVEL=0")),
    ),
    Mutant(
        name="suites-without-encryption",
        tells="Suites without encryption are offered.",
        breaks=("7672-2.2-1", "7672-2.2-3"),
        harm=Harm.SECURITY,
        rules=broken(cipher_list=always(b"ALL:eNULL:@SECLEVEL=0")),
    ),
    Mutant(
        name="anonymous-suites",
        tells="Suites without a certificate are offered.",
        breaks=("7672-8.2-2",),
        harm=Harm.SECURITY,
        rules=broken(cipher_list=always(b"DEFAULT:aNULL:@SECLEVEL=0")),
        argument="RFC 7672 section 8.2 permits it; who shows no certificate is not authenticated, and gets nothing.",
    ),
    Mutant(
        name="no-rsa-suites",
        tells="No suite for RSA certificates is offered, and no TLS 1.3.",
        breaks=("7672-8.2-1",),
        harm=Harm.WARNING,
        rules=broken(cipher_list=always(b"ECDHE+aECDSA:@SECLEVEL=1")),
    ),
    Mutant(
        name="no-ecdsa-suites",
        tells="No suite for ECDSA certificates is offered but those of TLS 1.3.",
        breaks=("7672-8.2-1",),
        harm=Harm.DELIVERY,
        rules=broken(cipher_list=always(b"ECDHE+aRSA:@SECLEVEL=1")),
    ),
)
