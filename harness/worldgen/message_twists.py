"""Twists of the message: it demands TLS, or says that it needs none (RFC 8689), and what its hosts make of that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .draft import Draft
from .host_twists import WHICH, Drawn

_Change = Callable[[Draft, dict[str, Any]], None]
"""What becomes of a draft, and of the table of one host in it."""

_PLAIN = ["PIPELINING", "8BITMIME"]
_OFFER = [*_PLAIN, "REQUIRETLS"]
_ANOTHER = {"names": ["unrelated.example"]}


def _asks(draft: Draft, values: dict[str, Any]) -> None:
    draft.top["message"] = {**draft.top.get("message", {}), **values}
    draft.top["needs"] = ["requiretls"]


def _requires(draft: Draft) -> None:
    _asks(draft, {"requiretls": True})


def _waives(draft: Draft) -> None:
    _asks(draft, {"headers": ["TLS-Required: No"]})


def _offered(**values: Any) -> _Change:
    """The host offers REQUIRETLS inside TLS; `values` are further keys of its table."""

    def change(_draft: Draft, host: dict[str, Any]) -> None:
        host["smtp"] = {**host.get("smtp", {}), "ehlo_tls": _OFFER}
        host.update(values)

    return change


def _offered_in_clear(_draft: Draft, host: dict[str, Any]) -> None:
    host["smtp"] = {**host.get("smtp", {}), "ehlo": _OFFER}


def _behind_insecure_mx(draft: Draft, host: dict[str, Any]) -> None:
    draft.behind_insecure_mx()
    _offered()(draft, host)


def _although(draft: Draft, host: dict[str, Any]) -> None:
    _offered(tlsa=["3 1 1 other-key"])(draft, host)
    _waives(draft)


def _without(**values: Any) -> _Change:
    return lambda _draft, host: host.update(values)


def _stripped(_draft: Draft, host: dict[str, Any]) -> None:
    host["smtp"] = {**host.get("smtp", {}), "starttls": False}


def _nothing(_draft: Draft, _host: dict[str, Any]) -> None:
    pass


_Twist = tuple[Callable[[Draft], None], str, _Change]
_TLS, _NONE = "the message demands TLS", "the message says that it needs no TLS"
_TWISTS: tuple[_Twist, ...] = (
    (_requires, "", _nothing),
    (_requires, "offers REQUIRETLS", _offered()),
    (_requires, "offers REQUIRETLS, certificate issued by a public authority", _offered(cert={"issuer": "webpki"})),
    (_requires, "offers REQUIRETLS before TLS only", _offered_in_clear),
    (_requires, "offers REQUIRETLS and has no TLSA records", _offered(tlsa=[])),
    (_requires, "offers REQUIRETLS, and its certificate has another name", _offered(cert=dict(_ANOTHER))),
    (_requires, "offers REQUIRETLS, and the MX records are not signed", _behind_insecure_mx),
    (_requires, "offers REQUIRETLS, TLSA 3 1 1 other-key; TLS-Required: No", _although),
    (_waives, "", _nothing),
    (_waives, "TLSA 3 1 1 other-key", _without(tlsa=["3 1 1 other-key"])),
    (_waives, "does not offer STARTTLS", _stripped),
)


def _message(number: int, twist: _Twist) -> Drawn:
    ask, what, change = twist
    words = _TLS if ask is _requires else _NONE

    def apply(draft: Draft) -> None:
        ask(draft)
        change(draft, draft.host(number))

    return f"{words}; host {number + 1}: {what}" if what else words, apply


MESSAGES: SearchStrategy[Drawn] = st.builds(_message, WHICH, st.sampled_from(_TWISTS))
"""One strategy, and so as likely as any other kind of twist: messages must not crowd out the rest."""
