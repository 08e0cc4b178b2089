"""A TLS server of our own for what no TLS library of today serves: raw public keys, SSL 3.0, RC4 and triple DES.

It is made for the lab and for nothing else: no resumption, no client certificates, no defence against timing. It does
no I/O: octets in, octets out, and the key log is a function.

old          SSL 3.0 to TLS 1.2 with RSA key exchange       raw          TLS 1.3 with a raw public key
dialects     what those versions compute in their own way   schedule     secrets of TLS 1.3
suites       cipher suites up to TLS 1.2                    signing      CertificateVerify
maced        records with MAC and cipher                    sealed       records with AEAD
groups       ephemeral Diffie-Hellman                       clienthello  the ClientHello
connection   records, messages, alerts, the end             records      octets into records and messages
octets       fields and vectors                             alerts       what the two sides complain of
"""

from .groups import SECP256R1, SECP384R1, X25519
from .old import OldServer
from .raw import RawKeyServer
from .suites import OLD_SUITES, Suite, named

__all__ = ["OLD_SUITES", "SECP256R1", "SECP384R1", "X25519", "OldServer", "RawKeyServer", "Suite", "named"]
