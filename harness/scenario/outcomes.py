"""What may become of a message: the catalogue's outcome codes and how a file writes the permitted ones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema


class Code(StrEnum):
    """One way a delivery may end."""

    AUTH = "AUTH"
    """Accepted over TLS, and only a DANE match can justify it; the twin is not delivered."""
    TLS = "TLS"
    """Accepted over TLS, the peer's identity not checked."""
    OPP = "OPP"
    """Pre-DANE opportunistic delivery: over TLS, or in cleartext."""
    CLEAR = "CLEAR"
    """Accepted in cleartext, and that is permitted."""
    DEFER = "DEFER"
    """Accepted nowhere, kept for a later attempt, not bounced."""
    BOUNCE = "BOUNCE"
    """Returned as permanently undeliverable."""


DELIVERED = frozenset({Code.AUTH, Code.TLS, Code.OPP, Code.CLEAR})

_WORD = re.compile(r"(NEXT:)?(AUTH|TLS|OPP|CLEAR|DEFER|BOUNCE)(?:@([a-z0-9-]+))?")


@dataclass(frozen=True)
class Outcome:
    """One permitted ending.

    `next` says that the most preferred host was given up and another MX took the mail (catalogue: `NEXT:AUTH`).
    `at` names the host that has to have taken it, where that matters (`AUTH@mx2`).
    """

    code: Code
    next: bool = False
    at: str | None = None

    def __str__(self) -> str:
        return ("NEXT:" if self.next else "") + self.code + (f"@{self.at}" if self.at else "")

    @property
    def is_delivery(self) -> bool:
        return self.code in DELIVERED


@dataclass(frozen=True)
class Permitted:
    """The endings that conform, the usual one first. Written `AUTH / DEFER` in a file."""

    outcomes: tuple[Outcome, ...]

    def __str__(self) -> str:
        return " / ".join(map(str, self.outcomes))

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self.outcomes)

    @property
    def usual(self) -> Outcome:
        return self.outcomes[0]

    @property
    def allows_delivery(self) -> bool:
        return any(outcome.is_delivery for outcome in self.outcomes)

    @classmethod
    def parse(cls, text: str) -> Permitted:
        outcomes = []
        for word in text.split("/"):
            found = _WORD.fullmatch(word.strip())
            if found is None:
                raise ValueError(
                    f"{word.strip()!r} is no outcome: write AUTH, TLS, OPP, CLEAR, DEFER or BOUNCE, "
                    "with NEXT: before it or @host behind it where needed, several separated by ' / '"
                )
            skipped, code, host = found.groups()
            outcome = Outcome(Code(code), next=skipped is not None, at=host)
            if outcome.next and not outcome.is_delivery:
                raise ValueError(f"{word.strip()!r}: NEXT: goes with a delivery (AUTH, TLS, OPP or CLEAR)")
            outcomes.append(outcome)
        if len(set(outcomes)) < len(outcomes):
            raise ValueError(f"{text!r} names an outcome twice")
        return cls(tuple(outcomes))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            lambda value: value if isinstance(value, cls) else cls.parse(value) if isinstance(value, str) else value,
            core_schema.is_instance_schema(cls),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        word = _WORD.pattern.replace("(?:@([a-z0-9-]+))?", "(@[a-z0-9-]+)?")
        return {
            "type": "string",
            "pattern": rf"^{word}( / {word})*$",
            "description": "Permitted outcomes, the usual one first, as in 'AUTH / DEFER'.",
        }
