"""RRSIG records a second, against the bare signature operation of the same key over the same octets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from harness.scenario.zones import Algorithm
from harness.world.model import PrivateKey
from harness.world.records import RRset, Type
from harness.world.signing import SECURE_ENTRY_POINT, ZONE_KEY, ZoneKey, rrsig
from tests.bench.measure import Effort
from tests.bench.rows import Aim, Row, compared

T = TypeVar("T")

SECTION = "RRSIG records (theirs: the bare operation)"
_KINDS = (
    ("ECDSA P-256, deterministic", Algorithm.ECDSA_P256, 1, Aim(at_least=0.6)),
    ("Ed25519", Algorithm.ED25519, 1, None),
    ("RSA 2048, SHA-256", Algorithm.RSA_SHA256, 50, None),
)


def measure(effort: Effort) -> Iterator[Row]:
    """Rates by processor time of this process, in turns. Every owner name is new: nothing comes out of a cache."""
    rates: dict[Algorithm, tuple[list[float], list[float]]] = {kind: ([], []) for _, kind, _, _ in _KINDS}
    flags = ZONE_KEY | SECURE_ENTRY_POINT
    keys = {kind: ZoneKey("bench.example.", kind, flags, _private(kind)) for _, kind, _, _ in _KINDS}
    for turn in range(effort.rounds + 1):
        for _, kind, divisor, _ in _KINDS:
            count = max(effort.signatures // divisor, 10)
            rrsets = [_tlsa(f"_25._tcp.mx{number}.{turn}.{kind}.bench.example.") for number in range(count)]
            own = _rate(_signer(keys[kind]), rrsets)
            raw = _raw(keys[kind])
            # As long as what is signed for such a record.
            data = [rrset.owner.encode().ljust(160, b".") for rrset in rrsets]
            bare = _rate(raw, data)
            if turn:
                rates[kind][0].append(own)
                rates[kind][1].append(bare)
    for what, kind, _, aim in _KINDS:
        ours, theirs = rates[kind]
        yield compared(SECTION, what, ours=ours, theirs=theirs, unit="/CPU s", aim=aim)


def _private(kind: Algorithm) -> PrivateKey:
    match kind:
        case Algorithm.RSA_SHA256:
            return rsa.generate_private_key(public_exponent=65537, key_size=2048)
        case Algorithm.ED25519:
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            return ec.generate_private_key(ec.SECP256R1())


def _tlsa(owner: str) -> RRset:
    return RRset(owner, Type.TLSA, 300, (b"\x03\x01\x01" + owner.encode()[:32].ljust(32, b"."),))


def _signer(key: ZoneKey) -> Callable[[RRset], object]:
    return partial(rrsig, key=key, inception=1_700_000_000, expiration=1_702_000_000)


def _raw(key: ZoneKey) -> Callable[[bytes], bytes]:
    match key.private:
        case ec.EllipticCurvePrivateKey():
            return partial(key.private.sign, signature_algorithm=ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        case rsa.RSAPrivateKey():
            return partial(key.private.sign, padding=padding.PKCS1v15(), algorithm=hashes.SHA256())
        case ed25519.Ed25519PrivateKey():
            return key.private.sign


def _rate(operation: Callable[[T], object], subjects: list[T]) -> float:
    began = time.process_time()
    for subject in subjects:
        operation(subject)
    return len(subjects) / max(time.process_time() - began, 1e-9)
