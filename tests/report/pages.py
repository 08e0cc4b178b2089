"""HTML reports for tests, read back: elements, attributes and text as a parser without a browser sees them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from harness.report.html import text
from harness.scenario.requirements import load_requirements

from .runs import MIXED, ROOT, mixed_tape, report

VOID = frozenset({"meta", "link", "input", "br", "wbr"})
_OPEN_ENDED = frozenset({"li", "td", "th", "tr", "option"})
"""Elements whose end may be left out."""


@dataclass
class Page(HTMLParser):
    """A page as it is parsed."""

    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    raw: dict[str, list[str]] = field(default_factory=dict)
    """Contents of style and script elements."""
    stack: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        while self.stack and self.stack[-1] != tag and self.stack[-1] in _OPEN_ENDED:
            self.stack.pop()
        assert self.stack, f"</{tag}> closes nothing"
        assert self.stack[-1] == tag, f"</{tag}> closes <{self.stack[-1]}>"
        self.stack.pop()

    def handle_data(self, data: str) -> None:
        if self.stack and self.stack[-1] in ("style", "script"):
            self.raw.setdefault(self.stack[-1], []).append(data)
        else:
            self.words.append(data)

    @property
    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.tags if "id" in attributes]

    @property
    def said(self) -> str:
        """All text of the page, in one line."""
        return " ".join(" ".join(self.words).split())


def parsed(page: str) -> Page:
    """The page, whose elements have to be closed in order."""
    made = Page()
    made.feed(page)
    made.close()
    assert not made.stack, made.stack
    return made


def mixed_page() -> str:
    """The report of a run with every verdict but unsupported."""
    tape = mixed_tape()
    requirements = load_requirements(ROOT / "scenarios" / "requirements.toml")
    return text(report(tape, MIXED), events=tape.events, scenarios=MIXED, requirements=requirements)


def without_looks(page: str) -> str:
    """The page less its style and script, and less the digests in its policy: what it says."""
    page = re.sub(r"<(style|script)>.*?</\1>", r"<\1></\1>", page, flags=re.DOTALL)
    page = re.sub(r"<defs>.*?</defs>", "<defs></defs>", page)
    return re.sub(r"sha256-[A-Za-z0-9+/=]+", "sha256-", page)
