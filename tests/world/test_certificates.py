"""Certificates: every key of the scenario's table is seen in what is built."""

from __future__ import annotations

import ipaddress
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from harness.errors import ScenarioError
from harness.scenario.certificates import ExtendedKeyUsage, KeyUsage
from tests.world.kit import NOW, internet, world

STARTED = datetime.fromtimestamp(NOW, UTC)


def built(**keys: Any) -> x509.Certificate:
    """The certificate of mx1, as the scenario's table says."""
    return world(mx=[{"cert": keys}]).issued("mx1")[0].certificate


def extension(certificate: x509.Certificate, kind: type[Any]) -> Any:
    return certificate.extensions.get_extension_for_class(kind).value


def dns_names(certificate: x509.Certificate) -> list[str]:
    found: list[str] = extension(certificate, x509.SubjectAlternativeName).get_values_for_type(x509.DNSName)
    return found


def test_the_usual_certificate_is_a_fresh_self_signed_server_with_the_hosts_name() -> None:
    made = built()
    made.verify_directly_issued_by(made)
    assert dns_names(made) == ["mx1.case.example"]
    assert made.subject.rfc4514_string() == "CN=mx1.case.example"
    assert isinstance(made.public_key(), ec.EllipticCurvePublicKey)
    assert made.not_valid_before_utc == STARTED - timedelta(days=30)
    assert made.not_valid_after_utc == STARTED + timedelta(days=365)
    assert extension(made, x509.BasicConstraints) == x509.BasicConstraints(ca=False, path_length=None)
    assert list(extension(made, x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert extension(made, x509.KeyUsage).digital_signature
    assert not extension(made, x509.KeyUsage).key_cert_sign
    assert made.serial_number > 0


def test_the_subject_is_as_written_or_absent_and_never_longer_than_x520_allows() -> None:
    assert built(subject="{mx1}").subject.rfc4514_string() == "CN=mx1.case.example"
    assert built(subject="").subject.rfc4514_string() == ""
    assert len(built(names=["x" * 60 + ".{domain}"]).subject.rfc4514_string()) == len("CN=") + 64


def test_names_are_as_written_and_their_extension_can_be_absent() -> None:
    assert dns_names(built(names=["*.{domain}", "other.example"])) == ["*.case.example", "other.example"]
    with pytest.raises(x509.ExtensionNotFound):
        extension(built(names=[]), x509.SubjectAlternativeName)


def test_mail_and_ip_addresses_stand_beside_the_names() -> None:
    names = extension(built(emails=["postmaster@{domain}"], addresses=["{mx1.ipv4}"]), x509.SubjectAlternativeName)
    assert names.get_values_for_type(x509.RFC822Name) == ["postmaster@case.example"]
    address = world().host_addresses("mx1", ipv6=False)[0]
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address(address)]


def test_a_nul_and_a_u_label_get_into_the_certificate_as_they_are() -> None:
    names = ["mx1.{domain}\0.attacker.example", "bücher.example"]
    made = built(names=names)
    der = made.public_bytes(Encoding.DER)
    for octets in (b"mx1.case.example\0.attacker.example", "bücher.example".encode()):
        # Context tag 2: a dNSName (RFC 5280 section 4.2.1.6).
        assert bytes((0x82, len(octets))) + octets in der


@pytest.mark.parametrize(
    ("key", "kind", "size"),
    [
        ("p-256", ec.EllipticCurvePublicKey, 256),
        ("p-384", ec.EllipticCurvePublicKey, 384),
        ("ed25519", ed25519.Ed25519PublicKey, 0),
        ("rsa-2048", rsa.RSAPublicKey, 2048),
        ("rsa-1024", rsa.RSAPublicKey, 1024),
    ],
)
def test_the_key_is_of_the_kind_asked_for(key: str, kind: type, size: int) -> None:
    made = built(key=key)
    made.verify_directly_issued_by(made)
    assert isinstance(made.public_key(), kind)
    assert getattr(made.public_key(), "key_size", 0) == size
    assert extension(made, x509.KeyUsage).key_encipherment == key.startswith("rsa")


def test_a_named_key_is_shared_and_survives_a_renewal() -> None:
    def keys(generation: int) -> list[Any]:
        mx = [{"cert": {"key": "spare", "generation": generation}}, {"cert": {"key": "spare"}}]
        made = world(keys={"spare": {"type": "p-384"}}, mx=mx)
        return [made.issued(host)[0].certificate for host in ("mx1", "mx2")]

    first, renewed = keys(0), keys(1)
    assert len({one.public_key().public_numbers() for one in (*first, *renewed)}) == 1
    assert first[0].serial_number != renewed[0].serial_number


def test_another_generation_has_another_serial_number_and_key() -> None:
    first, second = built(), built(generation=1)
    assert first.serial_number != second.serial_number
    assert first.public_key() != second.public_key()


def test_dates_are_relative_to_the_start_of_the_run() -> None:
    made = built(not_before="-2d", not_after="-1h")
    assert made.not_valid_before_utc == STARTED - timedelta(days=2)
    assert made.not_valid_after_utc == STARTED - timedelta(hours=1)
    later = internet(now=NOW + 86400).around.webpki.certificate
    assert later.not_valid_before_utc - internet().around.webpki.certificate.not_valid_before_utc == timedelta(days=1)


def test_a_ca_has_its_constraints_and_may_sign_certificates() -> None:
    made = built(ca=True, path_length=1, permitted_names=["{domain}"], excluded_names=["evil.example"])
    assert extension(made, x509.BasicConstraints) == x509.BasicConstraints(ca=True, path_length=1)
    assert extension(made, x509.KeyUsage).key_cert_sign
    constraints = extension(made, x509.NameConstraints)
    assert constraints.permitted_subtrees == [x509.DNSName("case.example")]
    assert constraints.excluded_subtrees == [x509.DNSName("evil.example")]
    for kind in (x509.ExtendedKeyUsage, x509.SubjectAlternativeName):
        with pytest.raises(x509.ExtensionNotFound):
            extension(made, kind)


@pytest.mark.parametrize("usage", KeyUsage)
def test_key_usage_is_as_written(usage: KeyUsage) -> None:
    found = extension(built(key_usage=[usage]), x509.KeyUsage)
    bits = {
        KeyUsage.DIGITAL_SIGNATURE: found.digital_signature,
        KeyUsage.KEY_ENCIPHERMENT: found.key_encipherment,
        KeyUsage.KEY_CERT_SIGN: found.key_cert_sign,
        KeyUsage.CRL_SIGN: found.crl_sign,
    }
    assert [bit for bit, there in bits.items() if there] == [usage]


def test_usages_can_be_left_out() -> None:
    made = built(key_usage=[], extended_key_usage=[])
    for kind in (x509.KeyUsage, x509.ExtendedKeyUsage):
        with pytest.raises(x509.ExtensionNotFound):
            extension(made, kind)


def test_extended_key_usages_are_as_written() -> None:
    found = extension(built(extended_key_usage=list(ExtendedKeyUsage)), x509.ExtendedKeyUsage)
    assert [one.dotted_string for one in found] == [f"1.3.6.1.5.5.7.3.{number}" for number in (1, 2, 4)]


def test_an_unknown_extension_is_critical() -> None:
    found = built(unknown_critical_extension=True).extensions
    assert [one.critical for one in found if isinstance(one.value, x509.UnrecognizedExtension)] == [True]


def test_a_revoked_certificate_points_to_a_revocation_list() -> None:
    (point,) = extension(built(revoked=True), x509.CRLDistributionPoints)
    assert point.full_name[0].value.startswith("http://")


@pytest.mark.parametrize("key", ["p-256", "rsa-2048"])
def test_sha1_signatures_hold_and_say_so(key: str) -> None:
    made = built(sha1=True, key=key)
    public = made.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        public.verify(made.signature, made.tbs_certificate_bytes, padding.PKCS1v15(), hashes.SHA1())
    else:
        assert isinstance(public, ec.EllipticCurvePublicKey)
        public.verify(made.signature, made.tbs_certificate_bytes, ec.ECDSA(hashes.SHA1()))
    assert made.signature_hash_algorithm is not None
    assert made.signature_hash_algorithm.name == "sha1"
    wanted = SignatureAlgorithmOID.RSA_WITH_SHA1 if key == "rsa-2048" else SignatureAlgorithmOID.ECDSA_WITH_SHA1
    assert made.signature_algorithm_oid == wanted
    assert dns_names(made) == ["mx1.case.example"]


def test_openssl_agrees_on_a_sha1_signature() -> None:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("no openssl command on this machine")
    pem = built(sha1=True).public_bytes(Encoding.PEM)
    said = subprocess.run([program, "x509", "-noout", "-text"], input=pem, capture_output=True, check=True).stdout
    assert said.count(b"Signature Algorithm: ecdsa-with-SHA1") == 2


def test_broken_and_foreign_signatures_fail() -> None:
    for kind in ("broken", "other-key"):
        made = world(certs={"ca": {"ca": True}}, mx=[{"cert": {"issuer": "ca", "signature": kind}}]).issued("mx1")[0]
        with pytest.raises(InvalidSignature):
            made.certificate.verify_directly_issued_by(made.issuers[0])
        assert made.certificate.issuer == made.issuers[0].subject


CHAIN: dict[str, Any] = {"root": {"ca": True}, "middle": {"ca": True, "issuer": "root"}, "stray": {}}


@pytest.mark.parametrize(
    ("keys", "sent"),
    [
        ({"issuer": "middle"}, ["mx1.case.example", "middle of case", "root of case"]),
        ({"issuer": "middle", "send": ["leaf"]}, ["mx1.case.example"]),
        (
            {"issuer": "middle", "send": ["leaf", "root", "stray", "middle"]},
            ["mx1.case.example", "root of case", "stray of case", "middle of case"],
        ),
        ({"issuer": "middle", "send": ["stray", "leaf"]}, ["stray of case", "mx1.case.example"]),
        ({"issuer": "webpki"}, ["mx1.case.example"]),
    ],
)
def test_the_chain_is_sent_as_written(keys: dict[str, Any], sent: list[str]) -> None:
    made = world(certs=CHAIN, mx=[{"cert": keys}])
    shown = made.credentials("mx1", None)
    assert [one.subject.rfc4514_string().removeprefix("CN=") for one in shown.chain] == sent
    assert shown.private_key.public_key() == made.issued("mx1")[0].certificate.public_key()


def test_each_certificate_of_a_path_is_signed_by_the_next() -> None:
    path = world(certs=CHAIN, mx=[{"cert": {"issuer": "middle"}}]).issued("mx1")[0].path
    for below, above in zip(path, [*path[1:], path[-1]], strict=True):
        below.verify_directly_issued_by(above)


def test_certificates_from_the_public_ca_lead_to_it() -> None:
    net = internet()
    made = world(mx=[{"cert": {"issuer": "webpki"}}])
    assert made.issued("mx1")[0].path[-1] == made.around.webpki.certificate == net.around.webpki.certificate


def test_the_server_name_chooses_the_certificate() -> None:
    made = world(
        certs={"plain": {"names": ["plain.example"]}},
        mx=[{"cert": "plain", "cert_by_name": {"{domain}": {"names": ["chosen.example"]}}}],
    )
    for sni, name in ((None, "plain"), ("mx1.case.example", "plain"), ("Case.Example.", "chosen")):
        assert dns_names(made.credentials("mx1", sni).chain[0]) == [f"{name}.example"]


@pytest.mark.parametrize(
    ("tables", "key"),
    [
        ({"mx": [{"cert": {"addresses": ["192.0.2.999"]}}]}, "mx[0].cert"),
        ({"mx": [{}, {"cert": {"not_before": "+1d", "not_after": "-1d"}}]}, "mx[1].cert"),
        ({"mx": [{"cert": {"not_after": "+99999y"}}]}, "mx[0].cert"),
        ({"mx": [{"cert": {"key": "ed25519", "sha1": True}}]}, "mx[0].cert"),
        ({"certs": {"bad": {"emails": ["ü@example"]}}, "mx": [{"cert": {"issuer": "bad"}}]}, "certs.bad"),
        ({"servers": {"s": {"cert": {"addresses": ["x"]}}}, "mx": [{"ipv4": ["s"]}]}, "servers.s.cert"),
        ({"mx": [{"cert_by_name": {"a.example": {"addresses": ["x"]}}}]}, "mx[0].cert_by_name.a.example"),
    ],
)
def test_an_impossible_certificate_names_file_and_key(tables: dict[str, Any], key: str) -> None:
    with pytest.raises(ScenarioError, match="no such certificate can be made") as caught:
        world(**tables).check()
    assert (caught.value.file, caught.value.key) == ("case.toml", key)
