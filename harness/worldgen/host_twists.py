"""Twists of mail hosts: TLSA records, certificates, manners, addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .draft import Draft

Drawn = tuple[str, Callable[[Draft], None]]
"""A twist's words and what it does."""

_Values = tuple[str, dict[str, Any]]
"""Words, and what they stand for in a table."""

WHICH = st.sampled_from((0, 0, 0, 1, 2))
"""Which host is meant: mostly the first."""

_SPENT = {"not_before": "-2y", "not_after": "-1y"}
_RECORDS = (
    "3 1 1 other-key", "3 1 1", "3 0 1", "3 1 0", "3 0 0", "3 1 2", "3 0 2", "3 0 1 other-key", "3 1 0 other-key",
    "3 1 2 other-key", "3 1 1 last-bit-flipped", "3 1 1 octets 31", "3 1 1 octets 33", "3 1 1 as 0 1", "3 1 2 as 1 1",
    "3 1 1 issuer", "3 0 1 root", "2 0 1", "2 1 1", "2 0 0", "2 1 0", "2 1 2", "2 0 2", "2 1 1 issuer", "2 0 1 issuer",
    "2 0 0 issuer", "2 1 1 leaf", "2 1 1 other-key", "2 0 1 other-key", "2 1 2 other-key", "3 1 3 garbage 32",
    "9 9 9 garbage 32", "4 1 1 leaf", "255 1 1 other-key", "3 2 1 as 1 1", "3 255 1 other-key as 1 1",
    "3 1 255 other-key as 1 1", "3 0 0 garbage 64", "2 1 0 garbage 64", "1 1 1", "1 1 1 other-key", "0 0 1",
    "0 1 1 other-key", "raw 030101", "raw 0301",
)  # fmt: skip
_OUTDONE = (("3 1 1 other-key", "3 1 255 other-key as 1 1"), ("3 1 1 other-key", "3 1 3 garbage 32"))
"""A usable record beside one whose digest would be stronger, were it known."""
_UNUSABLE = ("3 1 3 garbage 32", "3 1 1 octets 31", "4 1 1 leaf")
_ANCHORS = (
    "2 1 1", "2 0 1", "2 1 1 issuer", "2 0 1 issuer", "2 1 0", "2 0 0", "2 1 2", "2 1 1 leaf", "3 1 1", "3 1 1 issuer",
    "2 1 1 other-key", "0 0 1", "1 1 1", "2 1 0 other-key",
)  # fmt: skip
_CERTIFICATES: tuple[_Values, ...] = (
    ("another name", {"names": ["unrelated.example"]}),
    ("expired", _SPENT),
    ("not valid yet", {"not_before": "+1y", "not_after": "+2y"}),
    ("the domain's name", {"names": ["{domain}"]}),
    ("the base domain's name in capitals", {"names": ["MX1.{domain}"]}),
    ("a wildcard", {"names": ["*.{domain}"]}),
    ("half a wildcard", {"names": ["mx*.{domain}"]}),
    ("the other half of a wildcard", {"names": ["*1.{domain}"]}),
    ("the base domain's name before a zero octet", {"names": ["mx1.{domain}\0.attacker.example"], "subject": ""}),
    ("an inner wildcard", {"names": ["mx1.*.example"]}),
    ("only a common name", {"names": [], "subject": "mx1.{domain}"}),
    ("no name", {"names": [], "subject": ""}),
    ("a common name beside another DNS name", {"names": ["unrelated.example"], "subject": "mx1.{domain}"}),
    ("P-384", {"key": "p-384"}),
    ("Ed25519", {"key": "ed25519"}),
    ("a client's purpose", {"extended_key_usage": ["client-auth"]}),
    ("CA:TRUE", {"ca": True, "key_usage": ["digital-signature", "key-cert-sign"], "names": ["mx1.{domain}"]}),
    ("an unknown critical extension", {"unknown_critical_extension": True}),
    ("revoked", {"revoked": True}),
    ("another key", {"generation": 1}),
    ("the second host's name", {"names": ["mx2.{domain}"]}),
    ("an address for a name", {"names": [], "subject": "", "addresses": ["{mx1.ipv4}"]}),
)
_CHAINS: tuple[_Values, ...] = (
    ("by an authority", {"issuer": "ca"}),
    ("by an intermediate", {"issuer": "intermediate"}),
    ("by a public authority", {"issuer": "webpki"}),
    ("by an authority, not sent", {"issuer": "ca", "send": ["leaf"]}),
    ("by an intermediate, root not sent", {"issuer": "intermediate", "send": ["leaf", "intermediate"]}),
    ("by an intermediate, not sent", {"issuer": "intermediate", "send": ["leaf", "ca"]}),
    ("by an intermediate, out of order", {"issuer": "intermediate", "send": ["leaf", "ca", "intermediate"]}),
    ("by itself, an authority sent along", {"send": ["leaf", "ca"]}),
    ("by an authority's name with another key", {"issuer": "ca", "signature": "other-key"}),
    ("by an authority, signature spoilt", {"issuer": "ca", "signature": "broken"}),
    ("by an authority below an intermediate", {"issuer": "deep"}),
)
_AUTHORITIES: tuple[_Values, ...] = (
    ("is expired", _SPENT),
    ("is no CA", {"ca": False}),
    ("has a path length of 0", {"path_length": 0}),
    ("excludes the domain", {"excluded_names": ["{domain}"]}),
    ("permits another domain only", {"permitted_names": ["elsewhere.example"]}),
    ("has an unknown critical extension", {"unknown_critical_extension": True}),
    ("is revoked", {"revoked": True}),
)
_WITHOUT_TLS: tuple[_Values, ...] = (
    ("does not offer STARTTLS", {"starttls": False}),
    ("refuses STARTTLS for now", {"starttls_reply": "454 4.7.0 TLS not available due to temporary reason"}),
    ("refuses STARTTLS", {"starttls_reply": "502 5.5.1 command not implemented"}),
    ("closes instead of a handshake", {"after_220": "close"}),
    ("sends an alert instead of a handshake", {"after_220": "alert"}),
    ("sends garbage instead of a handshake", {"after_220": "garbage", "hang_limit": "100ms"}),
    ("resets instead of a handshake", {"after_220": "reset"}),
    ("hangs instead of a handshake", {"after_220": "hang", "hang_limit": "100ms"}),
    ("goes on in cleartext after the handshake", {"after_220": "plaintext"}),
    ("resets after EHLO", {"reset_after_ehlo": True}),
    ("refuses EHLO", {"ehlo_reply": "502 5.5.1 command not implemented"}),
    ("mangles STARTTLS", {"starttls_keyword": "XXXXXXXA"}),
)
_MANNERS: tuple[_Values, ...] = (
    ("cuts the message inside TLS", {"cut_in_data": True}),
    ("offers STARTTLS only on the second try", {"starttls_after_cleartext": True}),
    ("injects lines behind the 220", {"inject": ["250-mail", "250-XINJECTED", "250 SIZE 10"]}),
    ("is busy", {"banner": "421 4.3.2 too busy"}),
    ("puts MAIL off", {"mail_reply": "451 4.3.0 try again later"}),
    ("puts RCPT off", {"rcpt_reply": "451 4.3.0 try again later"}),
    ("puts the message off", {"data_reply": "451 4.3.0 try again later"}),
    ("offers STARTTLS inside TLS", {"starttls_again": True}),
    ("offers less inside TLS", {"ehlo_tls": []}),
    ("offers nothing before TLS", {"ehlo": []}),
    ("answers EHLO line by line", {"ehlo_line_by_line": True}),
)
_TLS: tuple[_Values, ...] = (
    ("TLS 1.2 only", {"versions": ["1.2"]}),
    ("TLS 1.3 only", {"versions": ["1.3"]}),
    ("TLS 1.1 at most", {"versions": ["1.0", "1.1"]}),
    ("anonymous suites only", {"versions": ["1.2"], "ciphers": "aNULL"}),
    ("suites without encryption only", {"versions": ["1.2"], "ciphers": "eNULL"}),
    ("no suite in common", {"versions": ["1.2"], "ciphers": "PSK"}),
    ("a request for a client certificate", {"request_client_certificate": True}),
    ("HelloRetryRequest", {"hello_retry": True}),
    ("a warning about the server name", {"versions": ["1.2"], "unrecognized_name_warning": True}),
)


def _twist(words: str, change: Callable[[dict[str, Any]], None]) -> Callable[[int], Drawn]:
    """A twist of the host of this number."""

    def of_host(number: int) -> Drawn:
        return f"host {number + 1}: {words}", lambda draft: change(draft.host(number))

    return of_host


def _table(key: str, words: str, values: dict[str, Any]) -> Callable[[int], Drawn]:
    return _twist(words, lambda host: host.update({key: {**host.get(key, {}), **values}}))


def _published(number: int, records: list[str]) -> Drawn:
    return _twist(f"TLSA {', '.join(records) or 'absent'}", lambda host: host.update(tlsa=list(records)))(number)


def _records(records: SearchStrategy[list[str]]) -> SearchStrategy[Drawn]:
    """TLSA records of a host."""
    return st.builds(_published, WHICH, records)


_LONE_RECORD = _records(st.sampled_from((*((record,) for record in _RECORDS), ())).map(list))
SEVERAL_RECORDS: SearchStrategy[Drawn] = _records(st.lists(st.sampled_from(_RECORDS), max_size=4, unique=True))
"""TLSA records that decide together, or none."""


def _chain(number: int, chain: _Values, record: str, flaw: _Values) -> Drawn:
    """A certificate with an issuer, the TLSA record that goes with it, and perhaps something wrong with it."""

    words, values = chain

    def apply(draft: Draft) -> None:
        host = draft.host(number)
        host["tlsa"] = [record]
        host["cert"] = {**host.get("cert", {}), **values, **flaw[1]}
        named = {values.get("issuer", "self"), *values.get("send", ())}
        if named & {"ca", "intermediate", "deep"}:
            draft.authority("ca")
        if named & {"intermediate", "deep"}:
            draft.authority("intermediate", issuer="ca")
        if "deep" in named:
            draft.authority("deep", issuer="intermediate")

    said = f", {flaw[0]}" if flaw[0] else ""
    return f"host {number + 1}: TLSA {record}, certificate issued {words}{said}", apply


def _authority(name: str, words: str, values: dict[str, Any]) -> Drawn:
    def apply(draft: Draft) -> None:
        if name in draft.certs:
            draft.authority(name, **values)

    return f"{name} {words}", apply


def _chains() -> SearchStrategy[Drawn]:
    return st.builds(
        _chain,
        WHICH,
        st.sampled_from(_CHAINS),
        st.sampled_from(_ANCHORS),
        st.just(("", {})) | st.sampled_from(_CERTIFICATES),
    )


def _path(
    number: int, flaw: _Values, place: str, sent: _Values = ("by an intermediate", {"issuer": "intermediate"})
) -> Drawn:
    """A chain that is in order but for one certificate of it."""
    record = "2 1 1"
    words, apply = _chain(number, sent, record, flaw if place == "leaf" else ("", {}))

    def flawed(draft: Draft) -> None:
        apply(draft)
        if place != "leaf":
            draft.authority(place, **flaw[1])

    return words if place == "leaf" else f"{words}; {place} {flaw[0]}", flawed


def _paths() -> SearchStrategy[Drawn]:
    leaves = st.builds(_path, WHICH, st.sampled_from(_CERTIFICATES), st.just("leaf"))
    above = st.builds(_path, WHICH, st.sampled_from(_AUTHORITIES), st.sampled_from(("intermediate", "ca")))
    below = st.builds(_path, WHICH, st.just(_AUTHORITIES[2]), st.just("intermediate"), st.just(_CHAINS[-1]))
    return leaves | above | below


def _leaves() -> SearchStrategy[Drawn]:
    """A chain that is in order but for the leaf's dates, or its names, each of which some sender takes for another."""
    flaws = [flaw for flaw in _CERTIFICATES if flaw[1].keys() & {"names", "not_before"}]
    return st.builds(_path, WHICH, st.sampled_from(flaws), st.just("leaf"))


def _sibling(number: int) -> Drawn:
    """A certificate that names the domain's other host, which is in order."""
    words, apply = _chain(number, _CHAINS[0], "2 1 1", ("another host's name", {"names": ["mx2.{domain}"]}))

    def with_another(draft: Draft) -> None:
        _another("", {})[1](draft)
        apply(draft)

    return f"{words}; there is another host", with_another


def _unicode() -> Drawn:
    """A certificate that bears in Unicode what the host's name is the A-label of."""
    flaw = ("its name in Unicode", {"names": ["müller.{domain}"], "subject": ""})
    words, apply = _chain(0, _CHAINS[0], "2 1 1", flaw)

    def named(draft: Draft) -> None:
        apply(draft)
        draft.host(0).setdefault("host", "xn--mller-kva.{domain}")

    return words, named


def _without_tls(number: int, record: str, manner: _Values) -> Drawn:
    """A host that publishes this record alone, and with which there is no TLS."""
    words, values = manner

    def apply(draft: Draft) -> None:
        host = draft.host(number)
        host["tlsa"] = [record]
        host["smtp"] = {**host.get("smtp", {}), **values}

    return f"host {number + 1}: TLSA {record}, and {words}", apply


def _from(choices: tuple[_Values, ...], key: str, words: str) -> SearchStrategy[Drawn]:
    made = [_table(key, f"{words}{what}", values) for what, values in choices]
    return st.builds(lambda number, make: make(number), WHICH, st.sampled_from(made))


def _another(words: str, host: dict[str, Any]) -> Drawn:
    def apply(draft: Draft) -> None:
        if draft.shape == "mx" and len(draft.hosts) < 3:
            draft.hosts.append(dict(host))

    return words, apply


def _down(number: int) -> Drawn:
    return _twist("refuses connections", lambda host: host.update(tcp="refused"))(number)


def _without_address(number: int) -> Drawn:
    return _twist("has no address", lambda host: host.update(ipv4=[]))(number)


def _shared(number: int) -> Drawn:
    """Another host's server stands at a second address."""

    def apply(draft: Draft) -> None:
        if len(draft.hosts) > 1 and draft.shape == "mx":
            other = 0 if number else 1
            draft.host(number)["ipv4"] = [f"mx{other + 1}", ""]

    return f"host {number + 1}: has another host's address too", apply


HOSTS: tuple[SearchStrategy[Drawn], ...] = (
    # The plainest defect of all. It is drawn in one go, for what takes fewer draws is the simpler for hypothesis.
    st.just(_published(0, ["3 1 1 other-key"])),
    _LONE_RECORD,
    _LONE_RECORD,
    _from(_WITHOUT_TLS, "smtp", ""),
    _from(_MANNERS, "smtp", ""),
    _from(_CERTIFICATES, "cert", "certificate: "),
    _chains(),
    _chains(),
    _paths(),
    st.builds(
        lambda name, what: _authority(name, *what),
        st.sampled_from(("ca", "intermediate")),
        st.sampled_from(_AUTHORITIES),
    ),
    _from(_TLS, "tls", ""),
    st.sampled_from(
        [
            _another("another host", {}),
            _another("another host without TLSA", {"tlsa": []}),
            _another("another host of the same preference", {"preference": 10}),
            _another("another host that is preferred", {"preference": 5}),
        ]
    ),
    st.builds(lambda number, make: make(number), WHICH, st.sampled_from((_down, _without_address, _shared))),
    _leaves(),
)


JOINT: tuple[SearchStrategy[Drawn], ...] = (
    st.builds(_without_tls, WHICH, st.sampled_from(_UNUSABLE), st.sampled_from(_WITHOUT_TLS)),
    _records(st.sampled_from(_OUTDONE).map(list)),
    st.builds(_sibling, WHICH),
    st.builds(_unicode),
)
"""Twists that are two things at once, which would seldom be drawn together."""


def _ipv6(number: int, words: str, values: dict[str, Any]) -> Drawn:
    return _twist(words, lambda host: host.update(values))(number)


IPV6: SearchStrategy[Drawn] = st.builds(
    lambda number, what: _ipv6(number, *what),
    WHICH,
    st.sampled_from(
        (("has an IPv6 address too", {"ipv6": [""]}), ("has an IPv6 address only", {"ipv4": [], "ipv6": [""]}))
    ),
)
