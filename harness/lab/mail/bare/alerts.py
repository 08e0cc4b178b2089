"""Alerts (RFC 8446 section 6, RFC 5246 section 7.2, RFC 6101 section 5.4), in the words that OpenSSL has for them."""

from __future__ import annotations

WARNING, FATAL = 1, 2

CLOSE_NOTIFY = 0
UNEXPECTED_MESSAGE = 10
BAD_RECORD_MAC = 20
RECORD_OVERFLOW = 22
HANDSHAKE_FAILURE = 40
ILLEGAL_PARAMETER = 47
DECODE_ERROR = 50
DECRYPT_ERROR = 51
PROTOCOL_VERSION = 70
USER_CANCELED = 90
NO_RENEGOTIATION = 100
MISSING_EXTENSION = 109

_SSL3 = {
    10: "unexpected message",
    20: "bad record mac",
    30: "decompression failure",
    40: "handshake failure",
    41: "no certificate",
    42: "bad certificate",
    43: "unsupported certificate",
    44: "certificate revoked",
    45: "certificate expired",
    46: "certificate unknown",
    47: "illegal parameter",
}
_TLS1 = {
    21: "decryption failed",
    22: "record overflow",
    48: "unknown ca",
    49: "access denied",
    50: "decode error",
    51: "decrypt error",
    60: "export restriction",
    70: "protocol version",
    71: "insufficient security",
    80: "internal error",
    86: "inappropriate fallback",
    90: "user cancelled",
    100: "no renegotiation",
    110: "unsupported extension",
    112: "unrecognized name",
    113: "bad certificate status response",
    115: "unknown psk identity",
    120: "no application protocol",
}
_TLS13 = {109: "missing extension", 116: "certificate required"}


class ProtocolError(Exception):
    """The client broke the protocol, or nothing can be agreed with it: it is sent `alert`, the journal has the text."""

    def __init__(self, alert: int, problem: str) -> None:
        super().__init__(problem)
        self.alert = alert


def words(number: int) -> str:
    """An alert that came, as `tlsv1 alert unknown ca`; the prefix tells which protocol version brought it up."""
    for prefix, known in (("sslv3", _SSL3), ("tlsv1", _TLS1), ("tlsv13", _TLS13)):
        if number in known:
            return f"{prefix} alert {known[number]}"
    return "close notify" if number == CLOSE_NOTIFY else f"tlsv1 alert {number}"
