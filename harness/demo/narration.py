"""What happened, in plain words. Every sentence follows from what the journal holds."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.journal import Status
from harness.scenario.mailhosts import Role

from .gains import Gain
from .performance import Performance
from .scenes import HEALTHY, SCENES, Scene

_PORT = re.compile(r"^_\d+\._tcp\.")
_DECIDED = {
    Status.DELIVERED: "It counts the message as delivered.",
    Status.DEFERRED: "It keeps the message, and will try again later.",
    Status.BOUNCED: "It has given the message up and returns it to Alice.",
    Status.UNKNOWN: "What it decided cannot be read from what it said.",
    Status.CRASHED: "It broke while it worked on the message; that protects nobody.",
    Status.TIMED_OUT: "It came to no decision in the time it was given.",
    Status.UNSUPPORTED: "It says that it cannot do what was asked.",
}


def lookup(gain: Gain, question: str) -> str:
    """What the sender learned from DNS on the question that everything turns on."""
    asked = [each for each in gain.lookups if each.type == question]
    if not asked:
        return f"It never asked DNS for {'a TLSA' if question == 'TLSA' else 'an MX'} record."
    last = asked[-1]
    of = f"the {question} record of {_PORT.sub('', last.name)}"
    if last.rcode not in ("NOERROR", "NXDOMAIN"):
        return f"It asked for {of}. Its resolver checks signatures, found the answer wanting, and said {last.rcode}."
    if last.secure:
        return f"It asked for {of}; its resolver checked the signatures on the answer, and they are good."
    return f"It asked for {of}, and its resolver passed the answer on without a check of signatures."


def deed(gain: Gain) -> str:
    """What the sender did where the attacker is."""
    if gain.letters:
        if not gain.letters[-1].tls:
            return "It sent the message in cleartext. The attacker reads all of it, and nobody notices."
        if gain.attacker is Role.IMPOSTOR:
            return "It encrypted the message, and to whom? To the attacker, who reads all of it."
        return "It sent the message, encrypted, to where the attacker is, and he has it."
    if gain.pieces:
        return "It did not hand the message over, but the attacker has seen some of it."
    if gain.arrived:
        return "The message went to the genuine receiver, past the attacker."
    if gain.connections:
        said = ", ".join(dict.fromkeys(gain.commands)) or "not a word"
        met = f"It connected and said {said}"
        met += "; it completed a TLS handshake, saw whose key it was, and left." if gain.shaken else ", and left."
        return f"{met} Neither the message nor an address was shown."
    return "It never went to the attacker's host. He has not even seen a connection."


def decision(gain: Gain) -> str:
    """What the sender says of the message, in our words and its own."""
    ours = _DECIDED[Status(gain.status)] if gain.status else "It said nothing of what became of the message."
    return f"{ours} In its own words: {gain.said}" if gain.said else ours


def short(gain: Gain) -> str:
    """What the attacker has, in two or three words."""
    if gain.letters:
        return "reads it all"
    if gain.pieces:
        return "sees some"
    return "gets nothing"


def healthy(gain: Gain, name: str) -> str:
    """What came of the message to the domain where nobody interferes."""
    if gain.arrived:
        return f"{name}: the message arrived."
    return f"{name}: the message did NOT arrive. {decision(gain)}"


def conclusion(played: Performance) -> Iterator[str]:
    """What may be said in the end, and no more."""
    parts = (("without DANE", played.without), (played.within.title, played.within))
    for name, part in parts:
        read = sum(bool(part.gains[scene.scenario].letters) for scene in SCENES)
        some = sum(bool(part.gains[scene.scenario].pieces) for scene in SCENES)
        told = f"{name}: the attacker read {read or 'none'} of {len(SCENES)} messages"
        yield told + (f", and saw some of {some}." if some else ".")
        if not part.delivers:
            yield (
                f"But {name} delivered nothing to the healthy domain either: that mail was withheld shows nothing "
                "about DANE then."
            )
    within = played.within
    safe = all(within.gains[scene.scenario].nothing_read for scene in SCENES)
    if within.died:
        yield f"{within.title} ended on its way ({within.died[0]}), which is no way to protect mail."
    if safe and within.delivers:
        yield (
            "The receiver published which key is his, signed. That is DANE, and DNSSEC is what makes the attacker "
            "unable to change it."
        )
    elif not safe:
        yield (
            f"The sender {within.name} was meant to do DANE and was fooled: DANE is not active in it, or wrong. "
            f"danelab run -t {within.name} tells which rule it breaks."
        )


def cells(played: Performance) -> Iterator[tuple[str, str, str]]:
    """The table at the end: the scene, and what came of it for both senders."""
    pair = (played.without.gains, played.within.gains)
    arrived = ["arrived" if gains[HEALTHY].arrived else "did not arrive" for gains in pair]
    yield "nobody in the middle", arrived[0], arrived[1]
    for scene in SCENES:
        first, second = (f"he {short(gains[scene.scenario])}" for gains in pair)
        yield scene.title, first, second


def why(scene: Scene, gain: Gain) -> Iterator[str]:
    """The steps of one sender in one scene, in order."""
    yield lookup(gain, scene.question)
    yield deed(gain)
    yield decision(gain)
