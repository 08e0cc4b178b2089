"""Events in a few words, for people who want to see on what a verdict rests."""

from __future__ import annotations

from harness.journal import (
    Accepted,
    Asked,
    Connected,
    Died,
    Event,
    Found,
    Handshake,
    HarnessFault,
    Left,
    Reported,
    Resolved,
    Revealed,
    Scene,
    Sent,
    Spoke,
)

from .result import Evidence

_LONGEST = 160


def shortened(text: str, *, most: int = _LONGEST) -> str:
    """The text on one line of valid Unicode, cut where it is too long to read."""
    line = " ".join(text.encode("utf-8", "backslashreplace").decode().split())
    return line if len(line) <= most else line[: most - 3] + "..."


def evidence(line: int, event: Event) -> Evidence:
    """The event as it is told to people. `line` is its line in the journal."""
    return Evidence(line=line, text=shortened(_told(event)))


def _told(event: Event) -> str:
    match event:
        case Sent():
            return f"message for {', '.join(event.recipients)} handed over"
        case Reported():
            return f"target reports {event.status}" + (f": {event.reason}" if event.reason else "")
        case Found():
            return f"the checker finds {event.finding}" + (f": {event.text}" if event.text else "")
        case Resolved():
            return f"the resolver says to {event.name} {event.type}: {_answered(event)}"
        case Asked():
            secure = ", AD" if event.authentic_data else ""
            return f"{event.name} {event.type} asked of the {event.where}: {event.rcode}{secure}"
        case Connected():
            return f"connected to {event.server} at {event.address}"
        case Spoke():
            return f"{event.command or 'banner'} to {event.server} ({_channel(tls=event.tls)}): {event.reply}"
        case Handshake():
            ended = "completed" if event.completed else f"failed: {event.error or 'no reason seen'}"
            return f"TLS handshake with {event.server} {ended}"
        case Scene():
            return "the world is as the scenario says from here on"
        case Accepted() if event.via:
            return f"{event.server} ({event.role}) had the message from {event.via}"
        case Accepted():
            return f"{event.server} ({event.role}) accepted the message {_channel(tls=event.tls)}"
        case Revealed():
            return f"{event.what} shown to {event.server} ({event.role}) {_channel(tls=event.tls)}"
        case Left():
            return f"{event.by} left {event.server} after {event.after}"
        case Died():
            return f"the target died: {event.reason}"
        case HarnessFault():
            return f"danelab failed: {event.problem}"
    return getattr(event, "kind", "event")


def _answered(event: Resolved) -> str:
    if event.rcode not in ("NOERROR", "NXDOMAIN"):
        return "nothing" if event.rcode == "none" else event.rcode
    return (
        event.rcode
        + (", AD" if event.authentic_data else "")
        + (f": {'; '.join(event.answer)}" if event.answer else "")
    )


def _channel(*, tls: bool) -> str:
    return "over TLS" if tls else "in cleartext"
