"""Worlds made to be looked at by validators: one for each way of signing, of proving absence, and of breaking either.

Each is the healthy world but for what stands here, in the words of a scenario file.
"""

from __future__ import annotations

from typing import Any

from harness.scenario.models import Scenario

Tables = dict[str, Any]

_DENIALS = {"nsec": {}, "nsec3": {"denial": "nsec3"}, "compact": {"denial": "compact"}}


def _zone(**keys: Any) -> Tables:
    return {"zones": {"domain": keys}}


def _fault(what: str, at: str = "TLSA", **keys: Any) -> Tables:
    return {"faults": [{"at": at, "what": what, **keys}]}


def _healthy() -> dict[str, Tables]:
    return {
        "plain": {},
        "rsa": _zone(algorithms=["rsa-sha256"]),
        "ed25519": _zone(algorithms=["ed25519"]),
        "two-algorithms": _zone(algorithms=["rsa-sha256", "ecdsa-p256"]),
        "split-keys": _zone(split_keys=True),
        "next-keys": _zone(key_generation=3),
        "nsec3": _zone(denial="nsec3"),
        "nsec3-salt": _zone(denial="nsec3", nsec3={"iterations": 1, "salt": "aabbcc"}),
        "nsec3-2500": _zone(denial="nsec3", nsec3={"iterations": 2500}),
        "nsec3-opt-out": _zone(denial="nsec3", nsec3={"opt_out": True}),
        "compact": _zone(denial="compact"),
        "unsigned": _zone(signed=False),
        "island": _zone(ds="none"),
        "unknown-digest": _zone(ds="unknown-digest"),
        "unknown-algorithm": _zone(algorithms=["unknown"]),
        "unknown-beside-known": _zone(algorithms=["unknown", "ecdsa-p256"]),
        "rotating": {**_zone(rotate=True), "mx": [{"tlsa": ["3 1 1", "3 1 1 other-key", "2 1 1"]}]},
        "two-servers": _zone(name_servers=["alive", "dead"]),
        "signed-below-unsigned": {
            "zones": {"domain": {"signed": False}, "sub": {"name": "_tcp.mx1.{domain}"}},
        },
        "unsigned-below-signed": {"zones": {"sub": {"name": "_tcp.mx1.{domain}", "signed": False}}},
        "unsigned-below-opt-out": {
            "zones": {
                "domain": {"denial": "nsec3", "nsec3": {"opt_out": True}},
                "sub": {"name": "below.{domain}", "signed": False, "records": ["host A {mx1.ipv4}"]},
            },
        },
        "unsigned-below-nsec3": {
            "zones": {
                "domain": {"denial": "nsec3"},
                "sub": {"name": "deep.below.{domain}", "signed": False, "records": ["host A {mx1.ipv4}"]},
            },
        },
        "dead": _zone(name_servers=["dead"]),
        "lame": _zone(name_servers=["lame"]),
    }


def _aliases() -> dict[str, Tables]:
    return {
        "alias": {"mx": [{"alias_of": ["target.{domain}"]}]},
        "alias-to-unsigned": {
            "zones": {"provider": {"signed": False}},
            "mx": [{"alias_of": ["target.{provider}"]}],
        },
        "alias-to-bogus": {
            "zones": {"provider": {"ds": "other-key"}},
            "mx": [{"alias_of": ["target.{provider}"]}],
        },
        "alias-loop": {"mx": [], "zones": {"domain": {"records": ["a CNAME b", "b CNAME a"]}}},
        "alias-long": {"mx": [{"alias_of": [f"step{number}.{{domain}}" for number in range(8)]}]},
        "alias-dangling": {"zones": {"domain": {"records": ["gone CNAME nowhere.{domain}"]}}},
        "dname": {
            "zones": {
                "provider": {"records": ["host A {mx1.ipv4}"]},
                "domain": {"records": ["below DNAME {provider}", "probe CNAME host.below"]},
            },
        },
        "dname-tlsa": {
            "zones": {"domain": {"records": ["_tcp.other DNAME _tcp.mx1", "see CNAME _25._tcp.other"]}},
        },
    }


def _wildcards() -> dict[str, Tables]:
    records = ["*._tcp.other TLSA {mx1.tlsa 3 1 1}", "*.hosts A {mx1.ipv4}", "*.many CNAME mx1"]
    ask = ["probe1 CNAME _25._tcp.other", "probe2 CNAME x.y.hosts", "probe3 CNAME q.many"]
    made: dict[str, Tables] = {}
    for name, denial in _DENIALS.items():
        made[f"wildcard-{name}"] = _zone(records=[*records, *ask], **denial)
        made[f"wildcard-{name}-noproof"] = {
            **_zone(records=records, **denial),
            **_fault("no-wildcard-proof", "_25._tcp.other TLSA"),
        }
    return made


def _broken_answers() -> dict[str, Tables]:
    made = {
        what: _fault(what)
        for what in (
            "no-rrsig",
            "corrupt-rrsig",
            "expired-rrsig",
            "future-rrsig",
            "wrong-signer",
            "labels-high",
            "extra-bad-rrsig",
            "unknown-key-rrsig",
            "empty-noerror",
            "forged-nxdomain",
            "mixed-case",
            "set-ad",
            "truncate",
            "drop-large-udp",
            "servfail",
            "refused",
            "notimp",
            "formerr",
            "drop",
            "garbage",
            "truncate-no-tcp",
        )
    }
    made = {f"f-{what}": tables for what, tables in made.items()}
    # Long enough for the slowest validator to come round to it.
    made["f-raised-ttl"] = _fault("raised-ttl")
    made["f-short-rrsig"] = _fault("short-rrsig", lasts="1h")
    forged = ["_25._tcp.mx1 TLSA 3 1 1 " + "ab" * 32]
    made["f-forged"] = _fault("forged", records=forged)
    made["f-altered"] = _fault("altered", records=forged)
    made["f-no-edns"] = {"faults": [{"at": word, "what": "no-edns"} for word in ("@ *", "*.@ *")]}
    made["f-ds-other-key"] = _zone(ds="other-key")
    made["f-no-zone-key-flag"] = _zone(zone_key_flag=False)
    for what in ("no-rrsig", "corrupt-rrsig", "expired-rrsig", "drop", "servfail"):
        made[f"f-dnskey-{what}"] = _fault(what, "DNSKEY")
    for what in ("drop", "servfail", "corrupt-rrsig"):
        made[f"f-ds-{what}"] = _fault(what, "@ DS")
    made["f-one-algorithm"] = {
        **_zone(algorithms=["rsa-sha256", "ecdsa-p256"]),
        **_fault("no-rrsig", algorithm="rsa-sha256"),
    }
    made["f-large-lost"] = {"mx": [{"tlsa": ["3 0 0", *(f"3 0 0 garbage {600 + n}" for n in range(3))]}]}
    made["f-large-lost"] |= _fault("drop-large-udp")
    for what in ("no-rrsig", "corrupt-rrsig", "no-edns", "empty-noerror", "no-proof"):
        made[f"f-unsigned-{what}"] = {**_zone(signed=False), **_fault(what)}
    return made


def _broken_denials() -> dict[str, Tables]:
    made: dict[str, Tables] = {}
    everywhere = ("no-proof", "nsec-elsewhere", "type-listed", "cname-listed", "corrupt-rrsig", "no-rrsig")
    only_nsec3 = ("no-encloser", "unknown-hash", "unknown-flags", "iterations-raised")
    for name, denial in _DENIALS.items():
        for what in (*everywhere, *(only_nsec3 if name == "nsec3" else ())):
            made[f"g-{name}-{what}-data"] = {**_zone(**denial), **_fault(what, "mx1 AAAA")}
            if what not in ("type-listed", "cname-listed"):
                made[f"g-{name}-{what}-name"] = {**_zone(**denial), **_fault(what, "nowhere A")}
    made["g-nsec-from-parent"] = _fault("nsec-from-parent", "mx1 AAAA")
    made["g-nsec-no-wildcard"] = _fault("no-wildcard-proof", "nowhere A")
    made["g-nsec3-no-wildcard"] = {**_zone(denial="nsec3"), **_fault("no-wildcard-proof", "nowhere A")}
    made["g-no-ns-bit"] = {
        "zones": {"provider": {"signed": False, "records": ["host A {mx1.ipv4}"]}},
        **_fault("no-ns-bit", "{provider} DS"),
    }
    return made


def specimens() -> list[Scenario]:
    """All of them; their ids say what they are."""
    every = _healthy() | _aliases() | _wildcards() | _broken_answers() | _broken_denials()
    return [
        Scenario.model_validate(
            {
                "id": f"z-{name}",
                "title": f"A specimen of {name}",
                "explain": "A world for validators to look at, and not for senders.",
                "covers": ["none"],
                "expect": {"opportunistic": "DEFER", "mandatory": "DEFER", "unaware": "DEFER"},
                **tables,
            }
        )
        for name, tables in every.items()
    ]
