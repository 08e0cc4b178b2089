"""What the wire showed while a message was in work, as far as it tells where a target stands on a choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.journal import Asked, Connected, Handshake
from harness.scenario.choices import Fact

from .observation import Observation, Sending


def shows(fact: Fact, observation: Observation, sending: Sending) -> bool:
    """Whether that was seen. What the journal cannot tell was not."""
    return _SEEN[fact](observation, sending)


def _asked(observation: Observation, sending: Sending) -> list[tuple[int, Asked]]:
    found = ((line, observation.events[line]) for line in sending.asked)
    return [(line, event) for line, event in found if isinstance(event, Asked)]


def _families(observation: Observation, sending: Sending) -> set[str]:
    """The address types asked for at names of the scenario's mail hosts; those of name servers do not count."""
    named = {key: name for key, name in (sending.names or {}).items() if key.startswith("mx")}
    hosts = {name.rstrip(".").lower() for name in named.values()}
    return {
        event.type
        for _, event in _asked(observation, sending)
        if event.type in ("A", "AAAA") and event.name.rstrip(".").lower() in hosts
    }


def _tlsa_and_connection(observation: Observation, sending: Sending) -> tuple[int, int] | None:
    """The lines of the first TLSA question and of the first thing a server saw; None unless there are both."""
    questions = [line for line, event in _asked(observation, sending) if event.type == "TLSA"]
    return (min(questions), min(sending.connected)) if questions and sending.connected else None


def _names(sending: Sending) -> list[str]:
    own = set(sending.connected)
    return [event.sni for line, event in sending.wire if line in own and isinstance(event, Handshake)]


def _bare_keys(sending: Sending) -> list[bool]:
    """For each ClientHello, whether it offered to take a raw public key (RFC 7250)."""
    own = set(sending.connected)
    shakes = [event for line, event in sending.wire if line in own and isinstance(event, Handshake)]
    return ["raw public key" in event.offered for event in shakes if event.offered]


def _addresses(sending: Sending) -> set[str]:
    own = set(sending.connected)
    return {event.address for line, event in sending.wire if line in own and isinstance(event, Connected)}


def _tlsa_first(observation: Observation, sending: Sending) -> bool:
    lines = _tlsa_and_connection(observation, sending)
    return lines is not None and lines[0] < lines[1]


def _connected_first(observation: Observation, sending: Sending) -> bool:
    lines = _tlsa_and_connection(observation, sending)
    return lines is not None and lines[1] < lines[0]


_SEEN: Mapping[Fact, Callable[[Observation, Sending], bool]] = {
    Fact.AAAA_ASKED: lambda observation, sending: "AAAA" in _families(observation, sending),
    Fact.AAAA_NOT_ASKED: lambda observation, sending: _families(observation, sending) == {"A"},
    Fact.TLSA_FIRST: _tlsa_first,
    Fact.CONNECTED_FIRST: _connected_first,
    Fact.CONNECTED: lambda _, sending: bool(sending.connected),
    Fact.NOT_CONNECTED: lambda _, sending: sending.seen_working and not sending.connected,
    Fact.SEVERAL_ADDRESSES: lambda _, sending: len(_addresses(sending)) > 1,
    Fact.SNI: lambda _, sending: bool(_names(sending)) and all(_names(sending)),
    Fact.NO_SNI: lambda _, sending: bool(_names(sending)) and not any(_names(sending)),
    Fact.RAW_PUBLIC_KEY: lambda _, sending: any(_bare_keys(sending)),
    Fact.NO_RAW_PUBLIC_KEY: lambda _, sending: bool(_bare_keys(sending)) and not any(_bare_keys(sending)),
}
