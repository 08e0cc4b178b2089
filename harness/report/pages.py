"""The scenarios as pages of Markdown, one for each group, for whoever reads rather than runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from harness.scenario.docs import member_docs
from harness.scenario.load import Entry
from harness.scenario.models import Choice, Expect, Importance, Mode, Scenario
from harness.scenario.outcomes import Code
from harness.scenario.requirements import Requirement

_SIGNS = {**{sign: f"\\{sign}" for sign in "\\`*_[]#"}, **{sign: f"&#{ord(sign)};" for sign in "<>|&"}}
"""Signs that mean something to Markdown, and how they are written where they mean themselves."""

Draw = Callable[[Scenario], str]
"""A scenario's world as an SVG element."""


def scenario_pages(
    entries: Iterable[Entry], requirements: Mapping[str, Requirement], *, draw: Draw | None = None
) -> dict[str, str]:
    """Markdown by path below `scenarios/`: one page for each group, and `index.md`, which leads to them."""
    groups: dict[str, list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: (entry.group, entry.id)):
        groups.setdefault(entry.group, []).append(entry)
    place = {entry.id: entry.group for entries in groups.values() for entry in entries}
    pages = {
        f"{group}.md": "\n".join(_page(group, found, requirements, place, draw)) for group, found in groups.items()
    }
    return {"index.md": "\n".join(_index(groups)), **pages}


def _index(groups: Mapping[str, list[Entry]]) -> Iterator[str]:
    yield "# Scenarios"
    yield ""
    count = sum(map(len, groups.values()))
    yield f"{count} scenarios in {len(groups)} groups. `danelab show ID` tells one in a terminal."
    yield ""
    yield "| group | scenarios | critical |"
    yield "|---|---:|---:|"
    for group, found in groups.items():
        critical = sum(entry.scenario.importance is Importance.CRITICAL for entry in found)
        yield f"| [{group}]({group}.md) | {len(found)} | {critical} |"
    yield ""


def _page(
    group: str,
    entries: list[Entry],
    requirements: Mapping[str, Requirement],
    place: Mapping[str, str],
    draw: Draw | None,
) -> Iterator[str]:
    yield f"# {group}"
    yield ""
    for entry in entries:
        yield from _scenario(entry, requirements, place, draw)


def _scenario(
    entry: Entry, requirements: Mapping[str, Requirement], place: Mapping[str, str], draw: Draw | None
) -> Iterator[str]:
    scenario = entry.scenario
    yield f"## {entry.id}"
    yield ""
    yield f"**{_plain(scenario.title)}**"
    yield ""
    yield _plain(scenario.explain.strip())
    yield ""
    if draw is not None:
        # In one line: a blank one would end the element for Markdown.
        yield (
            '<div class="world" tabindex="0" role="region" aria-label="The world">'
            + " ".join(draw(scenario).split())
            + "</div>"
        )
        yield ""
    yield from _expected(scenario.expect)
    if scenario.expect.choice:
        yield f"Choice: `{scenario.expect.choice}`. {_plain(member_docs(Choice)[scenario.expect.choice])}"
        yield ""
    if scenario.reading:
        yield f"How the documents are read: {_plain(scenario.reading.strip())}"
        yield ""
    if scenario.twin:
        yield f"Twin, which has to be delivered: {_link(scenario.twin, place)}. Importance: {scenario.importance}."
    else:
        yield f"Importance: {scenario.importance}."
    yield ""
    for name in scenario.covers:
        rule = requirements[name]
        yield f"- `{rule.id}` RFC {rule.rfc} section {rule.section}, {rule.level}: {_plain(rule.summary)}"
    yield ""
    yield "```toml"
    yield entry.source.text.strip().replace("```", "'''")
    yield "```"
    yield ""


def _expected(expect: Expect) -> Iterator[str]:
    docs = member_docs(Code)
    yield "| mode | may |"
    yield "|---|---|"
    for mode in Mode:
        outcomes = getattr(expect, mode.value).outcomes
        told = "; or ".join(f"`{outcome}` {_clause(docs[outcome.code])}" for outcome in outcomes)
        yield f"| {mode} | {told} |"
    yield ""


def _clause(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")


def _link(key: str, place: Mapping[str, str]) -> str:
    return f"[{key}]({place[key]}.md#{key})" if key in place else f"`{key}`"


def _plain(text: str) -> str:
    """Text that Markdown takes for text."""
    return "".join(_SIGNS.get(sign, sign) for sign in text)
