"""Which of the three connection types a target achieves where the receiver supports DANE.

The words are those of the Dutch government's policy on mail: unencrypted, encrypted but unverified, encrypted and
verified. What a target does where nobody interferes tells only half: a connection that can be brought down to a lower
type by anyone on the path is of that lower type to him.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from harness.verdict import Grade, Result, Verdict

_CODED = re.compile(r"\b(?:AUTH|TLS|OPP|CLEAR|DEFER|BOUNCE|NEXT)\b")


class Type(IntEnum):
    """A connection type."""

    UNENCRYPTED = 1
    """Mail goes in cleartext."""
    UNVERIFIED = 2
    """Mail goes over TLS to whoever answers."""
    VERIFIED = 3
    """Mail goes over TLS to a host that the receiver has named in DNS, or not at all."""

    @property
    def words(self) -> str:
        """The policy's words."""
        return ("unencrypted", "encrypted but unverified", "encrypted and verified")[self - 1]


@dataclass(frozen=True, kw_only=True)
class Connection:
    """What connections a target makes to receivers that support DANE."""

    undisturbed: dict[Type, int] = field(default_factory=dict)
    """Deliveries where nothing was wrong, by the type of connection; what was withheld is not among them."""
    withheld: int = 0
    """How often mail was kept where no verified connection was to be had, as it has to be."""
    given_away: dict[Type, tuple[str, ...]] = field(default_factory=dict)
    """Scenarios in which it was sent all the same, by the type of connection it was brought down to."""

    @property
    def tried(self) -> int:
        """In how many scenarios no verified connection was to be had."""
        return self.withheld + sum(map(len, self.given_away.values()))

    @property
    def achieved(self) -> Type | None:
        """The type that the target achieves; None where too little was seen to say.

        It is the third where mail was withheld more often than given away: the exceptions are then told beside it.
        """
        if not self.tried or not self.undisturbed:
            return None
        exceptions = self.tried - self.withheld
        if self.withheld > exceptions:
            return Type.VERIFIED
        usual = max(self.undisturbed, key=lambda each: self.undisturbed[each])
        return min(usual, Type.UNVERIFIED)

    @property
    def holes(self) -> int:
        """In how many scenarios the connection was of a lower type than the third."""
        return self.tried - self.withheld

    @property
    def lowest(self) -> Type | None:
        """The lowest type it could be brought down to; None: none lower than the third."""
        return min((each for each, names in self.given_away.items() if names), default=None)


def connection(results: Iterable[Result]) -> Connection | None:
    """What the results of one target come to; None for a target that sends no mail: a checker, a resolver."""
    known = [result for result in results if result.verdict is not Verdict.ERROR]
    if not any(_CODED.search(result.expected) for result in known):
        return None
    healthy = [result for result in known if _is_healthy(result) and not result.tells]
    return Connection(
        undisturbed=_types(healthy),
        withheld=sum(_kept(result) for result in known if result.tells),
        given_away=_given_away([result for result in known if result.tells]),
    )


def _is_healthy(result: Result) -> bool:
    """Whether a verified connection was to be had, and nothing else conforms or is tried."""
    first = result.expected.split(" / ")[0]
    return first.split("@")[0] == "AUTH" and result.delivered


def _types(results: Iterable[Result]) -> dict[Type, int]:
    found: Counter[Type] = Counter()
    for result in results:
        last = result.outcome.removeprefix("NEXT:").split("@")[0]
        if last in ("AUTH", "TLS", "CLEAR"):
            found[{"AUTH": Type.VERIFIED, "TLS": Type.UNVERIFIED}.get(last, Type.UNENCRYPTED)] += 1
    return dict(sorted(found.items(), reverse=True))


def _kept(result: Result) -> bool:
    return result.verdict in (Verdict.PASS, Verdict.ALLOWED) or (
        result.verdict is Verdict.FAIL and result.grade is not Grade.SECURITY
    )


def _given_away(results: Sequence[Result]) -> dict[Type, tuple[str, ...]]:
    found: dict[Type, list[str]] = {Type.UNVERIFIED: [], Type.UNENCRYPTED: []}
    for result in results:
        if result.verdict is Verdict.FAIL and result.grade is Grade.SECURITY:
            clear = any("cleartext" in leak.how for leak in result.leaked) or "CLEAR" in result.outcome
            found[Type.UNENCRYPTED if clear else Type.UNVERIFIED].append(result.scenario)
    return {each: tuple(names) for each, names in found.items() if names}
