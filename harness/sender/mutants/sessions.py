"""What is said in a session and when: state kept over STARTTLS, authentication, refusals."""

from __future__ import annotations

from harness.sender.policy import Level, Stage
from harness.sender.result import Status

from .model import RIGHT, Harm, Mutant, always, broken

MUTANTS = (
    Mutant(
        name="speaks-along-with-starttls",
        tells="More is sent along with STARTTLS.",
        breaks=("3207-4-3", "3207-4-1"),
        harm=Harm.SECURITY,
        rules=broken(commands_along_with_starttls=always(("NOOP",))),
    ),
    Mutant(
        name="speaks-before-handshake",
        tells="A command is sent in clear between the 220 and the handshake.",
        breaks=("3207-4-1",),
        harm=Harm.SECURITY,
        rules=broken(commands_before_handshake=always(("NOOP",))),
    ),
    Mutant(
        name="plaintext-kept",
        tells="What arrived before the handshake is read as if it had come inside TLS.",
        breaks=("3207-4.2-1", "3207-6-3"),
        harm=Harm.DELIVERY,
        rules=broken(discards_plaintext_before_tls=always(False)),
    ),
    Mutant(
        name="no-second-ehlo",
        tells="EHLO is not said again inside TLS.",
        breaks=("3207-4.2-2", "3207-4.2-1"),
        harm=Harm.DELIVERY,
        rules=broken(greets_again=always(False)),
    ),
    Mutant(
        name="old-offer-counts",
        tells="What the server offered before TLS is believed inside it.",
        breaks=("3207-4.2-1", "3207-6-3"),
        harm=Harm.DELIVERY,
        rules=broken(capabilities_in_force=lambda _, *, before, after: before),
    ),
    Mutant(
        name="both-offers-count",
        tells="What the server offered before TLS is believed beside what it offers inside.",
        breaks=("3207-4.2-1", "3207-6-3"),
        harm=Harm.DELIVERY,
        rules=broken(capabilities_in_force=lambda _, *, before, after: before | after),
    ),
    Mutant(
        name="second-starttls",
        tells="STARTTLS is said again inside TLS.",
        breaks=("3207-4.2-3",),
        harm=Harm.SECURITY,
        rules=broken(starts_tls_again=lambda _, *, offered: offered),
    ),
    Mutant(
        name="no-authentication",
        tells="The server's certificate is never looked at.",
        breaks=("7672-3.2-2", "3207-4.1-1", "7672-2.2-2"),
        harm=Harm.SECURITY,
        rules=broken(authentication_needed=always(False)),
    ),
    Mutant(
        name="authentication-always",
        tells="A server has to be authenticated also where all TLSA records are unusable.",
        breaks=("7672-2.2-5", "7671-10.3-3"),
        harm=Harm.DELIVERY,
        rules=broken(authentication_needed=lambda _, level: level is not Level.MAY),
    ),
    Mutant(
        name="authenticates-too-late",
        tells="Sender and recipients are named before the server's certificate is looked at.",
        breaks=("3207-4.1-2", "3207-4.1-1", "7672-3.2-2"),
        harm=Harm.WARNING,
        rules=broken(authenticates_before_mail=always(False)),
    ),
    Mutant(
        name="leaves-without-quit",
        tells="A session that is given up ends without QUIT.",
        breaks=("3207-4.1-2",),
        harm=Harm.WARNING,
        rules=broken(quits_politely=always(False)),
        argument=(
            "Hanging up says as much as QUIT, and to an impostor nothing is owed; the judge notes it and holds it "
            "against nobody (quit-after-fail)."
        ),
    ),
    Mutant(
        name="bounce-at-refused-starttls",
        tells="A server that refuses STARTTLS for good has refused the mail.",
        breaks=("7672-2.2-3", "7672-2.1.2-6"),
        harm=Harm.DELIVERY,
        rules=broken(
            refusal_is_final=lambda _, stage, *, code: (
                code >= 500 and (stage is Stage.STARTTLS or RIGHT.refusal_is_final(stage, code=code))
            )
        ),
    ),
    Mutant(
        name="bounce-at-refused-ehlo",
        tells="A server that refuses EHLO and offers no other way has refused the mail.",
        breaks=("7672-2.2-3", "7672-2.1.2-6"),
        harm=Harm.DELIVERY,
        rules=broken(
            greets_with_helo=always(False),
            refusal_is_final=lambda _, stage, *, code: (
                code >= 500 and (stage is Stage.EHLO or RIGHT.refusal_is_final(stage, code=code))
            ),
        ),
    ),
    Mutant(
        name="bounce-at-busy-server",
        tells="A server that is busy for the moment has refused the mail.",
        breaks=("5321-4.5.4.1-1", "5321-5.1-8"),
        harm=Harm.DELIVERY,
        rules=broken(refusal_is_final=lambda _, stage, *, code: code >= 400),
    ),
    Mutant(
        name="refusal-never-final",
        tells="No refusal counts as one for good: the mail goes to the next host, or waits.",
        breaks=("5321-4.2.1-1",),
        harm=Harm.WARNING,
        rules=broken(refusal_is_final=always(False)),
    ),
    Mutant(
        name="final-refusal-waits",
        tells="Mail that a server refuses for good waits for ever.",
        breaks=("8689-4.2.1-5", "5321-4.2.1-1"),
        harm=Harm.DELIVERY,
        rules=broken(status_after_final_refusal=always(Status.DEFERRED)),
    ),
    Mutant(
        name="temporary-refusal-bounces",
        tells="Mail that a server puts off is returned.",
        breaks=("5321-4.5.4.1-1",),
        harm=Harm.DELIVERY,
        rules=broken(status_after_temporary_refusal=always(Status.BOUNCED)),
    ),
    Mutant(
        name="put-off-mail-stays",
        tells="A server that puts MAIL off ends the attempt, and the next host is not tried.",
        breaks=("5321-5.1-8",),
        harm=Harm.DELIVERY,
        rules=broken(refusal_ends_the_attempt=always(True)),
    ),
    Mutant(
        name="put-off-recipient-goes-on",
        tells="A recipient that one host puts off is tried at the next.",
        breaks=("5321-5.1-8",),
        harm=Harm.DELIVERY,
        rules=broken(refusal_ends_the_attempt=always(False)),
        argument="RFC 5321 section 5.1 lets a sender try the next host after any temporary failure.",
    ),
    Mutant(
        name="size-limit-ignored",
        tells="A message beyond the server's SIZE limit is sent all the same.",
        breaks=("3207-4.2-1",),
        harm=Harm.DELIVERY,
        rules=broken(exceeds_size_limit=always(False)),
        argument=(
            "RFC 1870 section 6.1 lets a client leave the decision to the server, which is told the size; "
            "no server of the lab has a limit inside TLS that a message meets."
        ),
    ),
    Mutant(
        name="every-message-too-large",
        tells="A SIZE keyword is taken for a limit that no message meets.",
        breaks=("7672-2.2-2", "7672-3.2-1"),
        harm=Harm.DELIVERY,
        rules=broken(exceeds_size_limit=always(True)),
    ),
)
