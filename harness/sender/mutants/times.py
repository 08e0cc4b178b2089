"""Whether a certificate is valid today."""

from __future__ import annotations

import datetime

from cryptography import x509


def dates_hold(certificate: bytes, *, also_the_first: bool = True) -> bool:
    """Whether a certificate in DER has not expired, and with `also_the_first` has begun to be valid."""
    loaded = x509.load_der_x509_certificate(certificate)
    now = datetime.datetime.now(datetime.UTC)
    return now <= loaded.not_valid_after_utc and (not also_the_first or loaded.not_valid_before_utc <= now)
