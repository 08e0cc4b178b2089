"""SSL 3.0 (RFC 6101), as far as a client of today lets it come: OpenSSL has no such protocol any more."""

from __future__ import annotations

from harness.errors import HarnessError

_BODY = b"\x03\x00" + bytes(range(32)) + b"\x00" + b"\x00\x2f" + b"\x00"
_MESSAGE = b"\x02" + len(_BODY).to_bytes(3, "big") + _BODY
SERVER_HELLO = b"\x16\x03\x00" + len(_MESSAGE).to_bytes(2, "big") + _MESSAGE
"""A ServerHello (section 5.6.1.3) for RSA and AES; clients look at the version first."""

_ALERTS = {0: "close notify", 40: "handshake failure", 47: "illegal parameter", 70: "protocol version"}


def refusal(answer: bytes) -> str:
    """What the client has against SSL 3.0. Raises HarnessError where it has nothing: here it cannot be served."""
    if answer[0] != 0x15:
        raise HarnessError("the client goes on with SSL 3.0, further than this lab can")
    number = answer[6] if len(answer) > 6 else 0
    return f"alert {_ALERTS.get(number, number)}"
