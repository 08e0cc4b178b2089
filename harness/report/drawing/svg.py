"""A scenario's drawing as SVG text."""

from __future__ import annotations

from collections.abc import Sequence

from harness.scenario.models import Scenario

from .canvas import Canvas, said
from .layout import WIDTH, Sheet
from .picture import Panel
from .worlds import pictures

_SIGNS = {
    "secure": '<rect x="3" y="7" width="10" height="7" rx="1.5" fill="currentColor"/>'
    '<path d="M5 7V5a3 3 0 0 1 6 0v2" fill="none" stroke="currentColor" stroke-width="1.8"/>',
    "insecure": '<rect x="3" y="7" width="10" height="7" rx="1.5" fill="none" stroke="currentColor" '
    'stroke-width="1.4"/>'
    '<path d="M5 7V5a3 3 0 0 1 5.8-1" fill="none" stroke="currentColor" stroke-width="1.4"/>',
    "bogus": '<rect x="3" y="7" width="10" height="7" rx="1.5" fill="currentColor"/>'
    '<path d="M5 7V5a3 3 0 0 1 6 0v2" fill="none" stroke="currentColor" stroke-width="1.8"/>'
    '<path class="w-slash" d="M1.5 14.5L14.5 2.5"/>',
    "failed": '<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.6" '
    'stroke-dasharray="3 2"/><path d="M8 4.6v4M8 10.4v1.4" stroke="currentColor" stroke-width="1.8"/>',
    "match": '<path d="M2.5 8.5l3.6 4L13.5 4" fill="none" stroke="currentColor" stroke-width="2.4"/>',
    "nomatch": '<path d="M3.5 3.5l9 9M12.5 3.5l-9 9" fill="none" stroke="currentColor" stroke-width="2.4"/>',
    "fault": '<path d="M9.5 1L3 9h4l-1.5 6L13 7H8.5z" fill="currentColor"/>',
    "cert": '<rect x="2" y="2.5" width="12" height="9" rx="1" fill="none" stroke="currentColor" stroke-width="1.3"/>'
    '<path d="M4.5 5.5h7M4.5 8h4" stroke="currentColor" stroke-width="1.2"/>'
    '<path d="M10 9l2.5 0v5.5l-1.25-1-1.25 1z" fill="currentColor"/>',
    "attacker": '<path d="M1 4.5c4-1.5 10-1.5 14 0 .3 4-1.5 7-4 7-1.6 0-2-1.7-3-1.7s-1.400 1.7-3 1.7'
    'c-2.5 0-4.3-3-4-7z" fill="currentColor"/><path class="w-eyes" d="M3.5 6.600h3.3v1.6H3.5z'
    'M9.200 6.600h3.3v1.6H9.200z"/>',
}

SYMBOLS = "".join(f'<symbol id="w-{name}" viewBox="0 0 16 16">{shape}</symbol>' for name, shape in _SIGNS.items())
"""The signs that drawings refer to. A page with several drawings needs them once."""

STYLE = """
.w{--wi:#1c2733;--wq:#5b6875;--wg:#0b6e4f;--ww:#8a5200;--wb:#b3261e;--wa:#b00020;--wc:#fff;--wl:#8b98a5;
--wz:#0b6e4f12;--wy:#5b68750d;--wx:#b3261e10;--wv:#8a520012;
font:12px/1.3 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;color:var(--wi)}
.w text{fill:currentColor}
.w .w-s{font-size:10.5px}
.w .w-lab{paint-order:stroke;stroke:var(--wc);stroke-width:3px;stroke-linejoin:round}
.w .w-b{font-weight:650}.w .w-caption{font-weight:650;font-size:13px}
.w .w-r{font:11.5px ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
.w .w-n{font-size:10.3px}.w .w-s.w-n{font-size:9px}.w .w-r.w-n{font-size:9.9px}
.w .quiet{color:var(--wq)}.w .good{color:var(--wg)}.w .warn{color:var(--ww)}.w .bad{color:var(--wb)}
.w .attack{color:var(--wa)}
.w .w-card{fill:var(--wc);stroke:var(--wl);stroke-width:1}.w .w-card.attack{stroke:var(--wa);stroke-width:2}
.w .w-zone{fill:var(--wy);stroke:var(--wq);stroke-width:1;stroke-dasharray:4 3}
.w .w-zone.secure{fill:var(--wz);stroke:var(--wg);stroke-dasharray:none}
.w .w-zone.bogus{fill:var(--wx);stroke:var(--wb);stroke-dasharray:8 3}
.w .w-zone.failed{fill:var(--wv);stroke:var(--ww);stroke-dasharray:2 3}
.w .w-lead,.w .w-wire{fill:none;stroke:var(--wq);stroke-width:1.4}
.w .w-wire.warn{stroke:var(--ww);stroke-dasharray:5 3}.w .w-wire.attack{stroke:var(--wa);stroke-width:2}
.w .w-mask{fill:var(--wc);stroke:var(--wa);stroke-width:1.5}
.w-slash{stroke:var(--wc);stroke-width:2.2}.w-eyes{fill:var(--wc)}
"""
"""How drawings look by day."""

NIGHT = """
.w{--wi:#e4e9ee;--wq:#9fadba;--wg:#5fd0a5;--ww:#f0b35a;--wb:#ff8a80;--wa:#ff7a8a;--wc:#1a222b;--wl:#51606e;
--wz:#5fd0a514;--wy:#9fadba12;--wx:#ff8a8016;--wv:#f0b35a14}
"""
"""What is different by night."""

_GROUND = "svg.w{{background:{};border-radius:8px}}"
"""A drawing alone brings its own ground: the page around it may be bright at night."""


def drawing(scenario: Scenario, *, alone: bool = True) -> str:
    """The world of a scenario as an SVG element.

    `alone`: with the style and the symbols it needs, as a file or in a page that has none; otherwise the page provides
    `STYLE` and `SYMBOLS`. Raises ScenarioError and ValueError where no world can be made of the scenario.
    """
    return drawn(pictures(scenario), title=scenario.title, alone=alone)


def drawn(panels: Sequence[Panel], *, title: str, alone: bool = True) -> str:
    """The panels one below the other, as an SVG element."""
    sheet = Sheet(Canvas())
    for panel in panels:
        sheet.put(panel)
    height = sheet.canvas.height + 4
    told = " | ".join(filter(None, (f"{panel.caption}: {panel.told}".lstrip(": ") for panel in panels)))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="w" role="img" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}"><title>{said(title)}</title><desc>{said(told)}</desc>'
    )
    night = f"@media (prefers-color-scheme:dark){{{NIGHT.strip()}{_GROUND.format('#12181e')}}}"
    extra = f"<style>{STYLE.strip()}{_GROUND.format('#f7f6f3')}{night}</style>{SYMBOLS}" if alone else ""
    return f"{head}{extra}{''.join(sheet.canvas.shapes)}</svg>"
