"""Twists of the DNS: zones and how they are signed, faults, aliases, routes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .draft import DOMAIN, PROVIDER, Draft
from .host_twists import WHICH, Drawn

_Change = Callable[[Draft, dict[str, Any], str], None]
"""What becomes of a draft, the table of a host in it, and that host's key."""

_FAULTS = (
    "servfail", "corrupt-rrsig", "refused", "notimp", "formerr", "drop", "garbage", "truncate-no-tcp", "no-edns",
    "empty-noerror", "forged-nxdomain", "no-rrsig", "expired-rrsig", "future-rrsig", "wrong-signer", "labels-high",
    "no-proof", "nsec-elsewhere", "type-listed", "cname-listed", "no-wildcard-proof", "truncate", "mixed-case",
    "set-ad", "extra-bad-rrsig", "unknown-key-rrsig",
)  # fmt: skip
_FAILURES = ("servfail", "refused", "notimp", "formerr", "garbage", "truncated")
_SIGNING: tuple[tuple[str, dict[str, Any]], ...] = (
    ("is not signed", {"signed": False}),
    ("has no DS", {"ds": "none"}),
    ("has a DS of another key", {"ds": "other-key"}),
    ("has a DS of an unknown digest", {"ds": "unknown-digest"}),
    ("is signed with an unknown algorithm", {"algorithms": ["unknown"]}),
    ("has keys without the zone flag", {"zone_key_flag": False}),
    ("denies with NSEC3", {"denial": "nsec3"}),
    ("denies with NSEC3 and opt-out", {"denial": "nsec3", "nsec3": {"opt_out": True}}),
    ("denies with NSEC3 of one iteration", {"denial": "nsec3", "nsec3": {"iterations": 1}}),
    ("denies with NSEC3 of 500 iterations", {"denial": "nsec3", "nsec3": {"iterations": 500}}),
    ("denies compactly", {"denial": "compact"}),
    ("has keys of two kinds", {"split_keys": True}),
    ("is served by lame servers", {"name_servers": ["lame"]}),
)


def _signing(zone: str, words: str, values: dict[str, Any]) -> Drawn:
    def apply(draft: Draft) -> None:
        if zone == "tcp" and "tcp" not in draft.zones:
            draft.zone("tcp")["name"] = f"_tcp.{_owner(draft)}"
        draft.zone(zone).update(values)
        if zone == PROVIDER and draft.shape == "mx" and "host" not in draft.hosts[0]:
            draft.hosts[0]["host"] = "mx1.{provider}"

    where = {"tcp": "the zone of the first host's TLSA records", PROVIDER: "the first host's zone"}
    return f"{where.get(zone, 'the domain')} {words}", apply


def _owner(draft: Draft) -> str:
    """The first host's name for the name of a zone, where only zones can be named."""
    if draft.shape == "implicit":
        return "{domain}"
    if draft.hosts[0].get("host"):
        return "mx1.{provider}"
    return "relay.{domain}" if draft.shape == "relay" else "mx1.{domain}"


def _fault(number: int, kind: str, what: str) -> Drawn:
    def apply(draft: Draft) -> None:
        at = kind
        if kind == "TLSA":
            at = f"_25._tcp.{draft.name(number)} TLSA"
        elif kind in ("A", "AAAA", "address"):
            at = f"{draft.name(number)} {kind}"
        draft.faults.append({"at": at, "what": what})

    whose = "" if kind in ("MX", "DS") else f" of host {number + 1}"
    return f"{kind}{whose}: {what}", apply


def _resolver_fails(kind: str, what: str) -> Drawn:
    def apply(draft: Draft) -> None:
        failures = draft.top.setdefault("resolver", {}).setdefault("failures", {})
        failures[kind] = what

    return f"the resolver fails at questions for {kind}: {what}", apply


def _alias(number: int, words: str, chain: tuple[str, ...], change: _Change) -> Drawn:
    def apply(draft: Draft) -> None:
        if draft.shape == "implicit" or not draft.claim(f"alias {draft.key(number)}"):
            return
        host = draft.host(number)
        host["alias_of"] = list(chain)
        if any(PROVIDER in name for name in chain):
            draft.zone(PROVIDER)
        change(draft, host, draft.key(number))

    return f"host {number + 1}: is an alias{words}", apply


def _nothing(_draft: Draft, _host: dict[str, Any], _key: str) -> None:
    pass


def _at_alias(_draft: Draft, host: dict[str, Any], key: str) -> None:
    host["tlsa_at"] = "{" + key + "}"


def _unsigned_at_alias(draft: Draft, host: dict[str, Any], key: str) -> None:
    draft.zone(PROVIDER)["signed"] = False
    _at_alias(draft, host, key)
    host.setdefault("tlsa", ["3 1 1 other-key"])


def _unknown_alias(what: str) -> _Change:
    def change(draft: Draft, host: dict[str, Any], key: str) -> None:
        _unsigned_at_alias(draft, host, key)
        _resolver_fails("CNAME", what)[1](draft)

    return change


def _at_both(target: str, alias: str) -> _Change:
    def change(draft: Draft, host: dict[str, Any], key: str) -> None:
        host["tlsa"] = [target]
        draft.record(DOMAIN, f"_25._tcp.{key} TLSA {{{key}.tlsa {alias}}}")

    return change


_HERE, _THERE = ("target.{domain}",), ("target.{provider}",)
_ALIASES: tuple[tuple[str, tuple[str, ...], _Change], ...] = (
    ("", _HERE, _nothing),
    (", TLSA at the alias", _HERE, _at_alias),
    (" into the other zone", _THERE, _nothing),
    (" into the other zone, TLSA at the alias", _THERE, _at_alias),
    (" into another zone that is not signed, TLSA at the alias", _THERE, _unsigned_at_alias),
    *(
        (f" into another zone that is not signed, and the resolver fails at it: {what}", _THERE, _unknown_alias(what))
        for what in _FAILURES
    ),
    (" of an alias", ("middle.{domain}", *_HERE), _nothing),
    (", TLSA matching at the target only", _HERE, _at_both("3 1 1", "3 1 1 other-key")),
    (", TLSA matching at the alias only", _HERE, _at_both("3 1 1 other-key", "3 1 1")),
)


def _tlsa_alias(words: str, expression: str, zone: str, *, loop: bool = False) -> Drawn:
    def apply(draft: Draft) -> None:
        if not draft.claim("TLSA name"):
            return
        owner = f"_25._tcp.{draft.name(0)}"
        draft.hosts[0]["tlsa"] = []
        if zone == PROVIDER:
            draft.zone(PROVIDER)
        target = "tlsa.{" + zone + "}"
        draft.record(DOMAIN if not draft.hosts[0].get("host") else PROVIDER, f"{owner} CNAME {target}")
        if loop:
            draft.record(zone, f"tlsa CNAME {owner}")
        elif expression:
            draft.record(zone, f"tlsa TLSA {{{draft.key(0)}.tlsa {expression}}}")

    return f"the first host's TLSA name is an alias {words}", apply


def _tlsa_alias_names_itself(draft: Draft) -> None:
    """The certificate bears the name at the alias's end, which is no name of the host."""
    _tlsa_alias("", "2 1 1", PROVIDER)[1](draft)
    draft.authority("ca")
    draft.hosts[0]["cert"] = {"issuer": "ca", "names": ["tlsa.{provider}"]}


_TLSA_ALIASES = [
    _tlsa_alias("of a matching record", "3 1 1", DOMAIN),
    _tlsa_alias("of a record that does not match", "3 1 1 other-key", DOMAIN),
    _tlsa_alias("of a matching record in the other zone", "3 1 1", PROVIDER),
    _tlsa_alias("of a record in the other zone that does not match", "3 1 1 other-key", PROVIDER),
    _tlsa_alias("of nothing", "", DOMAIN),
    _tlsa_alias("without end", "", DOMAIN, loop=True),
]


def _wildcard(words: str, expression: str) -> Drawn:
    def apply(draft: Draft) -> None:
        if draft.shape != "implicit" and not draft.hosts[0].get("host") and draft.claim("TLSA name"):
            draft.hosts[0]["tlsa"] = []
            draft.record(DOMAIN, f"*._tcp.{draft.key(0)} TLSA {{{draft.key(0)}.tlsa {expression}}}")

    return f"the first host's TLSA records come from a wildcard, {words}", apply


def _gone(draft: Draft) -> None:
    if draft.claim("recipient"):
        draft.top["recipient"] = "user@gone.{domain}"


def _recipient(zone: str, **values: Any) -> Callable[[Draft], None]:
    def apply(draft: Draft) -> None:
        if draft.shape == "relay" or not draft.claim("recipient"):
            return
        draft.zone(zone).update(values)
        draft.record(zone, "mail CNAME {domain}")
        draft.top["recipient"] = "user@mail.{" + zone + "}"

    return apply


def _resolver(values: dict[str, Any]) -> Callable[[Draft], None]:
    return lambda draft: draft.top.setdefault("resolver", {}).update(values)


_OTHERS: list[Drawn] = [
    ("there is a fallback relay", lambda draft: draft.top.update(route={"fallback_relay": "[{fallback}]"})),
    ("the recipient's domain is an alias", _recipient("alias")),
    ("the recipient's domain is an alias that is not signed", _recipient("alias", signed=False)),
    ("the recipient's domain does not exist", _gone),
    ("the MX records are not signed, and the first host's zone is", Draft.behind_insecure_mx),
    ("a null MX", lambda draft: draft.record(DOMAIN, "@ MX 0 .")),
    ("the resolver never sets AD", _resolver({"sets_ad": "never"})),
    ("the resolver does not validate", _resolver({"validates": False})),
    ("a server at the domain's own address", lambda draft: setattr(draft, "own_server", True)),
    _wildcard("matching", "3 1 1"),
    _wildcard("not matching", "3 1 1 other-key"),
]

DNS: tuple[SearchStrategy[Drawn], ...] = (
    st.builds(
        _fault,
        WHICH,
        st.sampled_from(("TLSA", "TLSA", "MX", "A", "AAAA", "address", "DS")),
        st.sampled_from(_FAULTS),
    ),
    st.builds(
        lambda zone, what: _signing(zone, *what),
        st.sampled_from((DOMAIN, PROVIDER, PROVIDER, "tcp")),
        st.sampled_from(_SIGNING),
    ),
    st.builds(
        _resolver_fails,
        st.sampled_from(("TLSA", "TLSA", "MX", "A", "AAAA", "CNAME")),
        st.sampled_from(_FAILURES),
    ),
    st.builds(lambda number, alias: _alias(number, *alias), WHICH, st.sampled_from(_ALIASES)),
    st.sampled_from(_TLSA_ALIASES),
    st.sampled_from(_OTHERS),
)


def _insecure_mx_mismatch(draft: Draft) -> None:
    draft.behind_insecure_mx()
    draft.hosts[0]["tlsa"] = ["3 1 1 other-key"]


def _insecure_mx_names(draft: Draft) -> None:
    """The certificate bears the domain's name, which an insecure MX RRset does not lend to its hosts."""
    draft.behind_insecure_mx()
    draft.authority("ca")
    draft.hosts[0].update(tlsa=["2 1 1"], cert={"issuer": "ca", "names": ["{domain}"]})


JOINT: tuple[SearchStrategy[Drawn], ...] = (
    st.just(("the first host's TLSA name is an alias, whose end the certificate names", _tlsa_alias_names_itself)),
    st.sampled_from(
        (
            ("the MX records are not signed, and the first host has TLSA 3 1 1 other-key", _insecure_mx_mismatch),
            ("the MX records are not signed, and the first host's certificate names the domain", _insecure_mx_names),
        )
    ),
)
"""Twists that are two things at once, which would seldom be drawn together."""
