"""What the oracle does not speak about, and says so."""

from __future__ import annotations

from typing import Any

import pytest

from harness.oracle.reach import Beyond, beyond
from harness.scenario.stages import validated

EXPECT = {"opportunistic": "AUTH", "mandatory": "AUTH", "unaware": "OPP"}


def _beyond(**tables: Any) -> Beyond | None:
    said = {"id": "one", "title": "a scenario", "explain": "It is made for this test.", "covers": ["7672-2.2-1"]}
    return beyond(validated({**said, "expect": EXPECT, **tables}))


def test_the_healthy_world_is_within_reach() -> None:
    assert _beyond() is None


@pytest.mark.parametrize(
    ("reason", "tables"),
    [
        (Beyond.LOCAL_POLICY, {"route": {"audit_only": True}}),
        (Beyond.LOCAL_POLICY, {"route": {"disabled": True}}),
        (Beyond.EARLIER_SESSIONS, {"mx": [{"smtp": {"first_banner": "421 later"}}]}),
        (Beyond.CACHE, {"needs": ["cache"]}),
        (Beyond.REPLIES, {"mx": [{"smtp": {"rcpt_reply": "550 no such user"}}]}),
        (Beyond.SUITES, {"mx": [{"tls": {"ciphers": "CAMELLIA"}}]}),
    ],
)
def test_other_documents_and_earlier_messages_are_not(reason: Beyond, tables: dict[str, Any]) -> None:
    assert _beyond(**tables) is reason
