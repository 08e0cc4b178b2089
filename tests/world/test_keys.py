"""Keys: the same for one seed, different for each purpose."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.errors import ScenarioError
from harness.scenario.certificates import KeyType
from harness.scenario.stages import stages
from harness.world.build import World
from harness.world.keys import Keyring, Purpose
from harness.world.model import PrivateKey
from tests.world.kit import ID, internet, scenario, world


def public(key: PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def rsa_keys(made: World) -> list[bytes]:
    """Every RSA key of a world, asked for in the order of nothing in particular."""
    zones = [key.private for zone in made.zones.values() for key in {*zone.keys, *zone.entry_keys, zone.stranger}]
    named = [made.office.key(name) for name in made.scenario.keys]
    issued = [made.office.named(name).key for name in made.scenario.certs]
    names = [None, f"other.{ID}.example"]
    shown = {
        public(key): key
        for server in made.servers.values()
        for key in (server.credentials(name).private_key for name in names)
    }.values()
    return [public(key) for key in (*shown, *issued, *named, *zones) if isinstance(key, rsa.RSAPrivateKey)]


@pytest.mark.parametrize(
    ("kind", "expected", "bits"),
    [
        (KeyType.P256, ec.EllipticCurvePrivateKey, 256),
        (KeyType.P384, ec.EllipticCurvePrivateKey, 384),
        (KeyType.ED25519, ed25519.Ed25519PrivateKey, 0),
        (KeyType.RSA_2048, rsa.RSAPrivateKey, 2048),
        (KeyType.RSA_1024, rsa.RSAPrivateKey, 1024),
    ],
)
def test_a_key_depends_on_seed_and_purpose_only(kind: KeyType, expected: type, bits: int) -> None:
    def made(seed: str, purpose: str) -> PrivateKey:
        return Keyring(seed).key(kind, (purpose,))

    key = made("seed", "leaf")
    assert isinstance(key, expected)
    assert getattr(key, "key_size", 0) == bits
    assert public(key) == public(made("seed", "leaf"))
    assert len({public(made(seed, "leaf")) for seed in ("a", "b", "c", "d")}) > 1
    ring = Keyring("seed")
    assert public(ring.key(kind, ("leaf",))) != public(ring.key(kind, ("other",)))


@pytest.mark.parametrize(("kind", "size"), [(KeyType.RSA_2048, 24), (KeyType.RSA_1024, 6)])
def test_no_two_purposes_of_one_ring_share_a_key_and_the_pool_has_an_end(kind: KeyType, size: int) -> None:
    ring = Keyring("seed", owner=ID)
    purposes: list[Purpose] = [(number,) for number in range(size)]
    assert len({public(ring.key(kind, purpose)) for purpose in purposes}) == size
    with pytest.raises(ValueError, match=f"can have {size} RSA keys"):
        ring.key(kind, ("one more",))
    assert public(ring.key(kind, purposes[0])) == public(ring.key(kind, purposes[0]))


def test_the_order_of_questions_does_not_matter_once_the_keys_are_reserved() -> None:
    first, second = Keyring("seed"), Keyring("seed")
    for ring in (first, second):
        for word in ("a", "b", "c"):
            ring.reserve(KeyType.RSA_2048, (word,))
    forth = [public(first.key(KeyType.RSA_2048, (word,))) for word in ("a", "b", "c")]
    back = [public(second.key(KeyType.RSA_2048, (word,))) for word in ("c", "b", "a")]
    assert forth == back[::-1]


RSA: dict[str, Any] = {
    "zones": {
        "domain": {"algorithms": ["rsa-sha256"], "split_keys": True},
        "provider": {"algorithms": ["rsa-sha256"]},
    },
    "keys": {"spare": {"type": "rsa-2048"}},
    "certs": {"ca": {"ca": True, "key": "rsa-2048"}, "lone": {"key": "rsa-2048"}},
    "mx": [
        {"cert": {"key": "rsa-2048", "issuer": "ca"}, "tlsa": ["3 1 1 spare", "3 1 1 mx2"]},
        {"cert": {"key": "rsa-2048"}, "cert_by_name": {"other.{domain}": {"key": "rsa-2048"}}},
    ],
}


@pytest.mark.parametrize("seed", ["seed", *map(str, range(30))])
def test_all_rsa_keys_of_a_scenario_differ(seed: str) -> None:
    found = rsa_keys(world(seed=seed, **RSA))
    assert len(found) == 5 + 1 + 2 + 3
    assert len(set(found)) == len(found)


def test_rsa_keys_are_the_same_whatever_is_asked_for_first() -> None:
    one, other = world(**RSA), world(**RSA)
    assert public(one.zones["domain"].keys[0].private)
    assert sorted(rsa_keys(one)) == sorted(rsa_keys(other))
    other = world(**RSA)
    leaf = other.credentials("mx2", None).private_key
    assert public(leaf) == public(one.credentials("mx2", None).private_key)


def test_a_renewed_rsa_key_is_another_one_and_the_rest_stay() -> None:
    renewed = [{**RSA["mx"][0], "cert": {"key": "rsa-2048", "issuer": "ca", "generation": 1}}, RSA["mx"][1]]
    steps = [{"send": ["domain"]}, {"change": {"mx": renewed}}, {"send": ["domain"]}]
    first, last = (stage.scenario for stage in stages(scenario(**RSA, steps=steps)))
    net = internet(first)
    before = net.world(ID)
    after = net.replace(last)
    assert public(before.credentials("mx1", None).private_key) not in rsa_keys(after)
    assert public(after.credentials("mx1", None).private_key) not in rsa_keys(before)
    assert set(rsa_keys(before)) - set(rsa_keys(after)) == {public(before.credentials("mx1", None).private_key)}


def test_too_many_rsa_keys_are_the_scenarios_mistake_and_name_the_key() -> None:
    with pytest.raises(ScenarioError, match="6 RSA keys of 1024 bits") as caught:
        world(mx=[{"cert": {"key": "rsa-1024"}} for _ in range(7)])
    assert caught.value.key == "mx[6].cert.key"
