"""Which TLSA records a sender goes by (RFC 7672 section 3.1.3, RFC 7671 section 9, RFC 6698 section 4.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, product

from harness.scenario.models import Choice

from .chains import Treatment
from .facts import TlsaRecord, WellFormed
from .stance import UNDECLARED, Point, Stance

FULL, SHA_256, SHA_512 = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The records that count for one kind of conforming sender; none: all are unusable."""

    records: tuple[tuple[TlsaRecord, Treatment], ...]
    choice: Choice | None = None
    """The choice by which it departs from the usual reading."""


@dataclass(frozen=True, kw_only=True)
class _Habits:
    """What a sender makes of records where the RFCs leave it a choice; the defaults are the usual ones."""

    public_usages: str = "unusable"
    """PKIX-TA(0) and PKIX-EE(1): `unusable`, `as-dane` (as 2 and 3), or `as-written` (RFC 6698)."""
    knows_sha_512: bool = True
    is_agile: bool = True
    parses_full_data: bool = True


def readings(records: tuple[TlsaRecord, ...], stance: Stance = UNDECLARED) -> tuple[Reading, ...]:
    """Every reading of the records that conforms, each once, the usual one first."""
    found: dict[tuple[tuple[TlsaRecord, Treatment], ...], Reading] = {}
    for habits in _all_habits(records, stance):
        kept = tuple(_read(records, habits))
        found.setdefault(kept, Reading(records=kept, choice=_choice(habits)))
    return tuple(found.values())


def _all_habits(records: tuple[TlsaRecord, ...], stance: Stance) -> Iterator[_Habits]:
    """The habits that may matter for these records, the usual ones first."""
    public = any(record.usage in (0, 1) for record in records)
    strong = any(record.matching_type == SHA_512 for record in records)
    garbage = any(record.well_formed is WellFormed.GARBAGE for record in records)
    usages = stance.left(Point.PKIX_USAGES, {"unusable": ("unusable",), "enforced": ("as-dane", "as-written")})
    for used, known, agile, parses in product(
        tuple(chain(*usages)) if public else ("unusable",),
        stance.left(Point.SHA_512, {"supported": True, "unusable": False}) if strong else (True,),
        stance.left(Point.DIGEST_AGILITY, {"strongest-only": True, "any-match": False}) if strong else (True,),
        (True, False) if garbage else (True,),
    ):
        yield _Habits(public_usages=used, knows_sha_512=known, is_agile=agile, parses_full_data=parses)


def _choice(habits: _Habits) -> Choice | None:
    if habits.public_usages != "unusable":
        return Choice.PKIX_USAGES
    if not habits.parses_full_data:
        return Choice.MALFORMED_TLSA
    if not habits.is_agile:
        return Choice.DIGEST_AGILITY
    return None if habits.knows_sha_512 else Choice.SHA_512


def _read(records: tuple[TlsaRecord, ...], habits: _Habits) -> Iterator[tuple[TlsaRecord, Treatment]]:
    usable = [
        (record, treatment)
        for record in records
        if (treatment := _treatment(record.usage, habits)) is not None and _is_usable(record, habits)
    ]
    if habits.is_agile:
        strongest = _strongest(record for record, _ in usable)
        usable = [(record, treatment) for record, treatment in usable if _is_kept(record, strongest)]
    yield from usable


def _treatment(usage: int, habits: _Habits) -> Treatment | None:
    """Only usages 2 and 3 are defined for SMTP (section 3.1.3; 7672-3.1.3-1)."""
    match usage, habits.public_usages:
        case (2, _) | (0, "as-dane"):
            return Treatment.DANE_TA
        case (3, _) | (1, "as-dane"):
            return Treatment.DANE_EE
        case 0, "as-written":
            return Treatment.PKIX_TA
        case 1, "as-written":
            return Treatment.PKIX_EE
    return None


def _is_usable(record: TlsaRecord, habits: _Habits) -> bool:
    """RFC 6698 section 4.1: known parameters and data that fit them (6698-4.1-6, 6698-4.1-7, 7671-2-1)."""
    if record.selector not in (0, 1) or record.matching_type not in (FULL, SHA_256, SHA_512):
        return False
    if record.matching_type == SHA_512 and not habits.knows_sha_512:
        return False
    if record.well_formed is WellFormed.GARBAGE:
        return not habits.parses_full_data
    return record.well_formed is WellFormed.YES


def _strongest(records: Iterable[TlsaRecord]) -> dict[tuple[int, int], int]:
    """The strongest digest for each usage and selector (RFC 7671 section 9; 7671-9-2, 7671-9-5)."""
    best: dict[tuple[int, int], int] = {}
    for record in records:
        group = (record.usage, record.selector)
        best[group] = max(best.get(group, FULL), record.matching_type)
    return best


def _is_kept(record: TlsaRecord, strongest: dict[tuple[int, int], int]) -> bool:
    """Full(0) stays beside the strongest digest, weaker digests go (RFC 7671 section 9; 7671-9-4)."""
    return record.matching_type in (FULL, strongest[record.usage, record.selector])
