"""REQUIRETLS, TLS-Required: No, and audit (RFC 8689, RFC 7672 section 9.1)."""

from __future__ import annotations

from harness.sender.policy import Level, Mode

from .model import RIGHT, Harm, Mutant, always, broken

MUTANTS = (
    Mutant(
        name="waiver-unread",
        tells="The header field TLS-Required: No is not heeded, and the mail waits where DANE fails.",
        breaks=("8689-3-1", "8689-4.2.2-1"),
        harm=Harm.WARNING,
        rules=broken(waives_tls=lambda _, message, *, requiretls: False),
    ),
    Mutant(
        name="waiver-beats-requiretls",
        tells="TLS-Required: No in the header counts although the envelope says REQUIRETLS.",
        breaks=("8689-4.1-1",),
        harm=Harm.SECURITY,
        rules=broken(waives_tls=lambda _, message, *, requiretls: RIGHT.waives_tls(message, requiretls=False)),
    ),
    Mutant(
        name="waiver-beats-mandatory",
        tells="TLS-Required: No opens the way although the administrator has made DANE mandatory.",
        breaks=("8689-3-2", "7672-6-2"),
        harm=Harm.SECURITY,
        mode=Mode.MANDATORY,
        argument=(
            "RFC 8689 section 4.2.2 lets the message waive what a policy demands, and RFC 7672 section 6 is what the "
            "administrator demands; the RFCs leave open whose will prevails, so tls-required-no permits both."
        ),
        rules=broken(goes_on_unprotected=lambda _, mode, *, audit, waived: audit or waived),
    ),
    Mutant(
        name="audit-holds-back",
        tells="What fails DANE is held back though the administrator only audits.",
        breaks=("7672-9.1-1", "7671-10.3-4"),
        harm=Harm.DELIVERY,
        rules=broken(
            goes_on_unprotected=lambda _, mode, *, audit, waived: RIGHT.goes_on_unprotected(
                mode, audit=False, waived=waived
            )
        ),
    ),
    Mutant(
        name="audit-of-all",
        tells="DANE is tried at every destination, and what fails goes out all the same.",
        breaks=("7672-2.2-1", "7672-9.1-2", "7672-2.2-2"),
        harm=Harm.SECURITY,
        rules=broken(goes_on_unprotected=always(True)),
    ),
    Mutant(
        name="requiretls-at-any-mx",
        tells="REQUIRETLS is taken for kept though the MX lookup was insecure.",
        breaks=("8689-4.2.1-1", "8689-2-1"),
        harm=Harm.SECURITY,
        rules=broken(host_keeps_requiretls=lambda _, level, *, route: level is Level.AUTHENTICATE),
    ),
    Mutant(
        name="requiretls-at-any-host",
        tells="REQUIRETLS is taken for kept by a host that nobody has to authenticate.",
        breaks=("8689-4.2.1-2", "8689-2-1"),
        harm=Harm.SECURITY,
        rules=broken(host_keeps_requiretls=always(True)),
    ),
    Mutant(
        name="requiretls-unoffered",
        tells="A message with REQUIRETLS is sent over TLS to a server that does not offer REQUIRETLS there.",
        breaks=("8689-4.2.1-3", "8689-2-1"),
        harm=Harm.SECURITY,
        rules=broken(server_keeps_requiretls=lambda _, *, encrypted, offered: encrypted),
    ),
    Mutant(
        name="requiretls-dropped",
        tells="MAIL does not carry REQUIRETLS on to the next server.",
        breaks=("8689-4.2.1-3", "8689-2-1"),
        harm=Harm.SECURITY,
        rules=broken(requiretls_is_passed_on=always(False)),
    ),
    Mutant(
        name="requiretls-kept-waiting",
        tells="A message whose REQUIRETLS no host keeps waits in the queue, and is not returned.",
        breaks=("8689-4.2.1-5",),
        harm=Harm.DELIVERY,
        rules=broken(requiretls_failure_is_final=always(False)),
    ),
    Mutant(
        name="requiretls-returned-early",
        tells="A message with REQUIRETLS is returned as soon as a host is out of reach.",
        breaks=("7672-2.1.2-6",),
        harm=Harm.DELIVERY,
        rules=broken(requiretls_failure_is_final=always(True)),
    ),
)
