"""A badge for a README: as an SVG picture of our own, or as what shields.io's endpoint badge reads."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape, quoteattr

from harness.errors import ExitCode
from harness.verdict import Verdict

from .model import RunReport, fails, surprises

LABEL = "DANE"
_COLOURS = {"brightgreen": "#3a8f3a", "red": "#c0392b", "orange": "#b8651b", "lightgrey": "#6b6b6b"}
"""Dark enough for white letters."""
_PER_LETTER = 6.6
"""Width of a letter in pixels, on the average, at the size used."""
_MARGIN = 6


def text(report: RunReport) -> str:
    """The badge as SVG."""
    message, colour = said(report)
    left, right = _width(LABEL), _width(message)
    title = escape(f"{LABEL}: {message}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f"aria-label={quoteattr(f'{LABEL}: {message}')}>\n"
        f"  <title>{title}</title>\n"
        f'  <rect width="{left}" height="20" fill="#444"/>\n'
        f'  <rect x="{left}" width="{right}" height="20" fill="{_COLOURS[colour]}"/>\n'
        '  <g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">\n'
        f'    <text x="{left / 2:g}" y="14">{escape(LABEL)}</text>\n'
        f'    <text x="{left + right / 2:g}" y="14">{escape(message)}</text>\n'
        "  </g>\n</svg>\n"
    )


def endpoint(report: RunReport) -> str:
    """The JSON that shields.io's endpoint badge reads (its schema version 1)."""
    message, colour = said(report)
    return json.dumps({"schemaVersion": 1, "label": LABEL, "message": message, "color": colour}) + "\n"


def said(report: RunReport) -> tuple[str, str]:
    """What stands on the badge, and its colour. Nothing of it comes from a target."""
    match ExitCode(report.exit_code):
        case ExitCode.AS_EXPECTED:
            good = report.summary[Verdict.PASS] + report.summary[Verdict.ALLOWED]
            bad = report.summary[Verdict.FAIL]
            return f"{good} verified" + (f", {bad} known" * bool(bad)), "brightgreen" if not bad else "orange"
        case ExitCode.NOT_CONFORMING if report.inactive:
            return "not active", "red"
        case ExitCode.NOT_CONFORMING:
            number = len(fails(report)) + len(surprises(report))
            return f"{number} {'fails' if number == 1 else 'fail'}", "red"
        case ExitCode.HARNESS:
            return "no result", "lightgrey"
        case _:
            return "inconclusive", "lightgrey"


def _width(words: str) -> int:
    return round(len(words) * _PER_LETTER) + 2 * _MARGIN
