"""Markdown for a job's summary: short, foldable, below GitHub's limit."""

from __future__ import annotations

import pytest

from harness.report.markdown import LIMIT, escaped, text

from .runs import FOUL, conforming, mixed, two, unaware


def test_a_run_as_expected_takes_a_few_lines() -> None:
    page = text(conforming(400))
    assert page.startswith("## DANE for SMTP: As expected.\n")
    assert page.count("\n") < 12


def test_failures_are_folded_with_their_reason_in_sight() -> None:
    page = text(mixed())
    assert page.count("<details><summary><code>") == 3
    assert "<details><summary><code>mismatch</code> (security): mx1 took the mail over TLS; DEFER was expected" in page
    assert "world: " in page


def test_several_targets_have_a_matrix() -> None:
    page = text(two())
    assert "| `mismatch` | DEFER | **FAIL TLS** |" in page
    assert "### Scenarios that not every target passed" not in text(mixed())


@pytest.mark.parametrize("limit", [2_000, 20_000, 1_048_576])
def test_what_has_no_room_is_counted(limit: int) -> None:
    page = text(unaware(200), limit=limit)
    assert len(page.encode()) <= limit
    assert ("have no room here" in page) == (limit < 1_000_000)
    assert page.count("<details>") == page.count("</details>")
    assert LIMIT < 1024 * 1024


def test_text_of_others_is_escaped_and_on_one_line() -> None:
    assert escaped("a <b> *c* `d` | e\nf") == "a &#60;b&#62; &#42;c&#42; &#96;d&#96; &#124; e f"
    assert not set("<>*`|[]") & set(escaped(FOUL).replace("<!-- -->", ""))
