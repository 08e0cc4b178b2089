"""Which scenarios are played, and what is said of each before anything has happened; results are never told here."""

from __future__ import annotations

from dataclasses import dataclass

from harness.scenario.models import Scenario
from harness.targets import Mail
from harness.world.build import World

HEALTHY = "ee-311"
"""The twin of all scenes: nobody is in the middle, and both senders have to deliver."""

SUBJECT = "The offer, please keep it to yourself"
_BODY = (
    "Dear Bob,",
    "our last price is 41,500. Whoever bids less than that gets the contract.",
    "Alice",
)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One trick of the attacker."""

    scenario: str
    """Id of the scenario."""
    title: str
    trick: str
    """What the attacker does."""
    defence: str
    """What is there to see through it, for a sender that looks."""
    question: str
    """Type of the DNS question on whose answer everything turns."""


SCENES = (
    Scene(
        scenario="starttls-stripped",
        title="He cuts out one word",
        trick=(
            "Mail servers begin in cleartext. One that can encrypt says so with one word, STARTTLS, and the sender "
            "switches encryption on. The attacker sits on the path and cuts that word out."
        ),
        defence=(
            "The receiver has a TLSA record in DNS: it promises encryption, and names the key. It is signed (DNSSEC), "
            "so the attacker cannot change it unnoticed, nor make it vanish."
        ),
        question="TLSA",
    ),
    Scene(
        scenario="evil-selfsigned",
        title="He shows a forged certificate",
        trick=(
            "This time he leaves STARTTLS alone and answers in the receiver's place. He encrypts, and shows a "
            "certificate with the receiver's name, which he has made himself: anybody can."
        ),
        defence=(
            "The TLSA record says which key is the receiver's own. A certificate can bear any name, but without the "
            "private key that belongs to that record it is of no use."
        ),
        question="TLSA",
    ),
    Scene(
        scenario="mx-forged",
        title="He forges the signpost",
        trick=(
            "Before it sends, a sender asks DNS which host takes the domain's mail (the MX record). The attacker "
            "answers first and names a host of his own, where certificate and TLSA record are in perfect order."
        ),
        defence=(
            "The domain's answers carry signatures, made with a key that is vouched for from the root of DNS down. "
            "The attacker lacks that key. A resolver that checks signatures finds none on his answer. (That alone is "
            "DNSSEC, and helps whoever asks such a resolver; DANE cannot do without it.)"
        ),
        question="MX",
    ),
)


def letter(_: Scenario, world: World, *, recipients: tuple[str, ...], number: int, sender: str) -> Mail:
    """The message that both senders are given, in every scene; none of these scenarios says anything of a message."""
    id_ = world.scenario.id
    head = (f"From: Alice <{sender}>", f"To: Bob <{recipients[0]}>", f"Subject: {SUBJECT}", f"Message-ID: <{id_}.demo>")
    return Mail(
        id=f"{id_}.{number}",
        scenario=id_,
        sender=sender,
        recipients=recipients,
        text="\r\n".join((*head, "", *_BODY, "")),
    )
