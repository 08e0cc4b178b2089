"""The full cross of MX status, address status, TLSA status, certificate and STARTTLS, as far as each makes sense.

What makes no sense is left out: nothing can be secure, or bogus, below a zone that is not signed, and where a lookup
before it has settled everything, the TLSA records are there or they are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Any

from harness.scenario.load import Entry
from harness.scenario.merge import merge

from .entries import Label, Maker

CONTROL = "matrix-sec-sec-sec-match-offered"
"""Where everything is as it should be."""


class Status(StrEnum):
    """What a lookup comes to."""

    SECURE = "sec"
    """Signed and good."""
    INSECURE = "ins"
    """In a zone that is provably not signed."""
    BOGUS = "bog"
    """Signed, and the signature is spoilt."""
    FAILED = "srv"
    """SERVFAIL."""
    ABSENT = "abs"
    """There is no such record, and the denial is as good as the zone."""


class Shown(StrEnum):
    """How the server's certificate and the TLSA records go together."""

    MATCH = "match"
    """`3 1 1` of the key shown."""
    EXPIRED = "expired"
    """The same, and the certificate is long out of date and names another host: that does not count."""
    OTHER = "other"
    """`3 1 1` of another key."""
    ANCHOR = "ta"
    """`2 1 1` of the authority that issued the certificate."""
    NAMELESS = "ta-name"
    """The same, and the certificate names another host: that does count."""
    OVERDUE = "ta-date"
    """The same, and the certificate has expired: that does count."""
    UNUSABLE = "unusable"
    """Records that nobody can use."""


class Starttls(StrEnum):
    """What becomes of STARTTLS."""

    OFFERED = "offered"
    """It is offered and works."""
    STRIPPED = "stripped"
    """It is not offered."""
    REFUSED = "refused"
    """It is offered and answered 454."""
    BROKEN = "broken"
    """It is offered and granted, and every handshake fails."""


_WORDS: dict[Status, str] = {
    Status.SECURE: "secure",
    Status.INSECURE: "insecure",
    Status.BOGUS: "bogus",
    Status.FAILED: "SERVFAIL",
    Status.ABSENT: "absent",
}
_FAULTS = {Status.BOGUS: "corrupt-rrsig", Status.FAILED: "servfail"}
_TA = {"issuer": "ca"}
_AUTHORITY = {"certs": {"ca": {"ca": True}}}
_SHOWN: dict[Shown, tuple[list[str], dict[str, Any]]] = {
    Shown.MATCH: (["3 1 1"], {}),
    Shown.EXPIRED: (["3 1 1"], {"names": ["unrelated.example"], "not_before": "-2y", "not_after": "-1y"}),
    Shown.OTHER: (["3 1 1 other-key"], {}),
    Shown.ANCHOR: (["2 1 1"], _TA),
    Shown.NAMELESS: (["2 1 1"], {**_TA, "names": ["unrelated.example"]}),
    Shown.OVERDUE: (["2 1 1"], {**_TA, "not_before": "-2y", "not_after": "-1y"}),
    Shown.UNUSABLE: (["3 1 3 garbage 32", "9 9 9 garbage 32"], {}),
}
_STARTTLS: dict[Starttls, dict[str, Any]] = {
    Starttls.OFFERED: {},
    Starttls.STRIPPED: {"smtp": {"starttls": False}},
    Starttls.REFUSED: {"smtp": {"starttls_reply": "454 4.7.0 TLS not available due to temporary reason"}},
    Starttls.BROKEN: {"smtp": {"after_220": "alert"}},
}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One world of the cross."""

    mx: Status
    """ABSENT: the domain is its own host."""
    address: Status
    tlsa: Status
    shown: Shown
    starttls: Starttls

    @property
    def id(self) -> str:
        return f"matrix-{self.mx}-{self.address}-{self.tlsa}-{self.shown}-{self.starttls}"

    def tables(self) -> dict[str, Any]:
        """The world in the words of a scenario."""
        records, certificate = _SHOWN[self.shown]
        host: dict[str, Any] = {**_STARTTLS[self.starttls]}
        if certificate:
            host["cert"] = certificate
        if self.tlsa is Status.ABSENT:
            host["tlsa"] = []
        elif records != ["3 1 1"]:
            host["tlsa"] = records
        if self.address is Status.ABSENT:
            host["ipv4"] = []
        made: dict[str, Any] = _AUTHORITY if certificate.get("issuer") else {}
        made = merge(made, self._hosts(host))
        zones = self._zones()
        faults = [
            {"at": at, "what": _FAULTS[status]}
            for at, status in (("MX", self.mx), ("address", self.address), ("TLSA", self.tlsa))
            if status in _FAULTS
        ]
        return merge(made, {**({"zones": zones} if zones else {}), **({"faults": faults} if faults else {})})

    def _hosts(self, host: dict[str, Any]) -> dict[str, Any]:
        if self.mx is Status.ABSENT:
            return {"mx": [], "hosts": [{"key": "apex", "host": "{domain}", **host}]}
        if self._elsewhere:
            host = {"host": "mx1.{provider}", **host}
        return {"mx": [host]} if host else {}

    @property
    def _elsewhere(self) -> bool:
        """Whether the host needs a zone of its own, because it is not as well signed as the domain."""
        return (self.mx is Status.INSECURE) != (self.address is Status.INSECURE)

    def _zones(self) -> dict[str, Any]:
        zones: dict[str, Any] = {}
        alone = self.mx is Status.ABSENT
        if self.mx is Status.INSECURE or (alone and self.address is Status.INSECURE):
            zones["domain"] = {"signed": False}
        if self._elsewhere and not alone:
            zones["provider"] = {} if self.mx is Status.INSECURE else {"signed": False}
        if self.tlsa is Status.INSECURE and self.address is not Status.INSECURE:
            owner = "{domain}" if alone else "mx1.{provider}" if self._elsewhere else "mx1.{domain}"
            zones["tcp"] = {"name": f"_tcp.{owner}", "signed": False}
        return zones

    def label(self) -> Label:
        """What is said about it."""
        lookups = f"MX {_WORDS[self.mx]}, address {_WORDS[self.address]}, TLSA {_WORDS[self.tlsa]}"
        return Label(
            id=self.id,
            title=f"{lookups}; certificate: {self.shown}; STARTTLS {self.starttls}",
            explain=(
                "One world of the cross of what the MX, address and TLSA lookups come to, what the server shows and "
                "what becomes of STARTTLS.\nWhat is expected is worked out by the oracle."
            ),
            twin=CONTROL,
        )


def cells() -> Iterator[Cell]:
    """All that make sense, in order."""
    for mx, address, tlsa, shown, starttls in product(Status, Status, Status, Shown, Starttls):
        cell = Cell(mx=mx, address=address, tlsa=tlsa, shown=shown, starttls=starttls)
        if _makes_sense(cell):
            yield cell


def _makes_sense(cell: Cell) -> bool:
    if cell.address is Status.INSECURE and cell.tlsa in (Status.SECURE, Status.BOGUS):
        return False
    if cell.tlsa is Status.ABSENT:
        return cell.shown is Shown.MATCH
    if cell.tlsa in _FAULTS:
        return cell.shown in (Shown.MATCH, Shown.OTHER)
    if cell.tlsa is Status.INSECURE or cell.address in (*_FAULTS, Status.ABSENT) or cell.mx in _FAULTS:
        return cell.shown in (Shown.MATCH, Shown.OTHER, Shown.UNUSABLE)
    return True


def entries() -> tuple[Entry, ...]:
    """The cross as scenarios, sorted by id."""
    maker = Maker(folder="matrix")
    return tuple(sorted((maker.make(cell.tables(), cell.label()) for cell in cells()), key=lambda entry: entry.id))
