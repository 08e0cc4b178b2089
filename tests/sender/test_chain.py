"""Usage 2 and 3 against chains of certificates."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from harness.sender import tlsa
from harness.sender.rules import Rules

from .certificates import CLIENT_AUTH, Pair, issue

MX = "mx.d.example"
RULES = Rules()
ROOT = issue("root", ca=True)
SUB = issue("sub", ca=True, issuer=ROOT)
LEAF = issue("leaf", names=[MX], issuer=SUB)


def fault(rdata: bytes, *chain: Pair, references: tuple[str, ...] = (MX,)) -> str | None:
    record = tlsa.parse(rdata)
    assert record is not None
    assert RULES.usable((record,)) == (record,)
    return RULES.fault(record, chain=tuple(each.der for each in chain), references=references)


@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching_type", [0, 1, 2])
@pytest.mark.parametrize(
    ("anchor", "chain"),
    [(ROOT, (LEAF, SUB, ROOT)), (SUB, (LEAF, SUB)), (SUB, (LEAF, SUB, ROOT)), (ROOT, (LEAF, ROOT, SUB))],
    ids=["root", "intermediate", "intermediate-below-root", "disorder"],
)
def test_a_path_to_the_named_anchor_authenticates(
    selector: int, matching_type: int, anchor: Pair, chain: tuple[Pair, ...]
) -> None:
    assert fault(anchor.tlsa(2, selector, matching_type), *chain) is None


@pytest.mark.parametrize("selector", [0, 1])
def test_full_data_in_dns_replace_the_anchor_in_the_handshake(selector: int) -> None:
    assert fault(ROOT.tlsa(2, selector, 0), LEAF, SUB) is None
    direct = issue("direct", names=[MX], issuer=ROOT)
    assert fault(ROOT.tlsa(2, selector, 0), direct) is None
    stranger = issue("root", ca=True)
    assert fault(stranger.tlsa(2, selector, 0), LEAF, SUB) is not None
    assert fault(stranger.tlsa(2, selector, 0), direct) is not None


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 2048),
        ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["rsa", "p384", "ed25519"],
)
def test_a_bare_anchor_key_of_any_type_is_checked_against_the_top_of_the_chain(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey,
) -> None:
    anchor = issue("ta", ca=True, key=key)
    leaf = issue("leaf", names=[MX], issuer=anchor)
    assert fault(anchor.tlsa(2, 1, 0), leaf) is None
    forged = issue("leaf", names=[MX], issuer=anchor, signer=ec.generate_private_key(ec.SECP256R1()))
    assert fault(anchor.tlsa(2, 1, 0), forged) is not None


@pytest.mark.parametrize("matching_type", [1, 2])
def test_a_digest_needs_the_anchor_in_the_handshake(matching_type: int) -> None:
    assert fault(ROOT.tlsa(2, 0, matching_type), LEAF, SUB) == "no match"


def test_a_missing_intermediate_breaks_the_path() -> None:
    assert fault(ROOT.tlsa(2, 1, 1), LEAF, ROOT) is not None


EVIL = issue("evil", names=[MX])
TWIN = issue("sub", ca=True, issuer=ROOT, signer=ec.generate_private_key(ec.SECP256R1()))


@pytest.mark.parametrize(
    ("rdata", "chain"),
    [
        (ROOT.tlsa(2, 0, 1), (EVIL, ROOT)),
        (ROOT.tlsa(2, 1, 0), (EVIL, ROOT)),
        (ROOT.tlsa(2, 0, 0), (EVIL, ROOT)),
        (ROOT.tlsa(2, 0, 0), (EVIL, LEAF, SUB, ROOT)),
        (ROOT.tlsa(2, 1, 0), (EVIL, LEAF, SUB)),
        (SUB.tlsa(2, 0, 1), (issue("x", names=[MX], issuer=SUB, signer=EVIL.key), SUB)),
        (SUB.tlsa(2, 1, 1), (issue("x", names=[MX], issuer=TWIN), TWIN, SUB)),
        (LEAF.tlsa(3, 1, 1), (EVIL, LEAF)),
        (SUB.tlsa(3, 1, 1), (LEAF, SUB)),
    ],
    ids=["appended", "appended-key", "appended-full", "whole", "key", "signature", "namesake", "ee", "ee-ca"],
)
def test_genuine_certificates_that_sign_nothing_do_not_help_an_attacker(rdata: bytes, chain: tuple[Pair, ...]) -> None:
    assert fault(rdata, *chain) is not None


def below(**unlike: object) -> tuple[Pair, ...]:
    """A leaf, an intermediate with these properties, and the root."""
    middle = issue("middle", issuer=ROOT, **{"ca": True, **unlike})  # type: ignore[arg-type]
    return issue("leaf", names=[MX], issuer=middle), middle, ROOT


SHORT = issue("short", ca=True, issuer=ROOT, path_length=0)
UNDER = issue("under", ca=True, issuer=SHORT)
NARROW = issue("narrow", ca=True, permitted="elsewhere.example")


@pytest.mark.parametrize(
    "chain",
    [
        (issue("leaf", names=[MX], issuer=SUB, starts=-20, ends=-1), SUB, ROOT),
        (issue("leaf", names=[MX], issuer=SUB, starts=1), SUB, ROOT),
        below(starts=-20, ends=-1),
        below(ca=False),
        below(permitted="elsewhere.example"),
        (issue("leaf", names=[MX], issuer=UNDER), UNDER, SHORT, ROOT),
        (issue("leaf", names=[MX], issuer=SUB, critical_unknown=True), SUB, ROOT),
        (issue("leaf", names=[MX], issuer=SUB, eku=CLIENT_AUTH), SUB, ROOT),
    ],
    ids=["expired", "not-yet", "expired-ca", "not-a-ca", "names", "path-length", "critical", "purpose"],
)
def test_dates_flags_and_constraints_below_the_anchor_count(chain: tuple[Pair, ...]) -> None:
    assert fault(ROOT.tlsa(2, 0, 1), *chain) is not None
    assert fault(chain[0].tlsa(3, 1, 1), *chain, references=()) is None


@pytest.mark.parametrize("permitted", ["d.example", None])
def test_intermediates_that_permit_the_name_are_no_obstacle(permitted: str | None) -> None:
    assert fault(ROOT.tlsa(2, 0, 1), *below(permitted=permitted)) is None


def test_constraints_of_the_anchor_itself_count() -> None:
    leaf = issue("leaf", names=[MX], issuer=NARROW)
    assert fault(NARROW.tlsa(2, 0, 1), leaf, NARROW) is not None
    inner = issue("inner", ca=True, issuer=SHORT)
    assert fault(SHORT.tlsa(2, 0, 1), issue("leaf", names=[MX], issuer=inner), inner, SHORT) is not None


def test_a_reissued_anchor_matches_by_key_and_not_by_certificate() -> None:
    reissued = issue("root", ca=True, key=ROOT.key)
    assert fault(ROOT.tlsa(2, 1, 1), LEAF, SUB, reissued) is None
    assert fault(ROOT.tlsa(2, 0, 1), LEAF, SUB, reissued) == "no match"


@pytest.mark.parametrize(
    ("names", "good"),
    [
        ([MX], True),
        (["MX.D.Example"], True),
        (["*.d.example"], True),
        (["other.example", MX], True),
        (["d.example"], False),
        (["*.example"], False),
        (["m*.d.example"], False),
        (["mx.*.example"], False),
        ([MX + "."], False),
        ([], False),
        (["cn.example"], False),
    ],
)
@pytest.mark.parametrize("common_name", ["leaf", MX])
def test_usage_2_wants_a_dns_id_and_never_the_common_name(names: list[str], common_name: str, *, good: bool) -> None:
    leaf = issue(common_name, names=names, issuer=ROOT)
    assert (fault(ROOT.tlsa(2, 0, 1), leaf, ROOT) is None) == good


def test_usage_3_wants_neither_names_nor_dates() -> None:
    leaf = issue("x", starts=-800, ends=-400)
    early = issue("x", starts=400)
    assert fault(leaf.tlsa(3, 0, 1), leaf, references=()) is None
    assert fault(early.tlsa(3, 1, 2), early, references=()) is None


def test_usage_2_may_name_the_servers_own_certificate_whose_dates_and_names_then_count() -> None:
    assert fault(EVIL.tlsa(2, 1, 1), EVIL) is None
    assert fault(EVIL.tlsa(2, 1, 1), EVIL, references=("other.example",)) is not None
    old = issue("x", names=[MX], starts=-20, ends=-1)
    assert fault(old.tlsa(2, 1, 1), old) is not None
